// What a call takes in energy, over all that a side does in its turns: its calls, and between them the clock and the canary.
import type { EnergyCounter } from './powercap.ts';

export interface EnergySource {
  readonly counter: EnergyCounter;
  /** What the packages take without the kernel, W. */
  readonly idleW: number;
}

export interface TurnEnergy {
  /** Called as a side's turn begins; what it gives is told how many calls the turn had, as it ends. */
  beginTurn(side: number): (calls: number) => void;
  /** Of one call, J, idle power subtracted; undefined where nothing can be told. */
  perCall(side: number): number | undefined;
}

export function turnEnergy({ counter, idleW }: EnergySource, now: () => number): TurnEnergy {
  const spent = new Map<number, { joules: number; calls: number }>();
  return {
    beginTurn(side) {
      const [startMs, before] = [now(), counter.readJoules()];
      return (calls) => {
        const joules = counter.readJoules() - before - (idleW * (now() - startMs)) / 1000;
        const sofar = spent.get(side) ?? { joules: 0, calls: 0 };
        spent.set(side, { joules: sofar.joules + joules, calls: sofar.calls + calls });
      };
    },
    perCall(side) {
      const { joules, calls } = spent.get(side) ?? { joules: 0, calls: 0 };
      const perCall = joules / calls;
      // Less than idle: too little work for the counter's steps, or a machine that had more to do before.
      return perCall > 0 ? perCall : undefined;
    },
  };
}
