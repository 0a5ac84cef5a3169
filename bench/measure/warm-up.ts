// Runs a kernel until it is as fast as it gets, and finds out what a call costs, which decides how rounds are filled.
import { quantile } from '../statistics/quantile.ts';
import type { Instruments } from './instruments.ts';

/** One side of a comparison; `run` is finished when it returns or its promise resolves. */
export interface Timed {
  run(): void | Promise<void>;
}

/** A side that is warm. */
export interface Warm extends Timed {
  readonly callMs: number;
  readonly isAsync: boolean;
}

/** Calls whose median says what a call costs: a single one may have been preempted. */
const RECENT_CALLS = 5;
/** A call faster than this, in ms, is below what the clock tells apart. */
const MIN_CALL_MS = 1e-4;
/** After a call longer than this another one would only cost time. */
export const SLOW_CALL_MS = 1500;

/** Runs for the given time, at least twice unless a call is very slow. */
export async function warmUp(side: Timed, warmupMs: number, { now }: Instruments): Promise<Warm> {
  const end = now() + warmupMs;
  const recentMs: number[] = [];
  let isAsync = false;
  for (let calls = 0; calls < 2 || now() < end; calls++) {
    const start = now();
    const pending = side.run();
    isAsync = pending instanceof Promise;
    if (isAsync) await pending;
    recentMs.push(now() - start);
    if (recentMs.length > RECENT_CALLS) recentMs.shift();
    if (recentMs[0] > SLOW_CALL_MS) break;
  }
  return { run: () => side.run(), callMs: Math.max(quantile(recentMs, 0.5), MIN_CALL_MS), isAsync };
}
