// Rows of X side by side as lanes, so that one weight that is kept serves all of them: how the sparse kernels cut a product.

/** Rows of W whose sums are gathered before they are turned into rows of Y; as in the wasm.as.ts of either. */
export const GROUP = 64;
/** Columns of X that an item of packLanes takes; as in transpose.as.ts. */
export const PACKED_COLUMNS = 16;
/** What activations may take of L1 beside weights and sums. */
export const L1_BYTES = 24 * 1024;

/** Rows of X in a panel: as many panels as the widest tile needs, all about as wide, in whole units. */
export function panelLanes(M: number, unit: number, maxUnits: number): number {
  const panels = Math.ceil(M / (maxUnits * unit));
  return Math.ceil(M / panels / unit) * unit;
}
