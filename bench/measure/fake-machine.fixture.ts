// A machine whose time only passes when something runs on it, so that samples are known to the nanosecond.
import type { Instruments } from './instruments.ts';
import type { Timed } from './warm-up.ts';

export interface FakeMachine {
  readonly instruments: Instruments;
  /** Names of the kernels in the order of their calls. */
  readonly calls: string[];
  nowMs(): number;
  /** A kernel that takes as many ms as `callMs` says for its call number (from 0) and the time; it may preempt itself. */
  kernel(name: string, callMs: (call: number, nowMs: number) => number): Timed;
  /** Takes the processor away for so long; the time passes for whatever runs. */
  preempt(ms: number): void;
}

interface Traits {
  /** What the canary reads at a time, in cycles of one ns; no canary where missing. */
  readonly canaryCycles?: (nowMs: number) => number;
  /** Length of a cycle at a time, ns; 1 where missing. */
  readonly cycleNs?: (nowMs: number) => number;
}

export function fakeMachine({ canaryCycles, cycleNs = () => 1 }: Traits = {}): FakeMachine {
  let now = 1000;
  let preemptions = 0;
  const calls: string[] = [];
  const canary = canaryCycles && {
    loadsNs: () => canaryCycles(now) * cycleNs(now),
    cycleNs: () => cycleNs(now),
  };
  return {
    instruments: { now: () => now, timerResolutionNs: 1, preemptions: () => preemptions, canary },
    calls,
    nowMs: () => now,
    kernel(name, callMs) {
      let call = 0;
      return {
        run() {
          calls.push(name);
          const ms = callMs(call++, now);
          now += ms;
        },
      };
    },
    preempt(ms) {
      preemptions++;
      now += ms;
    },
  };
}
