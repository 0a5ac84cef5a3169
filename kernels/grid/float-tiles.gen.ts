// Writes the AssemblyScript inner tiles for codes that become f32 before they are multiplied: small floats, and tables whose
// entries are no whole numbers.
import { type Variant, variants } from './variants.ts';

const BLOCK = 32;
/** Codes that are decoded at once, into four vectors. */
const CHUNK = 16;

export function floatTiles(NR: number): string {
  const floats = variants.filter(({ arithmetic }) => arithmetic === 'floats');
  return [CONSTANTS, ...floats.flatMap((variant) => [unpackBlock(variant, NR), row(variant, NR)])].join('\n\n');
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

const CONSTANTS = `const E4M3 = memory.data<u16>([${Array(8).fill('0x87f0').join(', ')}], 16);
const E5M2 = memory.data<u16>([${Array(8).fill('0x8fe0').join(', ')}], 16);
const HALF = memory.data<u32>([${Array(4).fill('0x8fffe000').join(', ')}], 16);
const NIBBLE = memory.data<u8>([${Array(16).fill(15).join(', ')}], 16);`;

/** What a function keeps in registers. */
function kept({ name, isTable }: Variant): string {
  const mask = { E4m3: 'E4M3', E5m2: 'E5M2', F16: 'HALF', FloatTable: 'NIBBLE' }[name];
  return [
    'const none = i32x4.splat(0);',
    ...(mask === undefined ? [] : [`const bits = v128.load(${mask});`]),
    ...(isTable ? range(4).map((i) => `const t${i} = v128.load(table, ${16 * i});`) : []),
  ].join('\n  ');
}

const interleave = (unit: number, half: 'low' | 'high') => (a: string, b: string) => {
  const start = half === 'low' ? 0 : 8;
  const lanes = range(8 / unit).flatMap((i) => [
    ...range(unit).map((j) => start + i * unit + j),
    ...range(unit).map((j) => 16 + start + i * unit + j),
  ]);
  return `i8x16.shuffle(${a}, ${b}, ${lanes.join(', ')})`;
};
const lowBytes = interleave(1, 'low');
const highBytes = interleave(1, 'high');
const lowHalves = interleave(2, 'low');
const highHalves = interleave(2, 'high');

/**
 * Statements that leave the codes of chunk c as f32 in f<c>_0 … f<c>_3. An 8-bit float moved to where a bf16 has its exponent, or
 * an f16 to where an f32 has it, is its value times a power of two, which the scales make up for.
 */
function decode({ name, planes: [bits] }: Variant, c: number): string[] {
  const at = (c * CHUNK * bits) / 8;
  const four = (vectors: readonly string[]) => vectors.map((vector, j) => `const f${c}_${j} = ${vector};`);
  if (bits === 16) {
    const halves = [0, 1].map((i) => `v128.load(w, ${at + 16 * i})`);
    const loads = halves.map((load, i) => `const h${c}_${i} = ${load};`);
    const words = [0, 1].flatMap((i) => [lowHalves('none', `h${c}_${i}`), highHalves('none', `h${c}_${i}`)]);
    const isHalf = name === 'F16';
    return [...loads, ...four(words.map((word) => (isHalf ? `v128.and(i32x4.shr_s(${word}, 3), bits)` : word)))];
  }
  if (bits === 8) {
    const shift = name === 'E4m3' ? 4 : 5;
    const half = (which: 'low' | 'high') => `v128.and(i16x8.shl(i16x8.extend_${which}_i8x16_s(c${c}), ${shift}), bits)`;
    return [
      `const c${c} = v128.load(w, ${at});`,
      `const h${c}_0 = ${half('low')};`,
      `const h${c}_1 = ${half('high')};`,
      ...four([0, 1].flatMap((i) => [lowHalves('none', `h${c}_${i}`), highHalves('none', `h${c}_${i}`)])),
    ];
  }
  const nibbles =
    c % 2 === 0
      ? [`const c${c} = v128.load(w, ${(c / 2) * 16});`, `const n${c} = v128.and(c${c}, bits);`]
      : [`const n${c} = v128.and(i16x8.shr_u(c${c - 1}, 4), bits);`];
  return [
    ...nibbles,
    ...range(4).map((i) => `const b${c}_${i} = i8x16.relaxed_swizzle(t${i}, n${c});`),
    ...[lowBytes, highBytes].flatMap((bytes, i) => [
      `const l${c}_${i} = ${bytes(`b${c}_0`, `b${c}_1`)};`,
      `const u${c}_${i} = ${bytes(`b${c}_2`, `b${c}_3`)};`,
    ]),
    ...four([0, 1].flatMap((i) => [lowHalves(`l${c}_${i}`, `u${c}_${i}`), highHalves(`l${c}_${i}`, `u${c}_${i}`)])),
  ];
}

const chunksOf = (NR: number) => range((BLOCK * NR) / CHUNK);
/** Of vector j in chunk c: its k and which four of the NR rows it holds. */
function placeOf(c: number, j: number, NR: number): { readonly k: number; readonly v: number } {
  const at = c * CHUNK + j * 4;
  return { k: Math.floor(at / NR), v: (at % NR) / 4 };
}

function unpackBlock(variant: Variant, NR: number): string {
  const vectors = range(NR / 4);
  const stores = chunksOf(NR).flatMap((c) => [
    ...decode(variant, c),
    ...range(4).map((j) => `v128.store(out, f32x4.mul(f${c}_${j}, s${placeOf(c, j, NR).v}), ${c * 64 + j * 16});`),
  ]);
  return `// w [32][${NR}] codes, scales [${NR}] f32 → out [32][${NR}] f32
function unpack${variant.name}(w: usize, scales: usize, mins: usize, zero: i32, table: usize, out: usize): void {
  ${kept(variant)}
  ${vectors.map((v) => `const s${v} = v128.load(scales, ${v * 16});`).join('\n  ')}
  ${stores.join('\n  ')}
}`;
}

/** Sums of each row that don't wait for one another: by k modulo their number. */
const SUMS = 4;
const totalOf = (v: number) => `f32x4.add(f32x4.add(p${v}_0, p${v}_1), f32x4.add(p${v}_2, p${v}_3))`;

function row(variant: Variant, NR: number): string {
  const vectors = range(NR / 4);
  const seen = new Set<number>();
  const products = chunksOf(NR).flatMap((c) => [
    ...decode(variant, c),
    ...range(4).flatMap((j) => {
      const { k, v } = placeOf(c, j, NR);
      const load = seen.has(k) ? [] : [`const x${k} = v128.load32_splat(x, ${k * 4});`];
      seen.add(k);
      const sum = `p${v}_${k % SUMS}`;
      if (k < SUMS) return [...load, `let ${sum} = f32x4.mul(x${k}, f${c}_${j});`];
      return [...load, `${sum} = f32x4.relaxed_madd(x${k}, f${c}_${j}, ${sum});`];
    }),
  ]);
  const bytes = variant.planes[0] * NR * 4;
  return `// x [blocks][32] f32, units [blocks][4], w [blocks][32][${NR}] codes, scales [groups][${NR}] f32 → y [${NR}]
function floatRow${variant.name}(x: usize, units: usize, w: usize, scales: usize, mins: usize, groups: i32, blocks: i32, table: usize, y: usize): void {
  ${kept(variant)}
  ${vectors.map((v) => `let y${v} = f32x4.splat(0);`).join('\n  ')}
  for (; groups > 0; groups--) {
    ${vectors.map((v) => `let a${v} = f32x4.splat(0);`).join('\n    ')}
    for (let block = blocks; block > 0; block--) {
      ${products.join('\n      ')}
      const unit = v128.load32_splat(units);
      ${vectors.map((v) => `a${v} = f32x4.relaxed_madd(${totalOf(v)}, unit, a${v});`).join('\n      ')}
      w += ${bytes};
      x += 128;
      units += 16;
    }
    ${vectors.map((v) => `y${v} = f32x4.relaxed_madd(a${v}, v128.load(scales, ${v * 16}), y${v});`).join('\n    ')}
    scales += ${NR * 4};
  }
  ${vectors.map((v) => `v128.store(y, y${v}, ${v * 16});`).join('\n  ')}
}`;
}
