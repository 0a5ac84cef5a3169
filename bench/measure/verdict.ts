// Is the speed-up known well enough to be of use, and if not, why not?
import type { CoreReport, Ratio, Status } from '../contract/case-result.ts';

/** Wider than this, the interval of the paired ratio (high / low) says nothing a reader could use. */
const NOISY_RATIO = 1.5;
/** From this share on it is likely that preemption made the noise. */
const OFTEN = 0.1;

/** What may have kept a speed-up from being known. */
export interface Disturbances {
  /** Time of one call of each side. */
  readonly callNs: readonly number[];
  /** Of all samples. */
  readonly preemptedShare?: number;
  readonly core?: CoreReport;
}

export function verdict({ ci95 }: Ratio, disturbances: Disturbances): { status: Status; reason?: string } {
  if (ci95 === undefined) {
    const slowest = (Math.max(...disturbances.callNs) / 1e9).toPrecision(2);
    return {
      status: 'noisy',
      reason: `too slow for the six rounds that an interval needs: a call takes ${slowest} s`,
    };
  }
  if (ci95.high / ci95.low <= NOISY_RATIO) return { status: 'ok' };
  const between = `the speed-up lies between ${ci95.low.toPrecision(2)} and ${ci95.high.toPrecision(2)}`;
  return { status: 'noisy', reason: [between, ...causesOf(disturbances)].join('; ') };
}

function causesOf({ preemptedShare = 0, core }: Disturbances): string[] {
  const causes: string[] = [];
  if (preemptedShare >= OFTEN) causes.push(`${Math.round(preemptedShare * 100)} % of the samples were preempted`);
  if (core?.state === 'shared') causes.push('the core was shared');
  if (core?.state === 'mixed') causes.push('the core was shared most of the time');
  return causes;
}
