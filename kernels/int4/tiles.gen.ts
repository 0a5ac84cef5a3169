// Writes the AssemblyScript inner tiles of the int4 kernels. A vector of W holds four rows of W, eight k each.
import { generateMultiplyTile } from '../dense/tiles.gen.ts';

/**
 * Words of W, of eight k each, whose products are added up in lanes of 16 bits before those are widened. A word adds twice to a
 * lane, each time two products of a nibble and a digit, at most 2·15·128 = 3840: four words stay below 2¹⁵.
 */
const WORDS = 4;

export function generateTiles(NR: number): string {
  const vectors = range(NR / 4);
  return [generateMultiplyTile(NR), CONSTANTS, HALF_TO_FLOAT, unpackGroup(vectors, NR), row(vectors, NR)].join('\n\n');
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/**
 * Constants lie in memory, since V8 builds a constant vector anew wherever it is used, in four instructions, and a load is one.
 * The compiler puts such data below the first address that kernels are given.
 */
const CONSTANTS = `const NIBBLE = memory.data<u8>([${Array(16).fill(15).join(', ')}], 16);
const ONES = memory.data<i16>([${Array(8).fill(1).join(', ')}], 16);
const BYTES = memory.data<i16>([${Array(8).fill(256).join(', ')}], 16);
const MAGNITUDE = memory.data<i32>([${Array(4).fill('0x7fff').join(', ')}], 16);
const SIGN = memory.data<i32>([${Array(4).fill('0x8000').join(', ')}], 16);
const HIGH = memory.data<f32>([${Array(4).fill('65536').join(', ')}], 16);
const REBIAS = memory.data<f32>([${Array(4).fill('5.192296858534828e33').join(', ')}], 16);`;

/**
 * The bits of an f16's exponent and mantissa, moved to where an f32 has them, are 2⁻¹¹² of its value, since the two exponents'
 * biases differ by 112. One multiplication sets that right, for subnormal numbers too.
 */
const HALF_TO_FLOAT = `// four f16 → f32x4
@inline
function floats(at: usize): v128 {
  const half = v128.load16x4_u(at);
  const magnitude = f32x4.mul(i32x4.shl(v128.and(half, v128.load(MAGNITUDE)), 13), v128.load(REBIAS));
  return v128.or(magnitude, i32x4.shl(v128.and(half, v128.load(SIGN)), 16));
}`;

function unpackGroup(vectors: number[], NR: number): string {
  const weight = (v: number, k: number) => {
    const nibble = `v128.and(i32x4.shr_u(v${v}, ${(k % 4) * 8 + (k >> 2) * 4}), i32x4.splat(15))`;
    return `f32x4.mul(f32x4.convert_i32x4_s(i32x4.sub(${nibble}, i32x4.splat(8))), s${v})`;
  };
  return `// w [words][${NR}][4], scales [${NR}] f16 → out [8·words][${NR}] f32
export function unpackGroup(w: usize, scales: usize, words: i32, out: usize): void {
  ${vectors.map((v) => `const s${v} = floats(scales + ${v * 8});`).join('\n  ')}
  for (; words > 0; words--) {
    ${vectors.map((v) => `const v${v} = v128.load(w, ${v * 16});`).join('\n    ')}
    ${range(8)
      .flatMap((k) => vectors.map((v) => `v128.store(out, ${weight(v, k)}, ${(k * NR + v * 4) * 4});`))
      .join('\n    ')}
    w += ${NR * 4};
    out += ${NR * 32};
  }
}`;
}

function row(vectors: number[], NR: number): string {
  const digits = [2, 1, 0];
  const step = (word: number) => [
    ...vectors.flatMap((v) => [
      `const v${word}_${v} = v128.load(w, ${word * NR * 4 + v * 16});`,
      `const n${word}_0_${v} = v128.and(v${word}_${v}, nibble);`,
      `const n${word}_1_${v} = v128.and(i16x8.shr_u(v${word}_${v}, 4), nibble);`,
    ]),
    ...[0, 1].flatMap((half) =>
      digits.flatMap((d) => [
        `const x${word}_${half}_${d} = v128.load32_splat(x, ${(2 - d) * 8 + half * 4});`,
        ...vectors.map((v) => {
          const product = `i16x8.relaxed_dot_i8x16_i7x16_s(x${word}_${half}_${d}, n${word}_${half}_${v})`;
          if (word + half === 0) return `let d${d}_${v} = ${product};`;
          return `d${d}_${v} = i16x8.add(d${d}_${v}, ${product});`;
        }),
      ]),
    ),
    'x += 24;',
  ];
  const pairs = (d: number, v: number, factor: string) => `i32x4.dot_i16x8_s(d${d}_${v}, v128.load(${factor}))`;
  return `// x [words][3][8] digits, units [groups][3], w [words][${NR}][4], scales [groups][${NR}] f16 → y [${NR}]; groups of so many
// blocks of 32 k
export function row(x: usize, units: usize, w: usize, scales: usize, words: i32, blocks: i32, y: usize): void {
  const nibble = v128.load(NIBBLE);
  ${vectors.map((v) => `let y${v} = f32x4.splat(0);`).join('\n  ')}
  while (words > 0) {
    const high = v128.load32_splat(units, 4);
    const low = v128.load32_splat(units, 8);
    ${vectors.map((v) => `let h${v} = high;\n    let l${v} = low;`).join('\n    ')}
    for (let block = min(blocks, words >> 2); block > 0; block--) {
      ${range(WORDS).flatMap(step).join('\n      ')}
      ${vectors
        .flatMap((v) => [
          `h${v} = i32x4.add(h${v}, ${pairs(2, v, 'ONES')});`,
          `l${v} = i32x4.add(l${v}, i32x4.add(${pairs(1, v, 'BYTES')}, ${pairs(0, v, 'ONES')}));`,
        ])
        .join('\n      ')}
      w += ${WORDS * NR * 4};
    }
    const unit = v128.load32_splat(units);
    ${vectors
      .flatMap((v) => [
        `const f${v} = f32x4.relaxed_madd(f32x4.convert_i32x4_s(h${v}), v128.load(HIGH), f32x4.convert_i32x4_s(l${v}));`,
        `y${v} = f32x4.relaxed_madd(f${v}, f32x4.mul(unit, floats(scales + ${v * 8})), y${v});`,
      ])
      .join('\n    ')}
    words -= blocks << 2;
    units += 12;
    scales += ${NR * 2};
  }
  ${vectors.map((v) => `v128.store(y, y${v}, ${v * 16});`).join('\n  ')}
}`;
}
