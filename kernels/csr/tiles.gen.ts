// Writes the AssemblyScript inner tiles of the CSR kernels.

/**
 * Units of the widest tile. With eight independent sums no multiply-add has to wait for the one before it. Then loads set the
 * pace, since V8 makes each an instruction of its own: 8.5 for a nonzero, of which Zen 3 does about 1.5 a cycle. Twelve sums
 * were no faster, and loading each column by itself instead of four together was slower.
 */
export const MAX_UNITS = 8;
/** Nonzeros a step takes: their columns are one load, and so are their weights. Rows are padded to whole steps. */
export const STEP = 4;

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
    `const at${i} = x + (<u32>(four >> ${i * 16}) & 0xffff) * ${lanes * 4};`,
    `const w${i} = ${splat(i, NR)};`,
    ...vectors.map((v) => `c${v} = f32x4.relaxed_madd(w${i}, v128.load(at${i}, ${v * 16}), c${v});`),
  ];
  return `// steps [rows] u16, columns u16 and w [4·all steps] of the rows of W, x [K][${lanes}] → y [rows][${lanes}], added to it where it
// isn't the first part of K; returns the number of all steps
export function tile${units}(steps: usize, rows: i32, columns: usize, w: usize, x: usize, y: usize, first: bool): i32 {
  const begin = columns;
  for (let n = 0; n < rows; n++) {
    ${vectors.map((v) => `let c${v} = f32x4.splat(0);`).join('\n    ')}
    for (let i = <i32>load<u16>(steps); i > 0; i--) {
      const four = load<u64>(columns);
      ${NR === 8 ? 'const weights = v128.load(w);' : ''}
      ${range(STEP).flatMap(step).join('\n      ')}
      columns += ${STEP * 2};
      w += ${STEP * 4};
    }
    if (!first) {
      ${vectors.map((v) => `c${v} = f32x4.add(c${v}, v128.load(y, ${v * 16}));`).join('\n      ')}
    }
    ${vectors.map((v) => `v128.store(y, c${v}, ${v * 16});`).join('\n    ')}
    steps += 2;
    y += ${lanes * 4};
  }
  return (columns - begin) / ${STEP * 2};
}`;
}

/** By a shuffle, which costs less than another load; but with 256 bits by a load, since V8's re-vectoriser pairs only those. */
function splat(i: number, NR: number): string {
  if (NR !== 8) return `v128.load32_splat(w, ${i * 4})`;
  return `v128.shuffle<f32>(weights, weights, ${i}, ${i}, ${i}, ${i})`;
}
