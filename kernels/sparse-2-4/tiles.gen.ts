// Writes the AssemblyScript inner tiles of the 2:4 kernels.

/** Units of the widest tile: eight sums, so that no multiply-add waits for the last; more need more of L1. */
export const MAX_UNITS = 8;
/** Kept weights a step takes: their places fill a u16. */
const STEP = 8;

/** `tile<u>` for each number of units, and a unit is NR/2 rows of X side by side, a register wide. */
export function generateTiles(NR: number): string {
  return range(MAX_UNITS)
    .map((units) => tile(units + 1, NR))
    .join('\n\n');
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

function tile(units: number, NR: number): string {
  const lanes = (units * NR) / 2;
  const vectors = range(lanes / 4);
  const step = (i: number) => [
    `const at${i} = x + ((eight >> ${2 * i}) & 3) * ${lanes * 4};`,
    `const w${i} = ${splat(i, NR)};`,
    ...vectors.map(
      (v) => `c${v} = f32x4.relaxed_madd(w${i}, v128.load(at${i}, ${(i >> 1) * lanes * 16 + v * 16}), c${v});`,
    ),
  ];
  return `// places [rows][steps] u16, w [rows][8·steps] of the rows of W, X [16·steps][${lanes}] → y [rows][${lanes}], added to it where it
// isn't the first part of K
export function tile${units}(places: usize, w: usize, rows: i32, steps: i32, X: usize, y: usize, first: bool): void {
  for (let n = 0; n < rows; n++) {
    let x = X;
    ${vectors.map((v) => `let c${v} = f32x4.splat(0);`).join('\n    ')}
    for (let i = steps; i > 0; i--) {
      const eight = <u32>load<u16>(places);
      ${NR === 8 ? 'const low = v128.load(w);\n      const high = v128.load(w, 16);' : ''}
      ${range(STEP).flatMap(step).join('\n      ')}
      places += 2;
      w += ${STEP * 4};
      x += ${16 * lanes * 4};
    }
    if (!first) {
      ${vectors.map((v) => `c${v} = f32x4.add(c${v}, v128.load(y, ${v * 16}));`).join('\n      ')}
    }
    ${vectors.map((v) => `v128.store(y, c${v}, ${v * 16});`).join('\n    ')}
    y += ${lanes * 4};
  }
}`;
}

/** A shuffle costs less than another load, but the re-vectoriser widens loads only. */
function splat(i: number, NR: number): string {
  if (NR !== 8) return `v128.load32_splat(w, ${i * 4})`;
  const half = i < 4 ? 'low' : 'high';
  return `v128.shuffle<f32>(${half}, ${half}, ${i & 3}, ${i & 3}, ${i & 3}, ${i & 3})`;
}
