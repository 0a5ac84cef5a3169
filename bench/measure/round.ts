// One short round: each side has its turn of samples, and beside every sample the canary says what the core was like.
import { Bench } from 'tinybench';
import type { Instruments } from './instruments.ts';
import type { Warm } from './warm-up.ts';

export interface Side extends Warm {
  /** Calls timed together as one sample. */
  readonly batch: number;
}

export interface Sample {
  /** Of one call. */
  readonly ns: number;
  readonly preempted: boolean;
  /** What the canary's loads took, before or after the sample, whichever is longer; missing without a canary. */
  readonly canaryCycles?: number;
}

/** Samples of each side, in the order of the sides. */
export type Round = readonly (readonly Sample[])[];

interface Reading {
  readonly ns: number;
  readonly preempted: boolean;
  readonly loadsNs?: number;
}

/** The sides take their turns in the given order. */
export async function timeRound(
  sides: readonly Side[],
  order: readonly number[],
  turnMs: number,
  instruments: Instruments,
): Promise<Round> {
  const turns: Reading[][] = sides.map(() => []);
  const cycles: number[] = [];
  const timeCycle = () => instruments.canary && cycles.push(instruments.canary.cycleNs());
  for (const side of order) {
    timeCycle();
    const endTurn = instruments.beginTurn?.(side);
    await takeTurn(sides[side], turnMs, instruments, turns[side]);
    endTurn?.(turns[side].length * sides[side].batch);
  }
  timeCycle();
  // Whatever interrupts the chain of multiplications makes it longer, never shorter.
  const cycleNs = Math.min(...cycles);
  return turns.map((turn) =>
    turn.map(({ loadsNs, ...sample }) => ({ ...sample, ...(loadsNs && { canaryCycles: loadsNs / cycleNs }) })),
  );
}

/** tinybench drives the turn; each sample is a mean over the side's batch. */
async function takeTurn(side: Side, turnMs: number, instruments: Instruments, readings: Reading[]): Promise<void> {
  const { now, preemptions = () => 0, canary } = instruments;
  const { batch } = side;
  const bench = new Bench({ warmup: false, time: turnMs, iterations: 1, throws: true, now });
  let loadsBefore = canary?.loadsNs();
  const record = (elapsedMs: number, preemptionsBefore: number) => {
    const preempted = preemptions() > preemptionsBefore;
    const loadsAfter = canary?.loadsNs();
    const loadsNs = loadsBefore && loadsAfter && Math.max(loadsBefore, loadsAfter);
    readings.push({ ns: (elapsedMs * 1e6) / batch, preempted, loadsNs });
    loadsBefore = loadsAfter;
    return { overriddenDuration: elapsedMs / batch, overriddenIterationCost: elapsedMs };
  };
  const sampleSync = () => {
    const before = preemptions();
    const start = now();
    for (let i = 0; i < batch; i++) side.run();
    return record(now() - start, before);
  };
  const sampleAsync = async () => {
    const before = preemptions();
    const start = now();
    for (let i = 0; i < batch; i++) await side.run();
    return record(now() - start, before);
  };
  // Left to itself tinybench would try the function once to see whether it is asynchronous, without waiting for it.
  bench.add('kernel', side.isAsync ? sampleAsync : sampleSync, { async: side.isAsync });
  if (side.isAsync) await bench.run();
  else bench.runSync();
}
