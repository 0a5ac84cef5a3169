// Variances that are known from a few values each, steadied by those of others like them: the empirical Bayes of Smyth
// 2004 (Statistical Applications in Genetics and Molecular Biology 3(1), article 3; the R package limma). The true
// variances of a group are held to scatter around the group's own as a scaled inverse chi-square distribution does, so
// that s² ~ s0²·F(d, d0); s0² and d0 follow from the mean and the variance of log s² over the group.
import { digamma, inverseTrigamma, trigamma } from './gamma.ts';

export interface Variance {
  readonly variance: number;
  /** How well it is known, in degrees of freedom; 0: not at all. */
  readonly degrees: number;
}

export interface GroupedVariance extends Variance {
  /** Names of the groups it belongs to, the narrowest first; each holds those named before it. */
  readonly groups: readonly string[];
}

export type VariancePrior = (groups: readonly string[]) => Variance;

/** Smaller groups say too little of what is usual in them, and the next wider one does. */
const MIN_GROUP = 4;
/** Values beyond those that the groups' means take: fewer say too little of how variances scatter. */
const MIN_SCATTER_DEGREES = 4;
/** More would claim that the variances of a group are all but equal. */
const MAX_PRIOR_DEGREES = 50;

interface Entry {
  readonly groups: readonly string[];
  readonly degrees: number;
  /** log s² less what its expectation differs from log σ² by (Smyth's e). */
  readonly log: number;
}

/**
 * What may be expected of a variance by its groups. The scatter d0 is one for all groups, each narrowest one around its own
 * mean. Where even the widest group is too small it is `unknown`. A variance below `least` is taken for that: so few
 * values also agree by luck, or to within the clock's resolution.
 */
export function fitVariancePrior(
  observed: readonly GroupedVariance[],
  unknown: Variance,
  least: number,
): VariancePrior {
  const entries = observed.filter(({ degrees }) => degrees > 0).map((entry) => entryOf(entry, least));
  const means = groupMeans(entries);
  const degrees = scatterDegrees(entries, means) ?? unknown.degrees;
  return (groups) => {
    const mean = means.get(narrowest(groups, means) ?? '');
    if (mean === undefined) return unknown;
    return { variance: Math.exp(mean + digamma(degrees / 2) - Math.log(degrees / 2)), degrees };
  };
}

/** The observed variance and its prior, each by its degrees of freedom (Smyth 2004, section 4). */
export function moderate(observed: Variance, prior: Variance): Variance {
  const degrees = observed.degrees + prior.degrees;
  const sum = observed.degrees * observed.variance + prior.degrees * prior.variance;
  return { variance: sum / degrees, degrees };
}

function entryOf({ variance, degrees, groups }: GroupedVariance, least: number): Entry {
  const log = Math.log(Math.max(variance, least)) - digamma(degrees / 2) + Math.log(degrees / 2);
  return { groups, degrees, log };
}

/** Of the groups that are large enough. */
function groupMeans(entries: readonly Entry[]): Map<string, number> {
  const members = Map.groupBy(
    entries.flatMap(({ groups, log }) => groups.map((group) => ({ group, log }))),
    ({ group }) => group,
  );
  const large = [...members].filter(([, group]) => group.length >= MIN_GROUP);
  return new Map(large.map(([name, group]) => [name, mean(group.map(({ log }) => log))]));
}

function narrowest(groups: readonly string[], means: ReadonlyMap<string, number>): string | undefined {
  return groups.find((group) => means.has(group));
}

/** d0 of what log s² scatters by beyond what samples of so few values do; undefined where too few tell. */
function scatterDegrees(entries: readonly Entry[], means: ReadonlyMap<string, number>): number | undefined {
  const placed = entries.filter(({ groups }) => narrowest(groups, means) !== undefined);
  const used = new Set(placed.map(({ groups }) => narrowest(groups, means)));
  const residualDegrees = placed.length - used.size;
  if (residualDegrees < MIN_SCATTER_DEGREES) return undefined;
  const squares = placed.map(({ groups, log }) => (log - (means.get(narrowest(groups, means) ?? '') ?? 0)) ** 2);
  const sampling = mean(placed.map(({ degrees }) => trigamma(degrees / 2)));
  const excess = squares.reduce((a, b) => a + b, 0) / residualDegrees - sampling;
  return excess > 0 ? Math.min(MAX_PRIOR_DEGREES, 2 * inverseTrigamma(excess)) : MAX_PRIOR_DEGREES;
}

function mean(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}
