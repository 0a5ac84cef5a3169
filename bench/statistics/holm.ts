/**
 * Holm's step-down adjustment (Holm 1979, Scand. J. Statist. 6, 65–70): a hypothesis whose adjusted p is at most α may
 * be rejected with all others like it, and the chance of even one false rejection stays at most α, however the tests
 * depend on each other. In the order given.
 */
export function holmAdjust(ps: readonly number[]): number[] {
  const order = ps.map((_, i) => i).sort((a, b) => ps[a] - ps[b]);
  const adjusted = new Array<number>(ps.length);
  let largest = 0;
  order.forEach((index, step) => {
    largest = Math.max(largest, Math.min(1, (ps.length - step) * ps[index]));
    adjusted[index] = largest;
  });
  return adjusted;
}
