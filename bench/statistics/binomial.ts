/** P(at least k of n), each by itself with the given chance: the sum of its terms. */
export function binomialTail(k: number, n: number, chance: number): number {
  let term = 1;
  for (let i = 0; i < k; i++) term *= (chance * (n - i)) / (i + 1);
  term *= (1 - chance) ** (n - k);
  let tail = 0;
  for (let i = k; i <= n; i++) {
    tail += term;
    term *= ((n - i) * chance) / ((i + 1) * (1 - chance));
  }
  return Math.min(1, tail);
}
