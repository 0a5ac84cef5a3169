// A model's tensors are read, packed and let go one after another, and the engine would let hundreds of megabytes of them lie before
// it looks. Processes that run models are started with --expose-gc, so that it is told to look; elsewhere nothing happens here.

const MOST_BYTES = 2 ** 25;

let leftBytes = 0;

/** To be told of what will soon be let go. */
export function willLeave(bytes: number): void {
  leftBytes += bytes;
  if (leftBytes < MOST_BYTES) return;
  leftBytes = 0;
  // What dies young is found without looking through all the rest.
  globalThis.gc?.({ type: 'minor', execution: 'sync' });
}

/** Before and after much is placed: what was held of other models goes too. */
export function collectGarbage(): void {
  leftBytes = 0;
  globalThis.gc?.();
}
