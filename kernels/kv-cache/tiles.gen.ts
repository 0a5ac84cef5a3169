// Writes the AssemblyScript inner loops of attention over a cache of blocks: those of f32 attention, and for each number of bits
// the loops over its blocks. A block is 32 dimensions of four keys, one key after another; 32 and 16 bits are f32 and f16, fewer are
// signed whole numbers with four f16 scales before all codes. Codes of 4 bits have dimension i in the lower half of byte i and
// dimension 16 + i in the upper.
import { generateTiles as attentionTiles } from '../naive-attention/tiles.gen.ts';
import { KEYS, MOST_INTEGER_BITS, SCALES_BYTES } from './blocks.ts';

const BITS = [32, 16, 8, 4] as const;
type Bits = (typeof BITS)[number];

/** Dimensions whose codes are taken as one vector of 16 bytes; two such halves make a block. */
const HALF = 16;

/** `scoreBlocks`, `weighBlocks`, both for two queries at once, and `expandBlock` beside those of f32 attention. */
export function generateTiles(NR: number): string {
  return [
    attentionTiles(NR),
    ...BITS.flatMap((bits) => [score(bits, 1), score(bits, 2), weigh(bits), weighTwo(bits), expand(bits)]),
    choose('scoreBlocks', 'blocks: usize, groups: i32, fours: i32, x: usize, s: usize, masks: usize'),
    choose('scoreTwo', 'blocks: usize, groups: i32, fours: i32, x: usize, s: usize, ldS: usize, masks: usize'),
    choose('weighBlocks', 'blocks: usize, fours: i32, p: usize, o: usize, decay: f32, masks: usize'),
    choose(
      'weighTwo',
      'blocks: usize, fours: i32, p: usize, ldP: usize, o: usize, ldO: usize, decay0: f32, decay1: f32, masks: usize',
    ),
    choose('expandBlock', 'block: usize, rows: usize, rowBytes: usize, masks: usize'),
  ].join('\n\n');
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

function isInteger(bits: Bits): boolean {
  return bits <= MOST_INTEGER_BITS;
}

/** A swizzle takes a code to the upper end of 32 bits, where it is this many times as large. */
function unitOf(bits: Bits): number {
  return isInteger(bits) ? 2 ** (32 - bits) : 1;
}

function scalesBytes(bits: Bits): number {
  return isInteger(bits) ? SCALES_BYTES : 0;
}

function blockBytes(bits: Bits): number {
  return scalesBytes(bits) + KEYS * keyBytes(bits);
}

function keyBytes(bits: Bits): number {
  return (2 * HALF * bits) / 8;
}

/** Of whole numbers, the codes of one half of a key's 32 as bytes, in their upper bits. */
function codesOf(bits: Bits, key: number, half: number): string {
  const at = SCALES_BYTES + key * keyBytes(bits);
  if (bits === 8) return `v128.load(blocks, ${at + half * HALF})`;
  const pairs = `v128.load(blocks, ${at})`;
  return `v128.and(${half === 0 ? `i16x8.shl(${pairs}, 4)` : pairs}, upper)`;
}

/** What `floats` of a key's half reads, by that name. */
function named(name: string, bits: Bits, key: number, half: number): string[] {
  return isInteger(bits) ? [`const ${name} = ${codesOf(bits, key, half)};`] : [];
}

/** Four of them as f32, `unitOf` times too large. Bits of f16, moved to where f32 has them, are 2¹¹² times too small. */
function floats(name: string, bits: Bits, key: number, half: number, four: number): string {
  if (isInteger(bits)) return `f32x4.convert_i32x4_s(i8x16.relaxed_swizzle(${name}, m${four}))`;
  const at = key * keyBytes(bits) + ((half * HALF + four * 4) * bits) / 8;
  if (bits === 32) return `v128.load(blocks, ${at})`;
  return `f32x4.mul(v128.and(i32x4.shl(v128.load16x4_s(blocks, ${at}), 13), halfBits), lift)`;
}

const MASKS = `${range(4)
  .map((i) => `const m${i} = v128.load(masks, ${16 * i});`)
  .join('\n  ')}
  const upper = v128.load(masks, 64);
  const halfBits = v128.load(masks, 80);
  const lift = v128.load(masks, 96);`;

/** The block's four scales times `factor`. */
function scales(factor: number): string {
  const bits = 'v128.and(i32x4.shl(v128.load16x4_s(blocks), 13), halfBits)';
  return `f32x4.mul(${bits}, f32x4.splat(${2 ** 112 * factor}))`;
}

function splat(vector: string, lane: number): string {
  return `v128.shuffle<f32>(${vector}, ${vector}, ${range(4).fill(lane).join(', ')})`;
}

/** For one query or two, which stand one after another: codes become f32 once for both. */
function score(bits: Bits, queries: 1 | 2): string {
  const each = range(queries);
  const half = (h: number) => [
    ...range(KEYS).flatMap((key) => named(`c${h}_${key}`, bits, key, h)),
    ...range(4).flatMap((four) => [
      ...each.map((r) => `const x${r}_${h}_${four} = v128.load(at${r}, ${(h * HALF + four * 4) * 4});`),
      ...range(KEYS).flatMap((key) => {
        const f = `f${h}_${four}_${key}`;
        return [
          `const ${f} = ${floats(`c${h}_${key}`, bits, key, h, four)};`,
          ...each.map((r) => `a${r}_${key} = f32x4.relaxed_madd(${f}, x${r}_${h}_${four}, a${r}_${key});`),
        ];
      }),
    ]),
  ];
  const total = (r: number) => {
    const [a, b, c, d] = range(KEYS).map((key) => `a${r}_${key}`);
    return [
      `const ab${r} = f32x4.add(v128.shuffle<f32>(${a}, ${b}, 0, 4, 1, 5), v128.shuffle<f32>(${a}, ${b}, 2, 6, 3, 7));`,
      `const cd${r} = f32x4.add(v128.shuffle<f32>(${c}, ${d}, 0, 4, 1, 5), v128.shuffle<f32>(${c}, ${d}, 2, 6, 3, 7));`,
      `const all${r} = f32x4.add(v128.shuffle<f32>(ab${r}, cd${r}, 0, 1, 4, 5), v128.shuffle<f32>(ab${r}, cd${r}, 2, 3, 6, 7));`,
      `sum${r} = ${isInteger(bits) ? `f32x4.relaxed_madd(all${r}, scales, sum${r})` : `f32x4.add(sum${r}, all${r})`};`,
    ];
  };
  const isTwo = queries === 2;
  return `// blocks [fours][groups], x [${queries}][groups·32] → s [fours·${KEYS}]${isTwo ? ', and again ldS bytes on,' : ''} the products of all keys with x
function score${isTwo ? 'Two' : 'Blocks'}${bits}(
  blocks: usize, groups: i32, fours: i32, x: usize, s: usize, ${isTwo ? 'ldS: usize, ' : ''}masks: usize,
): void {
  ${MASKS}
  for (; fours > 0; fours--) {
    ${each.map((r) => `let sum${r} = f32x4.splat(0);`).join('\n    ')}
    let at0 = x;
    ${isTwo ? `let at1 = x + groups * ${4 * 2 * HALF};` : ''}
    for (let g = 0; g < groups; g++) {
      ${each.flatMap((r) => range(KEYS).map((key) => `let a${r}_${key} = f32x4.splat(0);`)).join('\n      ')}
      ${isInteger(bits) ? `const scales = ${scales(1 / unitOf(bits))};` : ''}
      ${[...half(0), ...half(1), ...each.flatMap(total)].join('\n      ')}
      blocks += ${blockBytes(bits)};
      ${each.map((r) => `at${r} += ${4 * 2 * HALF};`).join('\n      ')}
    }
    v128.store(s, sum0);
    ${isTwo ? 'v128.store(s + ldS, sum1);' : ''}
    s += ${4 * KEYS};
  }
}`;
}

function weigh(bits: Bits): string {
  const eight = range(8);
  const key = (k: number) => [
    `const w${k} = ${splat('weights', k)};`,
    ...range(2).flatMap((h) => [
      ...named(`c${k}_${h}`, bits, k, h),
      ...range(4).map((four) => {
        const o = `o${h * 4 + four}`;
        return `${o} = f32x4.relaxed_madd(${floats(`c${k}_${h}`, bits, k, h, four)}, w${k}, ${o});`;
      }),
    ]),
  ];
  return `// blocks [fours], weights p [fours·${KEYS}] → o [32] = decay · o + ${unitOf(bits)} times the products
function weighBlocks${bits}(blocks: usize, fours: i32, p: usize, o: usize, decay: f32, masks: usize): void {
  ${MASKS}
  const decays = f32x4.splat(decay);
  ${eight.map((i) => `let o${i} = f32x4.mul(v128.load(o, ${16 * i}), decays);`).join('\n  ')}
  for (; fours > 0; fours--) {
    const weights = ${isInteger(bits) ? `f32x4.mul(v128.load(p), ${scales(1)})` : 'v128.load(p)'};
    ${range(KEYS).flatMap(key).join('\n    ')}
    blocks += ${blockBytes(bits)};
    p += ${4 * KEYS};
  }
  ${eight.map((i) => `v128.store(o, o${i}, ${16 * i});`).join('\n  ')}
}`;
}

/** For two queries, the sums of half a group at a time, so that they stay in registers. */
function weighTwo(bits: Bits): string {
  const each = range(2);
  const key = (h: number, k: number) => [
    ...named(`c${k}`, bits, k, h),
    ...each.map((r) => `const w${r}_${k} = ${splat(`weights${r}`, k)};`),
    ...range(4).flatMap((four) => [
      `const f${k}_${four} = ${floats(`c${k}`, bits, k, h, four)};`,
      ...each.map((r) => `o${r}_${four} = f32x4.relaxed_madd(f${k}_${four}, w${r}_${k}, o${r}_${four});`),
    ]),
  ];
  const eachSum = (line: (r: number, four: number, at: string) => string) =>
    each
      .flatMap((r) => range(4).map((four) => line(r, four, `o${r === 0 ? '' : ' + ldO'}, ${16 * four}`)))
      .join('\n  ');
  const half = (h: number) => `// As below, dimensions ${16 * h} to ${16 * h + 15}
function weighHalf${h}Two${bits}(
  blocks: usize, fours: i32, p: usize, ldP: usize, o: usize, ldO: usize, decay0: f32, decay1: f32, masks: usize,
): void {
  ${MASKS}
  ${eachSum((r, four, at) => `let o${r}_${four} = f32x4.mul(v128.load(${at}), f32x4.splat(decay${r}));`)}
  for (; fours > 0; fours--) {
    ${isInteger(bits) ? `const scales = ${scales(1)};` : ''}
    ${each
      .map((r) => {
        const weights = `v128.load(p${r === 0 ? '' : ' + ldP'})`;
        return `const weights${r} = ${isInteger(bits) ? `f32x4.mul(${weights}, scales)` : weights};`;
      })
      .join('\n    ')}
    ${range(KEYS)
      .flatMap((k) => key(h, k))
      .join('\n    ')}
    blocks += ${blockBytes(bits)};
    p += ${4 * KEYS};
  }
  ${eachSum((r, four, at) => `v128.store(${at.replace(',', `, o${r}_${four},`)});`)}
}`;
  return `${half(0)}

${half(1)}

// blocks [fours], weights p [fours·${KEYS}] and again ldP bytes on → o [32] and again ldO bytes on, as weighBlocks has them
function weighTwo${bits}(
  blocks: usize, fours: i32, p: usize, ldP: usize, o: usize, ldO: usize, decay0: f32, decay1: f32, masks: usize,
): void {
  weighHalf0Two${bits}(blocks, fours, p, ldP, o, ldO, decay0, decay1, masks);
  weighHalf1Two${bits}(blocks, fours, p, ldP, o + ${4 * HALF}, ldO, decay0, decay1, masks);
}`;
}

function expand(bits: Bits): string {
  const scaled = (four: string, k: number) => (isInteger(bits) ? `f32x4.mul(${four}, w${k})` : four);
  const key = (k: number) => [
    ...(isInteger(bits) ? [`const w${k} = ${splat('scale', k)};`] : []),
    ...range(2).flatMap((h) => [
      ...named(`c${k}_${h}`, bits, k, h),
      ...range(4).map((four) => {
        const values = scaled(floats(`c${k}_${h}`, bits, k, h, four), k);
        return `v128.store(rows, ${values}, ${(h * HALF + four * 4) * 4});`;
      }),
    ]),
    'rows += rowBytes;',
  ];
  return `// One block → its four keys [32] as f32, rowBytes apart
function expandBlock${bits}(blocks: usize, rows: usize, rowBytes: usize, masks: usize): void {
  ${MASKS}
  ${isInteger(bits) ? `const scale = ${scales(1 / unitOf(bits))};` : ''}
  ${range(KEYS).flatMap(key).join('\n  ')}
}`;
}

function choose(name: string, parameters: string): string {
  const names = parameters.split(', ').map((parameter) => parameter.split(':')[0]);
  const cases = BITS.map((bits) => `case ${bits}: ${name}${bits}(${names.join(', ')}); break;`);
  return `export function ${name}(bits: i32, ${parameters}): void {
  switch (bits) {
    ${cases.join('\n    ')}
    default: unreachable();
  }
}`;
}
