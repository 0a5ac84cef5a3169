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

/**
 * `panel` for decoding and `tile<u>` for each number of units, and a unit is NR/2 rows of X side by side, a register wide; and
 * `int8Panel` and `int8Tile<u>` for weights of int8.
 */
export function generateTiles(NR: number): string {
  const tiles = range(MAX_UNITS).flatMap((units) =>
    [f32Weights(NR), int8Weights(NR)].map((w) => tile(units + 1, NR, w)),
  );
  return [...tiles, panel(F32_PAIRS), panel(INT8_PAIRS), PAIR_FUNCTIONS].join('\n\n');
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
    load: NR === 8 ? '\n      const low = v128.load(w);\n      const high = v128.load(w, 16);' : '\n      ',
    splat: (i) => (NR === 8 ? shuffled(i) : `v128.load32_splat(w, ${i * 4})`),
  };
}

/** Eight bytes become two registers of f32 together; but one by one with 256 bits, for the sake of the re-vectoriser. */
function int8Weights(NR: number): Weights {
  const load = [
    'const bytes = v128.load_ext<i8>(w);',
    `const low = ${half('low', 'bytes')};`,
    `const high = ${half('high', 'bytes')};`,
  ];
  return {
    prefix: 'int8Tile',
    bytes: 1,
    load: NR === 8 ? load.map((line) => `\n      ${line}`).join('') : '',
    splat: (i) => (NR === 8 ? shuffled(i) : `f32x4.splat(<f32>load<i8>(w, ${i}))`),
  };
}

function shuffled(i: number): string {
  const name = i < 4 ? 'low' : 'high';
  return `v128.shuffle<f32>(${name}, ${name}, ${i & 3}, ${i & 3}, ${i & 3}, ${i & 3})`;
}

/** Four of the eight 16-bit integers in a register, as f32. */
function half(which: 'low' | 'high', eight: string): string {
  return `f32x4.convert_i32x4_s(i32x4.extend_${which}_i16x8_s(${eight}))`;
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

function tile(units: number, NR: number, { prefix, bytes, load, splat }: Weights): string {
  const lanes = (units * NR) / 2;
  const vectors = range(lanes / 4);
  const step = (i: number) => [
    `const at${i} = x + ((eight >> ${2 * i}) & 3) * ${lanes * 4};`,
    `const w${i} = ${splat(i)};`,
    ...vectors.map(
      (v) => `c${v} = f32x4.relaxed_madd(w${i}, v128.load(at${i}, ${(i >> 1) * lanes * 16 + v * 16}), c${v});`,
    ),
  ];
  const isScaled = bytes === 1;
  const scaling = `if (scales != 0) {
      const scale = v128.load32_splat(scales);
      ${vectors.map((v) => `c${v} = f32x4.mul(c${v}, scale);`).join('\n      ')}
      scales += 4;
    }
    `;
  return `// places [rows][steps] u16, w [rows][8·steps] of the rows of W, X [16·steps][${lanes}] → y [rows][${lanes}], added to it where it
// isn't the first part of K${isScaled ? ', and multiplied by scales [rows] where these are not 0' : ''}
export function ${prefix}${units}(places: usize, w: usize, ${isScaled ? 'scales: usize, ' : ''}rows: i32, steps: i32, X: usize, y: usize, first: bool): void {
  for (let n = 0; n < rows; n++) {
    let x = X;
    ${vectors.map((v) => `let c${v} = f32x4.splat(0);`).join('\n    ')}
    for (let i = steps; i > 0; i--) {
      const eight = <u32>load<u16>(places);${load}
      ${range(STEP).flatMap(step).join('\n      ')}
      places += 2;
      w += ${STEP * bytes};
      x += ${16 * lanes * 4};
    }
    if (!first) {
      ${vectors.map((v) => `c${v} = f32x4.add(c${v}, v128.load(y, ${v * 16}));`).join('\n      ')}
    }
    ${isScaled ? scaling : ''}${vectors.map((v) => `v128.store(y, c${v}, ${v * 16});`).join('\n    ')}
    y += ${lanes * 4};
  }
}`;
}

/** How a panel comes by the weights of a group: of two rows in each of eight registers. */
interface Pairs {
  readonly prefix: string;
  readonly bytes: 1 | 4;
  /** Taken at the beginning of a step of stream s. */
  load(s: number): readonly string[];
  weights(s: number, i: number): string;
}

const F32_PAIRS: Pairs = {
  prefix: 'panel',
  bytes: 4,
  load: () => [],
  weights: (s, i) => `v128.load(values${s}, ${i * 16})`,
};

/**
 * Two sums share a register of eight 16-bit integers side by side: those of the first are shifted into the upper half of 32
 * bits, those of the second left there, which costs less than to widen them, and leaves both times 2¹⁶.
 */
const INT8_PAIRS: Pairs = {
  prefix: 'int8Panel',
  bytes: 1,
  load: (s) => range(DECODE_SUMS / 2).map((i) => `const eight${s}_${i} = v128.load_ext<i8>(values${s}, ${i * 8});`),
  weights: (s, i) => {
    const eight = `eight${s}_${i >> 1}`;
    const upper = i & 1 ? `v128.and(${eight}, i32x4.splat(0xffff0000))` : `i32x4.shl(${eight}, 16)`;
    return `f32x4.convert_i32x4_s(${upper})`;
  },
};

function panel({ prefix, bytes, load, weights }: Pairs): string {
  const isScaled = bytes === 1;
  const shift = isScaled ? 5 : 7;
  const sums = range(DECODE_SUMS);
  const streams = range(DECODE_STREAMS);
  const last = DECODE_STREAMS - 1;
  const step = (s: number) => [
    `const four${s} = v128.load(x + ((g + ${s} * part) << 4));`,
    `const low${s} = load<u32>(places${s});`,
    `const high${s} = load<u32>(places${s}, 4);`,
    ...load(s),
    ...sums.map((i) => {
      const pair = `${i < 4 ? 'low' : 'high'}${s} ${['<< 4', '>> 4', '>> 12', '>> 20'][i & 3]}`;
      return `c${i} = f32x4.relaxed_madd(pick(four${s}, table, ${pair}), ${weights(s, i)}, c${i});`;
    }),
    `places${s} += 8;`,
    `values${s} += ${1 << shift};`,
  ];
  const sum = (i: number) => `addPairs(c${2 * i}, c${2 * i + 1})`;
  const scaled = (i: number) =>
    `f32x4.mul(f32x4.mul(${sum(i)}, f32x4.splat(1.0 / 65536)), v128.load(scales, ${i * 16}))`;
  return `// x [4·groups], values [groups][16][2], ${isScaled ? 'scales [16], ' : ''}places [groups][16] of four bits, table [256][16] → y [16]
export function ${prefix}(x: usize, values: usize, ${isScaled ? 'scales: usize, ' : ''}places: usize, table: usize, y: usize, groups: i32): void {
  const part = groups / ${DECODE_STREAMS};
  ${streams.map((s) => `let values${s} = values + ((${s} * part) << ${shift});`).join('\n  ')}
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
    .map((i) => `v128.store(y, ${isScaled ? scaled(i) : sum(i)}, ${i * 16});`)
    .join('\n  ')}
}`;
}

const PAIR_FUNCTIONS = `// x [4], places of two rows in bits 4 … 11 → the activations of either's two weights
@inline
function pick(x: v128, table: usize, places: u32): v128 {
  return i8x16.relaxed_swizzle(x, v128.load(table + (places & 0xff0)));
}

@inline
function addPairs(a: v128, b: v128): v128 {
  return f32x4.add(v128.shuffle<f32>(a, b, 0, 2, 4, 6), v128.shuffle<f32>(a, b, 1, 3, 5, 7));
}`;
