// Variances that are known from a few values each, steadied by those of others like them: the empirical Bayes of Smyth
// 2004 (Statistical Applications in Genetics and Molecular Biology 3(1), article 3; the R package limma). The true
// variances of a group are held to scatter around the group's own as a scaled inverse chi-square distribution does, so
// that s² ~ s0²·F(d, d0); s0² and d0 follow from the mean and the variance of log s² over the group.
import { digamma, inverseTrigamma, trigamma } from './gamma.ts';
import { quantile } from './quantile.ts';

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

/**
 * Of the median: values that agree to the last digit have no logarithm of their variance, and one such case must not make
 * all others scatter. A larger share would hide how far variances scatter, and so make all look surer than they are.
 */
const LEAST_OF_MEDIAN = 1e-3;

interface Entry {
  readonly groups: readonly string[];
  readonly degrees: number;
  /** log s² less what its expectation differs from log σ² by (Smyth's e). */
  readonly log: number;
}

interface Group {
  readonly size: number;
  /** Of its entries' logarithms. */
  readonly mean: number;
}

/**
 * What may be expected of a variance by its groups. The scatter d0 is one for all groups, each narrowest one around its own
 * mean; a mean of few entries is itself uncertain, which the degrees of freedom given take into account. Where even the
 * widest group is too small it is `unknown`.
 */
export function fitVariancePrior(observed: readonly GroupedVariance[], unknown: Variance): VariancePrior {
  const known = observed.filter(({ degrees }) => degrees > 0);
  const positive = known.flatMap(({ variance }) => (variance > 0 ? [variance] : []));
  if (positive.length === 0) return () => unknown;
  const least = LEAST_OF_MEDIAN * quantile(positive, 0.5);
  const entries = known.map((entry) => entryOf(entry, least));
  const groups = largeGroups(entries);
  const sampling = mean(entries.map(({ degrees }) => trigamma(degrees / 2)));
  const scatter = scatterOf(entries, groups, sampling) ?? trigamma(unknown.degrees / 2);
  const d0 = 2 * inverseTrigamma(scatter);
  return (names) => {
    const group = groups.get(narrowest(names, groups) ?? '');
    if (group === undefined) return unknown;
    const degrees = 2 * inverseTrigamma(scatter + (sampling + scatter) / group.size);
    return { variance: Math.exp(group.mean + digamma(d0 / 2) - Math.log(d0 / 2)), degrees };
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

function largeGroups(entries: readonly Entry[]): Map<string, Group> {
  const members = Map.groupBy(
    entries.flatMap(({ groups, log }) => groups.map((group) => ({ group, log }))),
    ({ group }) => group,
  );
  const large = [...members].filter(([, group]) => group.length >= MIN_GROUP);
  return new Map(large.map(([name, group]) => [name, { size: group.length, mean: mean(group.map(({ log }) => log)) }]));
}

function narrowest(names: readonly string[], groups: ReadonlyMap<string, Group>): string | undefined {
  return names.find((name) => groups.has(name));
}

/**
 * ψ′(d0/2): what log s² scatters by within groups beyond what samples of so few values do; undefined where too few
 * entries tell.
 */
function scatterOf(
  entries: readonly Entry[],
  groups: ReadonlyMap<string, Group>,
  sampling: number,
): number | undefined {
  const deviations = entries.flatMap(({ groups: names, log }) => {
    const name = narrowest(names, groups);
    return name === undefined ? [] : [{ name, square: (log - (groups.get(name)?.mean ?? 0)) ** 2 }];
  });
  const residualDegrees = deviations.length - new Set(deviations.map(({ name }) => name)).size;
  if (residualDegrees < MIN_SCATTER_DEGREES) return undefined;
  const variance = deviations.reduce((sum, { square }) => sum + square, 0) / residualDegrees;
  return Math.max(variance - sampling, trigamma(MAX_PRIOR_DEGREES / 2));
}

function mean(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}
