// Rows of X side by side as lanes, so that one weight that is kept serves all of them: how the sparse kernels cut a product.

/** Rows of W whose sums are gathered before they are turned into rows of Y; as in the wasm.as.ts of either. */
export const GROUP = 64;
/** Columns of X that an item of packLanes takes; as in transpose.as.ts. */
export const PACKED_COLUMNS = 16;
/** What activations may take of L1 beside weights and sums. */
export const L1_BYTES = 24 * 1024;

/** Numbers of rows of X whose panels are of one unit, of two, and so on to the widest, where a unit is four rows and where it is eight. */
export function rowsOfEachWidth(maxUnits: number): readonly number[] {
  const widths = Array.from({ length: maxUnits }, (_, i) => i + 1);
  return [...new Set([4, 8].flatMap((unit) => widths.map((units) => units * unit)))];
}

/** Rows of X in a panel: as many panels as the widest tile needs, all about as wide, in whole units. */
export function panelLanes(M: number, unit: number, maxUnits: number): number {
  const panels = Math.ceil(M / (maxUnits * unit));
  return Math.ceil(M / panels / unit) * unit;
}
