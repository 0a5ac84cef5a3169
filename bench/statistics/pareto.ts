export interface Tradeoff {
  /** In units of the baseline's time. */
  readonly relativeTime: number;
  readonly bytes: number;
  readonly driftDb: number;
}

/** Those that no other one beats: none is at least as fast, as small and as exact, and better in one of the three. */
export function paretoFront<T extends Tradeoff>(candidates: readonly T[]): T[] {
  return candidates.filter((candidate) => !candidates.some((other) => dominates(other, candidate)));
}

function dominates(a: Tradeoff, b: Tradeoff): boolean {
  const isNoWorse = a.relativeTime <= b.relativeTime && a.bytes <= b.bytes && a.driftDb >= b.driftDb;
  return isNoWorse && (a.relativeTime < b.relativeTime || a.bytes < b.bytes || a.driftDb > b.driftDb);
}
