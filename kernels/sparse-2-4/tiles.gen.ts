// Writes the AssemblyScript inner tiles of the 2:4 kernels.

/**
 * Units of the widest tile. With eight independent sums no multiply-add has to wait for the one before it. Then loads set the
 * pace, since V8 makes each an instruction of its own: 8.4 for a kept weight, of which Zen 3 does about 1.5 a cycle. Twelve sums
 * were no faster; looking offsets up in a table, which takes fewer instructions but more loads, was a fifth slower.
 */
export const MAX_UNITS = 8;
/** Kept weights a step takes: their places fill a u16. */
const STEP = 8;
/** Sums of a panel of sixteen rows, two rows each. */
const DECODE_SUMS = 8;
/**
 * Parts of K that decoding reads side by side. Each load of weights comes with seven other instructions, so a processor has
 * fewer loads under way at a time than in a dense product. Four streams let the prefetchers make up for that.
 */
const DECODE_STREAMS = 4;

/** `panel` for decoding and `tile<u>` for each number of units, and a unit is NR/2 rows of X side by side, a register wide. */
export function generateTiles(NR: number): string {
  return [...range(MAX_UNITS).map((units) => tile(units + 1, NR)), panel()].join('\n\n');
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

function panel(): string {
  const sums = range(DECODE_SUMS);
  const streams = range(DECODE_STREAMS);
  const last = DECODE_STREAMS - 1;
  const step = (s: number) => [
    `const four${s} = v128.load(x + ((g + ${s} * part) << 4));`,
    `const low${s} = load<u32>(places${s});`,
    `const high${s} = load<u32>(places${s}, 4);`,
    ...sums.map((i) => {
      const pair = `${i < 4 ? 'low' : 'high'}${s} ${['<< 4', '>> 4', '>> 12', '>> 20'][i & 3]}`;
      return `c${i} = f32x4.relaxed_madd(pick(four${s}, table, ${pair}), v128.load(values${s}, ${i * 16}), c${i});`;
    }),
    `places${s} += 8;`,
    `values${s} += 128;`,
  ];
  return `// x [4·groups], values [groups][16][2], places [groups][16] of four bits, table [256][16] → y [16]
export function panel(x: usize, values: usize, places: usize, table: usize, y: usize, groups: i32): void {
  const part = groups / ${DECODE_STREAMS};
  ${streams.map((s) => `let values${s} = values + ((${s} * part) << 7);`).join('\n  ')}
  ${streams.map((s) => `let places${s} = places + ((${s} * part) << 3);`).join('\n  ')}
  ${sums.map((i) => `let c${i} = f32x4.splat(0);`).join('\n  ')}
  let g = 0;
  for (; g < part; g++) {
    ${streams.flatMap(step).join('\n    ')}
  }
  for (; g < groups - ${last} * part; g++) {
    ${step(last).join('\n    ')}
  }
  ${range(DECODE_SUMS / 2)
    .map((i) => `v128.store(y, addPairs(c${2 * i}, c${2 * i + 1}), ${i * 16});`)
    .join('\n  ')}
}

// x [4], places of two rows in bits 4 … 11 → the activations of either's two weights
@inline
function pick(x: v128, table: usize, places: u32): v128 {
  return i8x16.relaxed_swizzle(x, v128.load(table + (places & 0xff0)));
}

@inline
function addPairs(a: v128, b: v128): v128 {
  return f32x4.add(v128.shuffle<f32>(a, b, 0, 2, 4, 6), v128.shuffle<f32>(a, b, 1, 3, 5, 7));
}`;
}

/** By a shuffle, which costs less than another load; but with 256 bits by a load, since V8's re-vectoriser pairs only those. */
function splat(i: number, NR: number): string {
  if (NR !== 8) return `v128.load32_splat(w, ${i * 4})`;
  const half = i < 4 ? 'low' : 'high';
  return `v128.shuffle<f32>(${half}, ${half}, ${i & 3}, ${i & 3}, ${i & 3}, ${i & 3})`;
}
