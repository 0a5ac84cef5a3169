// How far a case lies from one process to the next for no reason: V8 optimised otherwise, memory fell elsewhere, a
// neighbour was there. Cases differ in it a hundredfold, and a run has two to five processes of each. So it is told by
// three things together: by the case's own processes; by how far its rounds within them scatter, which goes along with it;
// and by how the one goes with the other for cases like it.
import type { ResultRow } from '../results/columns.ts';
import { fitVariancePrior, moderate, type Variance } from '../statistics/moderated-variance.ts';
import { quantile } from '../statistics/quantile.ts';
import { studentQuantile } from '../statistics/student.ts';

/** One case in both runs. */
export interface PairedRows {
  readonly base: ResultRow;
  readonly head: ResultRow;
}

/** log(head's speed-up / base's), and how well it is known. */
export interface Estimate {
  readonly log: number;
  /** Standard error, between processes included. */
  readonly error: number;
  readonly degrees: number;
}

/** Where no case tells, over the rounds' error: between 0.3 and 3 for most kernels. */
const UNKNOWN: Variance = { variance: 4 ** 2, degrees: 5 };
/** Processes don't agree to less than this but by luck. */
const LEAST_VARIANCE = 0.004 ** 2;
/** Rounds that agree to the last digit say nothing of processes. */
const LEAST_ROUNDS_ERROR = 0.001;
/** Of rows without an interval. */
const USUAL_ROUNDS_ERROR = 0.01;

/** In the order given. */
export function estimateShifts(pairs: readonly PairedRows[]): Estimate[] {
  const unitOf = roundsErrors(pairs);
  const priorOf = fitVariancePrior(
    pairs.map((pair) => ({ ...scaled(observedVariance(pair), unitOf(pair) ** -2), groups: groupsOf(pair.head) })),
    UNKNOWN,
  );
  const estimates = pairs.map((pair) => {
    const prior = scaled(priorOf(groupsOf(pair.head)), unitOf(pair) ** 2);
    const { variance, degrees } = moderate(ownVariance(pair), prior);
    const error = Math.sqrt(Math.max(LEAST_VARIANCE, variance) * varianceShare(pair));
    return { log: logShift(pair), error, degrees };
  });
  return widenWhereAllScatter(pairs, estimates);
}

function scaled({ variance, degrees }: Variance, factor: number): Variance {
  return { variance: variance * factor, degrees };
}

/** Decode and prefill are two kinds of kernel, and short calls are more easily disturbed. The narrowest group first. */
function groupsOf({ backend, M = 1 }: ResultRow): string[] {
  return [`${backend} ${M > 1 ? 'M > 1' : 'M = 1'}`, `${backend}`, 'all'];
}

/** Standard errors to either end of a 95 % interval. */
const Z95 = 1.96;

/** Mean range of so many normal values over their mean sample deviation, from two on (d2 / c4 of control charts). */
const RANGE_OF_DEVIATION = [Math.SQRT2, 1.91, 2.235, 2.474];
const RANGE_OF_MANY = 3;
/** Of the interval's width, where the processes by themselves seem to make up all of it. */
const LEAST_SHARE = 0.1;

/**
 * Standard error of a process's log speed-up by its rounds alone, as far as a row tells: its interval reaches from the
 * lower end of the lowest process to the upper end of the highest, so what processes lie apart is taken off. Otherwise
 * processes that agree by luck would look sure twice over.
 */
function roundsErrorOf(row: ResultRow): number | undefined {
  const { speedup_ci95_low: low, speedup_ci95_high: high, processes = 1, speedup_sd_between: deviation = 0 } = row;
  if (!low || !high) return undefined;
  const width = Math.log(high / low);
  const apart = (RANGE_OF_DEVIATION[processes - 2] ?? RANGE_OF_MANY) * deviation;
  return Math.max(width - apart, LEAST_SHARE * width) / (2 * Z95);
}

/** Of both rows of a pair together. */
function roundsErrors(pairs: readonly PairedRows[]): (pair: PairedRows) => number {
  const known = pairs.flatMap(({ base, head }) => [base, head].flatMap((row) => roundsErrorOf(row) ?? []));
  const usual = known.length > 0 ? quantile(known, 0.5) : USUAL_ROUNDS_ERROR;
  return ({ base, head }) => {
    const [a, b] = [base, head].map((row) => roundsErrorOf(row) ?? usual);
    return Math.max(LEAST_ROUNDS_ERROR, Math.hypot(a, b) / Math.SQRT2);
  };
}

function logShift({ base, head }: PairedRows): number {
  return Math.log(head.speedup ?? 1) - Math.log(base.speedup ?? 1);
}

/** Both runs' processes together, each run around its own mean. */
function ownVariance({ base, head }: PairedRows): Variance {
  const sides = [base, head].map(({ processes = 1, speedup_sd_between: deviation }) => {
    return deviation === undefined
      ? { degrees: 0, squares: 0 }
      : { degrees: processes - 1, squares: (processes - 1) * deviation ** 2 };
  });
  const degrees = sides.reduce((sum, side) => sum + side.degrees, 0);
  const squares = sides.reduce((sum, side) => sum + side.squares, 0);
  return { variance: degrees > 0 ? squares / degrees : 0, degrees };
}

/** Of runs of one process each, the shift itself tells something: most cases have not changed between two runs. */
function observedVariance(pair: PairedRows): Variance {
  const own = ownVariance(pair);
  return own.degrees > 0 ? own : { variance: logShift(pair) ** 2 / varianceShare(pair), degrees: 1 };
}

/** Variance of the median of so many normal values over that of their mean, from one on (Kenney & Keeping 1962, § 14.12). */
const MEDIAN_VARIANCE = [1, 1, 1.35, 1.19, 1.43, 1.29];
const MEDIAN_VARIANCE_OF_MANY = Math.PI / 2;

/** A run's speed-up is the median over its processes. */
function varianceShare({ base, head }: PairedRows): number {
  const shares = [base, head].map(({ processes = 1 }) => {
    return (MEDIAN_VARIANCE[processes - 1] ?? MEDIAN_VARIANCE_OF_MANY) / processes;
  });
  return shares[0] + shares[1];
}

/** Fewer cases say little of what is usual. */
const MIN_USUAL = 8;

/**
 * The cases of one backend may lie further apart between two runs than their processes within each: whole runs differ
 * too. Then all of its errors grow until half of its cases lie within what half should (the empirical null of Efron
 * 2004, JASA 99, 96–104), around their common shift, which is left to be seen.
 */
function widenWhereAllScatter(pairs: readonly PairedRows[], estimates: readonly Estimate[]): Estimate[] {
  const backends = Map.groupBy(estimates.keys(), (i) => pairs[i].head.backend);
  const factors = new Map(
    [...backends].map(([backend, cases]) => [backend, scatterOf(cases.map((i) => estimates[i]))]),
  );
  return estimates.map((estimate, i) => {
    return { ...estimate, error: estimate.error * (factors.get(pairs[i].head.backend) ?? 1) };
  });
}

function scatterOf(estimates: readonly Estimate[]): number {
  if (estimates.length < MIN_USUAL) return 1;
  const middle = quantile(
    estimates.map(({ log }) => log),
    0.5,
  );
  const usual = estimates.map(
    ({ log, error, degrees }) => Math.abs(log - middle) / error / studentQuantile(0.5, degrees),
  );
  return Math.max(1, quantile(usual, 0.5));
}
