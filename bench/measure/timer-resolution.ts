/** Smallest step seen between two readings of the clock that samples are timed with, in ns. */
export function timerResolutionNs(): number {
  let smallest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 1000; i++) {
    const start = performance.now();
    let end = start;
    while (end === start) end = performance.now();
    smallest = Math.min(smallest, end - start);
  }
  return Math.round(smallest * 1e6);
}
