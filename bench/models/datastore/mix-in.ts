// What followed at the nearest keys, mixed into the logits of what follows now.
import type { Datastore, Mix } from './datastore.ts';

/** A key, by its number, and state · key − |key|² / 2: half the squared distance, but for its sign and what is the same for all. */
export interface Neighbour {
  readonly index: number;
  readonly value: number;
}

/** How likely each token is that followed at a neighbour. */
export function chancesOf(
  neighbours: readonly Neighbour[],
  followers: Datastore['followers'],
  temperature: number,
): Map<number, number> {
  const nearest = Math.max(...neighbours.map(({ value }) => value));
  const weights = neighbours.map(({ value }) => Math.exp((value - nearest) / temperature));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const chances = new Map<number, number>();
  for (const [i, { index }] of neighbours.entries()) {
    const token = followers[index];
    chances.set(token, (chances.get(token) ?? 0) + weights[i] / sum);
  }
  return chances;
}

/**
 * Logits of (1 − share) · p + share · chances, in place, but for a constant: those of tokens that followed nowhere stay as they are to
 * the bit, and all do where the share is 0.
 */
export function mixIn(
  logits: Float32Array | Float64Array,
  neighbours: readonly Neighbour[],
  followers: Datastore['followers'],
  { share, temperature }: Pick<Mix, 'share' | 'temperature'>,
): void {
  if (share === 0 || neighbours.length === 0) return;
  const normaliser = logSumExp(logits);
  const odds = share / (1 - share);
  for (const [token, chance] of chancesOf(neighbours, followers, temperature))
    logits[token] = normaliser + Math.log(Math.exp(logits[token] - normaliser) + odds * chance);
}

export function logSumExp(logits: Float32Array | Float64Array): number {
  let top = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < logits.length; i++) if (logits[i] > top) top = logits[i];
  let sum = 0;
  for (let i = 0; i < logits.length; i++) sum += Math.exp(logits[i] - top);
  return top + Math.log(sum);
}
