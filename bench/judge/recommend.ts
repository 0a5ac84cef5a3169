// Which of a model's compressions keep a user's bounds, and which of those are best at what.
import type { Interval } from '../statistics/interval.ts';

/** A compression of a whole model as it was weighed; figures are missing where it didn't run or wasn't scored. */
export interface WeighedModel {
  readonly label: string;
  /** What measures it again. */
  readonly command: string;
  /** Of the bytes of the uncompressed model's weights. */
  readonly bytesShare?: number;
  readonly speedup?: number;
  readonly speedupCi95?: Interval;
  readonly pplRatio?: number;
  readonly pplRatioCi95?: Interval;
  readonly kldMean?: number;
  readonly kldMeanCi95?: Interval;
  /** Why it has no figures. */
  readonly reason?: string;
}

export interface Bounds {
  /** Of the perplexity over the uncompressed model's: 1.01 for 1 % more. */
  readonly maxPplRatio?: number;
  /** Of the uncompressed model's bytes. */
  readonly maxBytesShare?: number;
  readonly minSpeedup?: number;
}

/** `open` where a bound lies within the interval, so that another run may say otherwise. */
export type Verdict = 'kept' | 'open' | 'broken';

/** The worst that is said of a bound. A figure without an interval is no proof that a bound is kept. */
export function judge(model: WeighedModel, bounds: Bounds): Verdict {
  const { pplRatio, pplRatioCi95, bytesShare, speedup, speedupCi95 } = model;
  const verdicts = [
    atMost(bounds.maxPplRatio, pplRatio, pplRatioCi95),
    atMost(
      bounds.maxBytesShare,
      bytesShare,
      bytesShare === undefined ? undefined : { low: bytesShare, high: bytesShare },
    ),
    atLeast(bounds.minSpeedup, speedup, speedupCi95),
  ];
  return (['broken', 'open'] as const).find((verdict) => verdicts.includes(verdict)) ?? 'kept';
}

function atMost(bound: number | undefined, figure: number | undefined, ci95: Interval | undefined): Verdict {
  if (bound === undefined) return 'kept';
  if (figure === undefined) return 'broken';
  if (ci95 === undefined) return figure > bound ? 'broken' : 'open';
  if (ci95.low > bound) return 'broken';
  return ci95.high <= bound ? 'kept' : 'open';
}

function atLeast(bound: number | undefined, figure: number | undefined, ci95: Interval | undefined): Verdict {
  const negative = ci95 && { low: -ci95.high, high: -ci95.low };
  return atMost(bound === undefined ? undefined : -bound, figure === undefined ? undefined : -figure, negative);
}

/** `nearest` to the uncompressed model's predictions. */
export type Merit = 'fastest' | 'smallest' | 'nearest';

/** Of those that keep all bounds, the best at each; none where none does. */
export function recommend(models: readonly WeighedModel[], bounds: Bounds): Partial<Record<Merit, WeighedModel>> {
  const kept = models.filter((model) => model.reason === undefined && judge(model, bounds) === 'kept');
  const best = (merit: Merit, cost: (model: WeighedModel) => number | undefined) => {
    const able = kept.filter((model) => cost(model) !== undefined);
    const [first] = able.toSorted((a, b) => cost(a)! - cost(b)!);
    return first && { [merit]: first };
  };
  return {
    ...best('fastest', ({ speedup }) => speedup && -speedup),
    ...best('smallest', ({ bytesShare }) => bytesShare),
    ...best('nearest', ({ kldMean }) => kldMean),
  };
}
