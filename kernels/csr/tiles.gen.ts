// Writes the AssemblyScript inner tiles of the CSR kernels.

/**
 * Units of the widest tile. With eight independent sums no multiply-add has to wait for the one before it. Then loads set the
 * pace, since V8 makes each an instruction of its own: 8.5 for a nonzero, of which Zen 3 does about 1.5 a cycle. Twelve sums
 * were no faster, and loading each column by itself instead of four together was slower.
 */
export const MAX_UNITS = 8;
/** Nonzeros a step takes: their columns are one load, and so are their weights. Rows are padded to whole steps. */
export const STEP = 4;

/**
 * `tile<u>` for each number of units, and a unit is NR/2 rows of X side by side, a register wide; and `int8Tile<u>` for weights
 * of int8.
 */
export function generateTiles(NR: number): string {
  return range(MAX_UNITS)
    .flatMap((units) => [tile(units + 1, NR, f32Weights(NR)), tile(units + 1, NR, int8Weights(NR))])
    .join('\n\n');
}

/** The widest tile of f32 alone, by a name of its own: `<prefix>8`. */
export function widestTile(NR: number, prefix: string): string {
  return tile(MAX_UNITS, NR, { ...f32Weights(NR), prefix });
}

/** How a tile comes by the weights of a step, each in all lanes. */
interface Weights {
  readonly prefix: string;
  readonly bytes: 1 | 4;
  /** Taken at the beginning of a step. */
  readonly load: string;
  splat(i: number): string;
}

/** By a shuffle, which costs less than another load; but with 256 bits by a load, since V8's re-vectoriser pairs only those. */
function f32Weights(NR: number): Weights {
  return {
    prefix: 'tile',
    bytes: 4,
    load: NR === 8 ? 'const weights = v128.load(w);' : '',
    splat: (i) => (NR === 8 ? shuffled(i) : `v128.load32_splat(w, ${i * 4})`),
  };
}

/** Four bytes become four f32 together; but one by one with 256 bits, for the sake of the re-vectoriser. */
function int8Weights(NR: number): Weights {
  const four = 'i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(v128.load32_zero(w)))';
  return {
    prefix: 'int8Tile',
    bytes: 1,
    load: NR === 8 ? `const weights = f32x4.convert_i32x4_s(${four});` : '',
    splat: (i) => (NR === 8 ? shuffled(i) : `f32x4.splat(<f32>load<i8>(w, ${i}))`),
  };
}

function shuffled(i: number): string {
  return `v128.shuffle<f32>(weights, weights, ${i}, ${i}, ${i}, ${i})`;
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

function tile(units: number, NR: number, { prefix, bytes, load, splat }: Weights): string {
  const lanes = (units * NR) / 2;
  const vectors = range(lanes / 4);
  const step = (i: number) => [
    `const at${i} = x + (<u32>(four >> ${i * 16}) & 0xffff) * ${lanes * 4};`,
    `const w${i} = ${splat(i)};`,
    ...vectors.map((v) => `c${v} = f32x4.relaxed_madd(w${i}, v128.load(at${i}, ${v * 16}), c${v});`),
  ];
  const isScaled = bytes === 1;
  const scaling = `if (scales != 0) {
      const scale = v128.load32_splat(scales);
      ${vectors.map((v) => `c${v} = f32x4.mul(c${v}, scale);`).join('\n      ')}
      scales += 4;
    }
    `;
  return `// steps [rows] u16, columns u16 and w [4·all steps] of the rows of W, x [K][${lanes}] → y [rows][${lanes}], added to it where it
// isn't the first part of K${isScaled ? ', and multiplied by scales [rows] where these are not 0' : ''}; returns the number of all steps
export function ${prefix}${units}(steps: usize, rows: i32, columns: usize, w: usize, ${isScaled ? 'scales: usize, ' : ''}x: usize, y: usize, first: bool): i32 {
  const begin = columns;
  for (let n = 0; n < rows; n++) {
    ${vectors.map((v) => `let c${v} = f32x4.splat(0);`).join('\n    ')}
    for (let i = <i32>load<u16>(steps); i > 0; i--) {
      const four = load<u64>(columns);
      ${load}
      ${range(STEP).flatMap(step).join('\n      ')}
      columns += ${STEP * 2};
      w += ${STEP * bytes};
    }
    if (!first) {
      ${vectors.map((v) => `c${v} = f32x4.add(c${v}, v128.load(y, ${v * 16}));`).join('\n      ')}
    }
    ${isScaled ? scaling : ''}${vectors.map((v) => `v128.store(y, c${v}, ${v * 16});`).join('\n    ')}
    steps += 2;
    y += ${lanes * 4};
  }
  return (columns - begin) / ${STEP * 2};
}`;
}
