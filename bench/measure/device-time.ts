// What candidate and baseline take on the device's own clock, in turn: the computing alone, without the host's encoding,
// submission and wait, which `p20_ns` includes because a user waits for them too.
import type { DeviceTime } from '../contract/case-result.ts';
import type { Op } from '../contract/problem.ts';
import type { PreparedKernel } from '../contract/technique.ts';
import { quantile } from '../statistics/quantile.ts';

/** A span of so many steps of the clock is known to 1 %. */
const MIN_QUANTA = 100;
/** Clocks tick at 1 to 100 ns, which rounding to whole ns hides: a span this long is known to 1 % even so. */
const MIN_SPAN_NS = 10_000;
/** Commands a driver surely takes in one submission. */
const MAX_CALLS = 1000;
const MIN_ROUNDS = 3;
const MAX_ROUNDS = 15;

/** Undefined where the device has no clock. */
export async function measureOnDevice(
  candidate: PreparedKernel<Op>,
  baseline: PreparedKernel<Op>,
  budgetMs: number,
): Promise<DeviceTime | undefined> {
  if (candidate.deviceSpan === undefined || baseline.deviceSpan === undefined) return undefined;
  const stamps: bigint[] = [];
  const sides = [candidate, baseline].map((kernel) => async (calls: number) => {
    const { begin, end } = await kernel.deviceSpan!(calls);
    stamps.push(begin, end);
    return Number(end - begin);
  });
  const calls = [await callsFor(sides[0], stamps), await callsFor(sides[1], stamps)];
  const rounds: number[][] = [];
  const deadline = performance.now() + budgetMs;
  while (rounds.length < MIN_ROUNDS || (performance.now() < deadline && rounds.length < MAX_ROUNDS)) {
    const round: number[] = [];
    for (const side of rounds.length % 2 === 0 ? [0, 1] : [1, 0])
      round[side] = (await sides[side](calls[side])) / calls[side];
    rounds.push(round);
  }
  const ours = rounds.map(([ns]) => ns);
  // Spans below one step of the clock tell nothing.
  if (ours.some((ns) => ns <= 0)) return undefined;
  const ratios = rounds.map(([ns, baselineNs]) => baselineNs / ns);
  return { ns: quantile(ours, 0.2), speedup: quantile(ratios, 0.5), quantumNs: Number(commonStep(stamps)) };
}

/** Calls timed together, so that the clock's step stays under 1 % of their span. */
async function callsFor(spanNs: (calls: number) => Promise<number>, stamps: readonly bigint[]): Promise<number> {
  for (let calls = 1; ; ) {
    const ns = await spanNs(calls);
    const enoughNs = Math.max(MIN_SPAN_NS, MIN_QUANTA * Number(commonStep(stamps)));
    if (ns >= enoughNs || calls === MAX_CALLS) return calls;
    calls = Math.min(MAX_CALLS, Math.max(2 * calls, Math.ceil((calls * enoughNs) / Math.max(ns, 1))));
  }
}

/** The largest step all timestamps are multiples of. */
export function commonStep(stamps: readonly bigint[]): bigint {
  return stamps.reduce((a, b) => {
    while (b !== 0n) [a, b] = [b, a % b];
    return a;
  }, 0n);
}
