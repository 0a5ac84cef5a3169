export interface Tradeoff {
  readonly timeNs: number;
  readonly bytes: number;
  readonly driftDb: number;
}

/** Those that no other one beats: none is at least as fast, as small and as exact, and better in one of the three. */
export function paretoFront<T extends Tradeoff>(candidates: readonly T[]): T[] {
  return candidates.filter((candidate) => !candidates.some((other) => dominates(other, candidate)));
}

function dominates(a: Tradeoff, b: Tradeoff): boolean {
  const isNoWorse = a.timeNs <= b.timeNs && a.bytes <= b.bytes && a.driftDb >= b.driftDb;
  return isNoWorse && (a.timeNs < b.timeNs || a.bytes < b.bytes || a.driftDb > b.driftDb);
}
