// Cases of a suite held against the controls that it names for them: which is better, or whether chance alone may tell them apart.
import { matchesFilter } from '../contract/case-filter.ts';
import type { Compared, Comparison, Suite } from '../contract/suite.ts';
import type { ResultRow } from '../results/columns.ts';
import { isFailure } from '../results/failure.ts';
import type { Interval } from '../statistics/interval.ts';
import { type Estimate, quotientInterval } from '../statistics/quotient-interval.ts';
import { studentQuantile } from '../statistics/student.ts';

/** `one seed` where two trained models are compared of which nobody knows how far chance carries either. */
export type RoadVerdict = 'better' | 'worse' | 'within noise' | 'one seed' | 'not measured';

export interface RoadSide {
  readonly is: string;
  readonly row: ResultRow | undefined;
  /** Mean over the seeds where there are several; of the reference's, where that is scored on the same text. */
  readonly perplexityRatio?: number;
  /** Trained models that the mean is of. */
  readonly seeds: number;
}

export interface Road {
  readonly comparison: Comparison;
  readonly backend: string;
  readonly cases: RoadSide;
  readonly control: RoadSide;
  /** Above 1 where the cases are better: times as fast, or the control's perplexity over theirs. */
  readonly factor?: Estimate;
  readonly verdict: RoadVerdict;
}

/** Held-out losses of a recipe's trained models, one for each seed, in nats per token; the first is of the weights that are shipped. */
export type LossesOf = (recipe: string) => readonly number[];

export function roadsOf(
  rows: readonly ResultRow[],
  { comparisons = [], reference }: Pick<Suite, 'comparisons' | 'reference'>,
  lossesOf: LossesOf,
): Road[] {
  return comparisons.flatMap((comparison) => {
    const sides = [comparison.cases, comparison.control].map(({ filter }) => find(rows, filter));
    const backends = new Set(sides.flat().map(({ backend = '' }) => backend));
    return [...backends].map((backend): Road => {
      const [of, against] = sides.map((found) => found.find((row) => row.backend === backend));
      const references = reference === undefined || comparison.hasOwnText ? [] : find(rows, reference);
      const base = references.find((row) => row.backend === backend)?.ppl;
      const side = (compared: Compared, row: ResultRow | undefined) => sideOf(compared, row, base, lossesOf);
      const judged = isMeasured(of) && isMeasured(against) ? judge(comparison, of, against, lossesOf) : undefined;
      return {
        comparison,
        backend,
        cases: side(comparison.cases, of),
        control: side(comparison.control, against),
        ...(judged ?? { verdict: 'not measured' }),
      };
    });
  });
}

function find(rows: readonly ResultRow[], filter: string): ResultRow[] {
  return rows.filter((row) => matchesFilter(row.case_id ?? '', filter));
}

/** What failed has figures too, which say nothing. */
function isMeasured(row: ResultRow | undefined): row is ResultRow {
  return row !== undefined && !isFailure(row);
}

/** Undefined where a figure or its interval is missing. */
function judge(
  { by, cases, control }: Comparison,
  of: ResultRow,
  against: ResultRow,
  lossesOf: LossesOf,
): Pick<Road, 'factor' | 'verdict'> | undefined {
  if (by === 'speed') return verdictOf(speedFactor(of, against));
  const [own, other] = [logPerplexity(cases, of, lossesOf), logPerplexity(control, against, lossesOf)];
  if (own === undefined || other === undefined) return undefined;
  return verdictOf(perplexityFactor(own, other)) ?? { verdict: 'one seed' };
}

function verdictOf(factor: Estimate | undefined): Pick<Road, 'factor' | 'verdict'> | undefined {
  if (factor === undefined) return undefined;
  const { low, high } = factor.interval;
  return { factor, verdict: low > 1 ? 'better' : high < 1 ? 'worse' : 'within noise' };
}

function sideOf(
  compared: Compared,
  row: ResultRow | undefined,
  base: number | undefined,
  lossesOf: LossesOf,
): RoadSide {
  const { is } = compared;
  const own = row && logPerplexity(compared, row, lossesOf);
  if (own === undefined) return { is, row, seeds: 0 };
  return { is, row, seeds: own.seeds, perplexityRatio: base && Math.exp(own.mean) / base };
}

/** The other's perplexity over one's own. Undefined where nobody knows how far chance carries. */
function perplexityFactor(own: LogPerplexity, other: LogPerplexity): Estimate | undefined {
  const chance = own.recipe === other.recipe ? [] : chanceOf(own, other);
  if (chance === undefined) return undefined;
  const variance = sum([own.ofText, other.ofText, ...chance.map((each) => each.variance)]);
  // Welch and Satterthwaite's; what the text tells has degrees enough.
  const degrees = variance ** 2 / sum(chance.map((each) => each.variance ** 2 / each.degrees));
  const reach = variance === 0 ? 0 : Math.sqrt(variance) * studentQuantile(0.05, Math.min(degrees, MOST_DEGREES));
  return exponential(other.mean - own.mean, reach);
}

const MOST_DEGREES = 1e6;

interface Chance {
  readonly variance: number;
  readonly degrees: number;
}

/** Of the means of both over their seeds: one that has a single seed counts as scattered as the other. Undefined where both have. */
function chanceOf(a: LogPerplexity, b: LogPerplexity): Chance[] | undefined {
  const known = [a, b].filter(({ seeds }) => seeds > 1);
  if (known.length === 0) return undefined;
  return [a, b].map(({ seeds, spread }) => {
    const { variance, degrees } = spread ?? known[0].spread!;
    return { variance: variance / seeds, degrees };
  });
}

interface LogPerplexity {
  readonly recipe: string;
  readonly mean: number;
  readonly seeds: number;
  /** Of single seeds, where there are several. */
  readonly spread?: Chance;
  /** Variance, by the text that compression was scored on. */
  readonly ofText: number;
}

/** Of a row, moved from the seed whose weights are shipped to the mean of all. */
function logPerplexity({ recipe }: Compared, row: ResultRow, lossesOf: LossesOf): LogPerplexity | undefined {
  const { ppl, weights = '', ppl_ratio_ci95_low: low, ppl_ratio_ci95_high: high } = row;
  if (ppl === undefined) return undefined;
  const losses = lossesOf(recipe ?? weights);
  const mean = losses.length === 0 ? 0 : sum(losses) / losses.length - losses[0];
  const degrees = losses.length - 1;
  const squares = sum(losses.map((loss) => (loss - losses[0] - mean) ** 2));
  const isCompressed = recipe === undefined && low !== undefined && high !== undefined;
  return {
    recipe: recipe ?? weights,
    mean: Math.log(ppl) + mean,
    seeds: Math.max(1, losses.length),
    spread: degrees < 1 ? undefined : { variance: squares / degrees, degrees },
    ofText: isCompressed ? (Math.log(high / low) / (2 * NORMAL_975)) ** 2 : 0,
  };
}

const NORMAL_975 = 1.959964;

/** Times as fast: paired round by round where the control is what the case was timed beside. */
function speedFactor(of: ResultRow, against: ResultRow): Estimate | undefined {
  const paired = estimate(of.speedup, of.speedup_ci95_low, of.speedup_ci95_high);
  if (of.baseline_case_id === against.case_id) return paired;
  const [own, other] = [of, against].map((row) => estimate(row.p20_ns, row.ci95_low_ns, row.ci95_high_ns));
  if (own === undefined || other === undefined) return undefined;
  return { value: other.value / own.value, interval: quotientInterval(other, own) };
}

function estimate(value: number | undefined, low: number | undefined, high: number | undefined): Estimate | undefined {
  return value === undefined || low === undefined || high === undefined
    ? undefined
    : { value, interval: { low, high } };
}

function exponential(log: number, reach: number): Estimate {
  const interval: Interval = { low: Math.exp(log - reach), high: Math.exp(log + reach) };
  return { value: Math.exp(log), interval };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
