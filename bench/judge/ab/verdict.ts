// From log(head / base) of each process to verdicts over all cases of a comparison: exact one-sided signed-rank tests in
// both directions, Holm over all of them, and a least effect below which a difference is of no interest.

import { holmAdjust } from '../../statistics/holm.ts';
import type { Interval } from '../../statistics/interval.ts';
import { pseudoMedian, signedRankTest, smallestSignedRankP } from '../../statistics/signed-rank.ts';

export type Verdict = 'faster' | 'slower' | 'same' | 'inconclusive';

/** Chance that a comparison of equal versions flags anything at all. */
export const ALPHA = 0.01;
/** Both directions of each case are tests of the family. */
const DIRECTIONS = 2;
/** Beyond what a unanimous family needs, so that a few processes of the smallest differences may disagree. */
const SPARE_PROCESSES = 2;

export interface Evidence {
  /** log(head time / base time), one a process. */
  readonly logRatios: readonly number[];
  /** Least change of interest: 0.02 is 2 %. */
  readonly minimum: number;
}

export interface Judgement {
  readonly verdict: Verdict;
  /** Change of head's time: 0.03 is 3 % slower. Hodges–Lehmann, with its 95 % interval. */
  readonly change: number;
  readonly interval: Interval | undefined;
  /** Of the direction it points to, Holm-adjusted over the family. */
  readonly p: number;
  /** The smallest slowdown that processes scattered like these would have shown; undefined where none would. */
  readonly smallestEffect: number | undefined;
}

/** Processes a case needs so that its test can pass in a family of so many cases; at least those asked for. */
export function processesFor(cases: number, asked: number): number {
  const unanimous = Math.ceil(Math.log2((DIRECTIONS * cases) / ALPHA));
  return Math.max(asked, unanimous + SPARE_PROCESSES);
}

/** One judgement a case, all cases together being the family. */
export function judge(family: readonly Evidence[], familySize = family.length): Judgement[] {
  const ps = family.flatMap(({ logRatios }) => [
    signedRankTest(logRatios, 'greater').p,
    signedRankTest(logRatios, 'less').p,
  ]);
  // Cases that could not be judged count all the same: the family is what was asked.
  const unjudged = new Array<number>(DIRECTIONS * (familySize - family.length)).fill(1);
  const adjusted = holmAdjust([...ps, ...unjudged]);
  return family.map((evidence, i) => {
    return judgeOne(evidence, adjusted[2 * i], adjusted[2 * i + 1], ALPHA / (DIRECTIONS * familySize));
  });
}

function judgeOne({ logRatios, minimum }: Evidence, slower: number, faster: number, threshold: number): Judgement {
  const { estimate, interval } = pseudoMedian(logRatios);
  const least = Math.log1p(minimum);
  const common = {
    change: Math.expm1(estimate),
    interval: interval && { low: Math.expm1(interval.low), high: Math.expm1(interval.high) },
    p: estimate > 0 ? slower : faster,
    smallestEffect: smallestEffect(logRatios, minimum, threshold),
  };
  if (slower <= ALPHA && estimate >= least) return { verdict: 'slower', ...common };
  if (faster <= ALPHA && estimate <= -least) return { verdict: 'faster', ...common };
  const isWithin = interval !== undefined && interval.low > -least && interval.high < least;
  return { verdict: isWithin ? 'same' : 'inconclusive', ...common };
}

const BISECTIONS = 30;

/** The scatter around the centre is kept and the centre moved until the test passes at the family's first threshold. */
function smallestEffect(logRatios: readonly number[], minimum: number, threshold: number): number | undefined {
  if (smallestSignedRankP(logRatios.length, 'greater') > threshold) return undefined;
  const { estimate } = pseudoMedian(logRatios);
  const scatter = logRatios.map((value) => value - estimate);
  const passes = (shift: number) =>
    signedRankTest(
      scatter.map((value) => value + shift),
      'greater',
    ).p <= threshold;
  let low = Math.log1p(minimum);
  if (passes(low)) return minimum;
  let high = Math.max(low, ...scatter.map(Math.abs)) * 2;
  for (let step = 0; step < BISECTIONS; step++) {
    const middle = (low + high) / 2;
    if (passes(middle)) high = middle;
    else low = middle;
  }
  return Math.expm1(high);
}

/** The largest difference that equal code may have by the evidence of its own processes: an end of its interval. */
export function spreadOfEqualCode(logRatios: readonly number[]): number {
  const { estimate, interval = { low: estimate, high: estimate } } = pseudoMedian(logRatios);
  return Math.expm1(Math.max(Math.abs(interval.low), Math.abs(interval.high)));
}
