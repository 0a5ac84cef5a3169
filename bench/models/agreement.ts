// How near one model's predictions are to another's, position by position.
import { type Logits, scoreToken } from './score-tokens.ts';

export interface Agreement {
  readonly tokens: number;
  /** Kullback–Leibler divergence of the other's next-token probabilities from the reference's, in nats. */
  readonly kldMean: number;
  readonly kldMedian: number;
  readonly kldMax: number;
  /** Share of positions where the likeliest token is the same. */
  readonly sameTop: number;
}

/** Logits [tokens, vocabularySize] of the same text. */
export function agreementOf(reference: Logits, other: Logits, vocabularySize: number): Agreement {
  return agreementOfRows(compareRows(reference, other, vocabularySize));
}

export interface ComparedRow {
  readonly kld: number;
  readonly isSameTop: boolean;
}

/** One for each position, so that texts can be compared a stretch at a time. */
export function compareRows(reference: Logits, other: Logits, vocabularySize: number): ComparedRow[] {
  const rows: ComparedRow[] = [];
  for (let from = 0; from < reference.length; from += vocabularySize) {
    const to = from + vocabularySize;
    rows.push(scoreToken(reference.subarray(from, to), other.subarray(from, to), 0));
  }
  return rows;
}

export function agreementOfRows(rows: readonly ComparedRow[]): Agreement {
  const sorted = rows.map(({ kld }) => kld).toSorted((a, b) => a - b);
  return {
    tokens: rows.length,
    kldMean: sorted.reduce((sum, kld) => sum + kld, 0) / rows.length,
    kldMedian: sorted[rows.length >> 1],
    kldMax: sorted[rows.length - 1],
    sameTop: rows.filter(({ isSameTop }) => isSameTop).length / rows.length,
  };
}
