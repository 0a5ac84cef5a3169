// How far a case lies from one process to the next for no reason: V8 optimised otherwise, memory fell elsewhere, a
// neighbour was there. Rounds within a process know nothing of it, and cases differ in it tenfold, so each has its own,
// steadied by those of its technique and backend.
import type { ResultRow } from '../results/columns.ts';
import { fitVariancePrior, type GroupedVariance, moderate, type Variance } from '../statistics/moderated-variance.ts';
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

/**
 * Where no case tells: of log speed-ups between processes. Measured on a shared two-core machine it is 0.01 to 0.06 for
 * most kernels and up to 0.16 for sparse ones.
 */
const UNKNOWN: Variance = { variance: 0.1 ** 2, degrees: 5 };
/** Processes don't agree to less than this but by luck. */
const LEAST_VARIANCE = 0.003 ** 2;

/** In the order given. */
export function estimateShifts(pairs: readonly PairedRows[]): Estimate[] {
  const priorOf = fitVariancePrior(pairs.map(observedVariance), UNKNOWN);
  const estimates = pairs.map((pair) => {
    const own = ownVariance(pair);
    const { variance: steadied, degrees } = moderate(own, priorOf(groupsOf(pair.head)));
    const variance = Math.max(LEAST_VARIANCE, steadied);
    return { log: logShift(pair), error: Math.sqrt(variance * varianceShare(pair) + withinError(pair)), degrees };
  });
  return widenWhereAllScatter(pairs, estimates);
}

/** The narrowest first. */
export function groupsOf({ technique, backend }: ResultRow): string[] {
  return [`${technique} ${backend}`, `${backend}`, 'all'];
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
function observedVariance(pair: PairedRows): GroupedVariance {
  const own = ownVariance(pair);
  const groups = groupsOf(pair.head);
  if (own.degrees > 0) return { ...own, groups };
  return { variance: logShift(pair) ** 2 / varianceShare(pair), degrees: 1, groups };
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

/** Standard errors to either end of a 95 % interval. */
const Z95 = 1.96;

/** Squared, of the rounds of a run's only process; where there are several, their spread holds it already. */
function withinError({ base, head }: PairedRows): number {
  const errors = [base, head].map(({ processes = 1, speedup_ci95_low: low, speedup_ci95_high: high }) => {
    return processes > 1 || !low || !high ? 0 : (Math.log(high / low) / (2 * Z95)) ** 2;
  });
  return errors[0] + errors[1];
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
