// Variances that are known from a few values each, steadied by those of others like them: the empirical Bayes of Smyth
// 2004 (Statistical Applications in Genetics and Molecular Biology 3(1), article 3; the R package limma). The true
// variances of a group are held to scatter around the group's own as a scaled inverse chi-square distribution does, so
// that s² ~ s0²·F(d, d0); s0² and d0 follow from the mean and the variance of log s² over the group. A small group tells
// the latter badly, so there it is drawn towards that of the wider group around it.
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
/** Fewer say too little of how variances scatter. */
const MIN_SCATTERED = 5;
/** How variances scatter in the wider group counts as so many values of the narrower one. */
const WIDER_WEIGHT = 10;
/** More would claim that the variances of a group are all but equal. */
const MAX_PRIOR_DEGREES = 50;

/**
 * Of the median: values that agree to the last digit have no logarithm of their variance, and one such case must not make
 * all others scatter. A larger share would hide how far variances scatter, and so make all look surer than they are.
 */
const LEAST_OF_MEDIAN = 1e-3;

interface Entry {
  readonly groups: readonly string[];
  /** log s² less what its expectation differs from log σ² by (Smyth's e). */
  readonly log: number;
  /** What log s² scatters by because it is of so few values. */
  readonly sampling: number;
}

/** Means of its entries. */
interface Group {
  readonly size: number;
  readonly log: number;
  readonly sampling: number;
  /** Squared distance from the mean of each one's narrowest group, beyond sampling. */
  readonly excess: number;
}

type Groups = ReadonlyMap<string, Group>;

/**
 * What may be expected of a variance by its groups: the mean of the narrowest that is large enough, and as many degrees of
 * freedom d0 as the variances of its groups scatter little. A mean of few entries is itself uncertain, which the degrees
 * given take into account. Where even the widest group is too small it is `unknown`.
 */
export function fitVariancePrior(observed: readonly GroupedVariance[], unknown: Variance): VariancePrior {
  const known = observed.filter(({ degrees }) => degrees > 0);
  const positive = known.flatMap(({ variance }) => (variance > 0 ? [variance] : []));
  if (positive.length === 0) return () => unknown;
  const least = LEAST_OF_MEDIAN * quantile(positive, 0.5);
  const groups = describeGroups(known.map((entry) => entryOf(entry, least)));
  return (names) => {
    const nested = names.flatMap((name) => groups.get(name) ?? []);
    if (nested.length === 0) return unknown;
    const { size, log, sampling } = nested[0];
    const scatter = scatterOf(nested.toReversed()) ?? trigamma(unknown.degrees / 2);
    const d0 = 2 * inverseTrigamma(scatter);
    const degrees = 2 * inverseTrigamma(scatter + (sampling + scatter) / size);
    return { variance: Math.exp(log + digamma(d0 / 2) - Math.log(d0 / 2)), degrees };
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
  return { groups, log, sampling: trigamma(degrees / 2) };
}

function describeGroups(entries: readonly Entry[]): Groups {
  const members = Map.groupBy(
    entries.flatMap((entry) => entry.groups.map((group) => ({ group, entry }))),
    ({ group }) => group,
  );
  const large = new Map(
    [...members].flatMap(([name, group]) =>
      group.length < MIN_GROUP ? [] : [[name, group.map(({ entry }) => entry)] as const],
    ),
  );
  const logs = new Map([...large].map(([name, group]) => [name, mean(group.map(({ log }) => log))]));
  const excessOf = ({ groups, log, sampling }: Entry) => {
    const name = groups.find((group) => large.has(group)) ?? '';
    const size = large.get(name)?.length ?? 0;
    return ((log - (logs.get(name) ?? 0)) ** 2 * size) / (size - 1) - sampling;
  };
  return new Map(
    [...large].map(([name, group]) => {
      const sampling = mean(group.map((entry) => entry.sampling));
      return [name, { size: group.length, log: logs.get(name) ?? 0, sampling, excess: mean(group.map(excessOf)) }];
    }),
  );
}

/** ψ′(d0/2): what log s² scatters by within groups beyond sampling; undefined where too few entries tell. The widest group first. */
function scatterOf([widest, ...narrower]: readonly Group[]): number | undefined {
  if (widest.size < MIN_SCATTERED) return undefined;
  const scatter = narrower.reduce(
    (wider, { size, excess }) => (size * excess + WIDER_WEIGHT * wider) / (size + WIDER_WEIGHT),
    widest.excess,
  );
  return Math.max(scatter, trigamma(MAX_PRIOR_DEGREES / 2));
}

function mean(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}
