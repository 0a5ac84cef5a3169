// Writes the AssemblyScript inner tiles of the grid kernels: asc neither unrolls loops nor keeps arrays in registers.
import { generateTiles as generateDenseTiles } from '../dense/tiles.gen.ts';
import { floatTiles } from './float-tiles.gen.ts';
import { scaleTiles } from './scale-tiles.gen.ts';
import { tritTiles } from './trit-tiles.gen.ts';
import { type Variant, variants } from './variants.ts';

/** Codes along K that the tiles take at once. */
const BLOCK = 32;
/** Four codes of a row, next to each other along K, lie in a lane. */
const QUAD = 4;

export function generateTiles(NR: number): string {
  const integers = variants.filter(({ arithmetic }) => arithmetic !== 'floats');
  return [
    generateDenseTiles(NR),
    CONSTANTS,
    ...integers.flatMap((variant) => [
      unpackBlock(variant, NR),
      variant.arithmetic === 'bytes' ? byteRow(variant, { NR, panels: 1 }, 3) : pairRow(variant, { NR, panels: 1 }),
      ...[1, 2].map((panels) =>
        variant.arithmetic === 'bytes' ? byteRow(variant, { NR, panels }, 1) : signRow(variant, { NR, panels }),
      ),
    ]),
    floatTiles(NR),
    scaleTiles(NR),
    tritTiles(NR),
    choose('unpackBlock', 'w: usize, scales: usize, mins: usize, zero: i32, table: usize, out: usize', 'unpack'),
    choose('floatRow', ROW, 'floatRow'),
    choose('integerRow', ROW, 'integerRow'),
    choose('integerRows', `${ROW}, w2: usize, scales2: usize, mins2: usize`, 'integerRows'),
  ].join('\n\n');
}

/** What a row's product is given: see byteRow. */
const ROW =
  'x: usize, units: usize, w: usize, scales: usize, mins: usize, groups: i32, blocks: i32, table: usize, y: usize';

function choose(name: string, parameters: string, prefix: string): string {
  const names = parameters.split(', ').map((parameter) => parameter.split(':')[0]);
  const call = ({ name: of, arithmetic }: Variant, i: number) =>
    `case ${i}: return ${functionOf(prefix, arithmetic, of)}(${names.join(', ')});`;
  return `export function ${name}(variant: i32, ${parameters}): void {
  switch (variant) {
    ${variants.map(call).join('\n    ')}
  }
}`;
}

/** Codes that become f32 have one product for whatever X is, and take one panel at a time. */
function functionOf(prefix: string, arithmetic: Variant['arithmetic'], of: string): string {
  if (arithmetic !== 'floats' || !prefix.startsWith('integerRow')) return `${prefix}${of}`;
  return prefix === 'integerRow' ? `floatRow${of}` : `floatRows${of}`;
}

/** How many panels of NR rows are taken together: two streams bring more out of memory than one. */
interface Tile {
  readonly NR: number;
  readonly panels: number;
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/**
 * Constants lie in memory, since V8 builds a constant vector anew wherever it is used, in four instructions, and a load is one.
 */
const CONSTANTS = `const ONES = memory.data<i16>([${Array(8).fill(1).join(', ')}], 16);
const BYTES = memory.data<i16>([${Array(8).fill(256).join(', ')}], 16);
const HIGH = memory.data<f32>([${Array(4).fill('65536').join(', ')}], 16);
const TWELVE = memory.data<f32>([${Array(4).fill('4096').join(', ')}], 16);
${[1, 2, 4].flatMap((plane) => shiftsOf(plane).map((shift) => maskData(plane, shift))).join('\n')}`;

function shiftsOf(plane: number): number[] {
  return plane === 4 ? [0] : [0, 2, 4];
}

function maskData(plane: number, shift: number): string {
  return `const MASK${plane}_${shift} = memory.data<u8>([${Array(16)
    .fill((2 ** plane - 1) << shift)
    .join(', ')}], 16);`;
}

const vectorsOf = ({ NR, panels }: Tile) => range((panels * NR) / 4);

/** Loads vector v of what lies `offset` bytes from a pointer, in its own panel's part. */
function loadOf({ NR }: Tile, pointer: string, offset: number, v: number): string {
  const perPanel = NR / 4;
  return `v128.load(${pointer}${v < perPanel ? '' : '2'}, ${offset + (v % perPanel) * 16})`;
}
const wordsOf = ({ planes }: Variant) => planes.reduce((sum, plane) => sum + plane, 0);

/** Statements that leave the codes of quad q, four of each row, in n<q>_<v>: bytes, looked up where there is a table. */
function quad(variant: Variant, q: number, tile: Tile, vectors = vectorsOf(tile)): string[] {
  const { NR } = tile;
  const statements: string[] = [];
  for (const v of vectors) {
    let below = 0;
    let word = 0;
    const parts: string[] = [];
    for (const plane of variant.planes) {
      const quads = 8 / plane;
      const name = `w${plane}_${Math.floor(q / quads)}_${v}`;
      if (q % quads === 0) {
        statements.push(`const ${name} = ${loadOf(tile, 'w', (word + Math.floor(q / quads)) * NR * 4, v)};`);
      }
      parts.push(plane === 8 ? name : masked(name, plane, (q % quads) * plane - below, below));
      word += plane;
      below += plane;
    }
    const code = parts.reduce((sum, part) => `v128.or(${sum}, ${part})`);
    statements.push(`const n${q}_${v} = ${variant.isTable ? `i8x16.relaxed_swizzle(entries, ${code})` : code};`);
  }
  return statements;
}

/** Bits of a plane that stand `shift` above where they are wanted, at bit `at` of each byte. */
function masked(name: string, plane: number, shift: number, at: number): string {
  const moved = shift === 0 ? name : shift > 0 ? `i16x8.shr_u(${name}, ${shift})` : `i16x8.shl(${name}, ${-shift})`;
  return `v128.and(${moved}, mask${plane}_${at})`;
}

/** What all tiles of a variant keep in registers: its table, and a mask for each plane. */
function kept({ isTable, planes, arithmetic }: Variant): string {
  let below = 0;
  const masks = planes.flatMap((plane) => {
    const name = `${plane}_${below}`;
    below += plane;
    return plane === 8 ? [] : [`const mask${name} = v128.load(MASK${name});`];
  });
  const ones = arithmetic === 'bytes' ? ['const ones = v128.load(ONES);'] : [];
  return [...(isTable ? ['const entries = v128.load(table);'] : []), ...masks, ...ones].join('\n  ');
}

/** Quads whose products, two to a lane of 16 bits and each at most 2·most·128, can be added before they are widened. */
function quadsInWords({ most, block }: Variant): number {
  const fit = Math.floor((2 ** 15 - 1) / (2 * most * 128));
  return Math.min(block / QUAD, 2 ** Math.floor(Math.log2(fit)));
}

function unpackBlock(variant: Variant, NR: number): string {
  const tile = { NR, panels: 1 };
  const vectors = vectorsOf(tile);
  const isSigned = variant.arithmetic === 'signs';
  const byte = (q: number, v: number, i: number) => {
    const name = `n${q}_${v}`;
    if (isSigned) return `i32x4.shr_s(${i === 3 ? name : `i32x4.shl(${name}, ${24 - 8 * i})`}, 24)`;
    const code = i === 3 ? `i32x4.shr_u(${name}, 24)` : `v128.and(i32x4.shr_u(${name}, ${8 * i}), low)`;
    return `i32x4.sub(${code}, zeros)`;
  };
  const quads = range(BLOCK / QUAD).flatMap((q) => [
    ...quad(variant, q, tile),
    ...(variant.block === 16 && q === 4 ? vectors.map((v) => `s${v} = v128.load(scales, ${NR * 4 + v * 16});`) : []),
    ...range(QUAD).flatMap((i) =>
      vectors.map(
        (v) =>
          `v128.store(out, f32x4.sub(f32x4.mul(f32x4.convert_i32x4_s(${byte(q, v, i)}), s${v}), m${v}), ${((q * QUAD + i) * NR + v * 4) * 4});`,
      ),
    ),
  ]);
  return `// w of 32 codes in ${NR} rows, scales and mins [${NR}] f32 of their group${variant.block === 16 ? 's, two of scales' : ''} → out [32][${NR}] f32
function unpack${variant.name}(w: usize, scales: usize, mins: usize, zero: i32, table: usize, out: usize): void {
  ${kept(variant)}
  const zeros = i32x4.splat(zero);
  const low = i32x4.splat(255);
  ${vectors.map((v) => `let s${v} = v128.load(scales, ${v * 16});`).join('\n  ')}
  ${vectors.map((v) => `const m${v} = mins == 0 ? f32x4.splat(0) : v128.load(mins, ${v * 16});`).join('\n  ')}
  ${quads.join('\n  ')}
}`;
}

/** How codes are multiplied with X, `part` being 0, or 1 for the second half of a block that two groups share. */
interface Sums {
  /** Sums of a group before its first block. */
  begin(part: number): string[];
  /** Adds products of quads of a block to them. */
  add(part: number, quads: readonly number[]): string[];
  /** Leaves the sums as f32 in f<part>_<v>, in units of X. */
  end(part: number): string[];
}

/** The product of one row: sums of a group are scaled by X's unit and the group's scale. */
function rowOf(variant: Variant, name: string, tile: Tile, xBytes: number, sums: Sums, comment: string): string {
  const { NR, panels } = tile;
  const vectors = vectorsOf(tile);
  const isPair = panels === 2;
  const parameters = isPair ? `${ROW}, w2: usize, scales2: usize, mins2: usize` : ROW;
  const both = (pointer: string, bytes: number) =>
    [pointer, ...(isPair ? [`${pointer}2`] : [])].map((each) => `${each} += ${bytes};`).join('\n      ');
  const parts = variant.block === 16 ? [0, 1] : [0];
  const quadsOf = (part: number) =>
    range(BLOCK / QUAD).slice((part * BLOCK) / QUAD / parts.length, ((part + 1) * BLOCK) / QUAD / parts.length);
  const scaled = (part: number) => [
    ...sums.end(part),
    `const unit${part} = v128.load32_splat(units, ${part * 16});`,
    ...vectors.map(
      (v) =>
        `y${v} = f32x4.relaxed_madd(f${part}_${v}, f32x4.mul(unit${part}, ${loadOf(tile, 'scales', part * NR * 4, v)}), y${v});`,
    ),
  ];
  const advance = `${both('w', wordsOf(variant) * NR * 4)}
      x += ${xBytes};`;
  const ofBlocks = `${sums.begin(0).join('\n    ')}
    for (let block = blocks; block > 0; block--) {
      ${sums.add(0, quadsOf(0)).join('\n      ')}
      ${advance}
    }
    ${scaled(0).join('\n    ')}
    if (mins != 0) {
      const sum = v128.load32_splat(units, 12);
      ${vectors.map((v) => `y${v} = f32x4.relaxed_nmadd(sum, ${loadOf(tile, 'mins', 0, v)}, y${v});`).join('\n      ')}
      ${both('mins', NR * 4)}
    }`;
  const ofParts = `${parts.flatMap((part) => [...sums.begin(part), ...sums.add(part, quadsOf(part)), ...scaled(part)]).join('\n    ')}
    ${advance}`;
  return `${comment}
function ${name}${isPair ? 's' : ''}${variant.name}(${parameters}): void {
  ${kept(variant)}
  ${vectors.map((v) => `let y${v} = f32x4.splat(0);`).join('\n  ')}
  for (; groups > 0; groups -= ${parts.length}) {
    ${parts.length === 1 ? ofBlocks : ofParts}
    units += ${16 * parts.length};
    ${both('scales', NR * 4 * parts.length)}
  }
  ${vectors.map((v) => `v128.store(y, y${v}, ${v * 16});`).join('\n  ')}
}`;
}

/**
 * Codes are unsigned and at most 7 bits, digits of X signed bytes: their products need no widening, and are exact on every
 * machine. x [blocks][quads][digits][4]; units [groups][unit f32, −zero·Σ high digit, −zero·Σ of the others, Σx].
 */
function byteRow(variant: Variant, tile: Tile, digits: 1 | 3): string {
  const vectors = vectorsOf(tile);
  const inWords = quadsInWords(variant);
  const perPart = variant.block / QUAD;
  const splatOf = (q: number, d: number) => `const x${q}_${d} = v128.load32_splat(x, ${(q * digits + d) * 4});`;
  const addProduct = (part: number, q: number, d: number, v: number) => {
    const i = q % perPart;
    const product = `i16x8.relaxed_dot_i8x16_i7x16_s(x${q}_${d}, n${q}_${v})`;
    const name = `d${part}_${Math.floor(i / inWords)}_${d}_${v}`;
    return i % inWords === 0 ? `let ${name} = ${product};` : `${name} = i16x8.add(${name}, ${product});`;
  };
  const widened = (part: number, q: number, v: number) => {
    const i = q % perPart;
    return i % inWords === inWords - 1 ? widen(part, Math.floor(i / inWords), v, digits) : [];
  };
  // With one digit a word is done with before the next one is read; three digits of a word's quads, or codes of one row of them
  // after the other, would need more registers than there are.
  const productsOf = (part: number, quads: readonly number[]) =>
    digits === 1
      ? runsOf(quads, 8 / variant.planes[0]).flatMap((run) => [
          ...run.map((q) => splatOf(q, 0)),
          ...vectors.flatMap((v) =>
            run.flatMap((q) => [...quad(variant, q, tile, [v]), addProduct(part, q, 0, v), ...widened(part, q, v)]),
          ),
        ])
      : quads.flatMap((q) => [
          ...quad(variant, q, tile),
          ...range(digits).flatMap((d) => [splatOf(q, d), ...vectors.map((v) => addProduct(part, q, d, v))]),
          ...vectors.flatMap((v) => widened(part, q, v)),
        ]);
  const sums: Sums = {
    begin: (part) => [
      ...(digits === 3 ? [`const high${part} = v128.load32_splat(units, ${part * 16 + 4});`] : []),
      `const low${part} = v128.load32_splat(units, ${part * 16 + 8});`,
      ...vectors.flatMap((v) => [
        ...(digits === 3 ? [`let h${part}_${v} = high${part};`] : []),
        `let l${part}_${v} = low${part};`,
      ]),
    ],
    add: productsOf,
    end: (part) =>
      vectors.map((v) =>
        digits === 3
          ? `const f${part}_${v} = f32x4.relaxed_madd(f32x4.convert_i32x4_s(h${part}_${v}), v128.load(HIGH), f32x4.convert_i32x4_s(l${part}_${v}));`
          : `const f${part}_${v} = f32x4.convert_i32x4_s(l${part}_${v});`,
      ),
  };
  return rowOf(
    variant,
    digits === 3 ? 'floatRow' : 'integerRow',
    tile,
    BLOCK * digits,
    sums,
    `// x [blocks][8][${digits}][4] digits, units [groups][4], w [blocks], scales [groups][${tile.NR}] f32, mins alike or 0 → y [${tile.NR}]`,
  );
}

/** In runs of so many. */
function runsOf(quads: readonly number[], length: number): number[][] {
  return range(Math.ceil(quads.length / length)).map((i) => quads.slice(i * length, (i + 1) * length));
}

function widen(part: number, chunk: number, v: number, digits: 1 | 3): string[] {
  const pairs = (d: number, factor: string) => `i32x4.dot_i16x8_s(d${part}_${chunk}_${d}_${v}, v128.load(${factor}))`;
  const low = `l${part}_${v}`;
  if (digits === 1) return [`${low} = i32x4.add(${low}, i32x4.dot_i16x8_s(d${part}_${chunk}_0_${v}, ones));`];
  return [
    `h${part}_${v} = i32x4.add(h${part}_${v}, ${pairs(0, 'ONES')});`,
    `${low} = i32x4.add(${low}, i32x4.add(${pairs(1, 'BYTES')}, ${pairs(2, 'ONES')}));`,
  ];
}

/**
 * Codes are signed bytes, X whole numbers of 8 bits: codes take on the sign of X and are multiplied by what is left of it, which
 * is unsigned and at most 7 bits. x [blocks][8][|x| of four, sign of four as 0 or −1].
 */
function signRow(variant: Variant, tile: Tile): string {
  const vectors = vectorsOf(tile);
  const sums: Sums = {
    begin: (part) => vectors.map((v) => `let l${part}_${v} = i32x4.splat(0);`),
    add: (part, quads) =>
      quads.flatMap((q) => [
        ...quad(variant, q, tile),
        `const x${q} = v128.load32_splat(x, ${q * 8});`,
        `const s${q} = v128.load32_splat(x, ${q * 8 + 4});`,
        ...vectors.map(
          (v) =>
            `l${part}_${v} = i32x4.relaxed_dot_i8x16_i7x16_add_s(i8x16.sub(v128.xor(n${q}_${v}, s${q}), s${q}), x${q}, l${part}_${v});`,
        ),
      ]),
    end: (part) => vectors.map((v) => `const f${part}_${v} = f32x4.convert_i32x4_s(l${part}_${v});`),
  };
  return rowOf(
    variant,
    'integerRow',
    tile,
    64,
    sums,
    `// x [blocks][8][|x| of four, their signs], units, w, scales and mins as above → y [${tile.NR}]`,
  );
}

/**
 * Codes are signed bytes, X two digits of 12 bits and more: both are widened to 16 bits, whose products are exact.
 * x [blocks][8][2 digits][x₀, x₂, x₁, x₃].
 */
function pairRow(variant: Variant, tile: Tile): string {
  const vectors = vectorsOf(tile);
  const sums: Sums = {
    begin: (part) =>
      vectors.flatMap((v) => [`let h${part}_${v} = i32x4.splat(0);`, `let l${part}_${v} = i32x4.splat(0);`]),
    add: (part, quads) =>
      quads.flatMap((q) => [
        ...quad(variant, q, tile),
        ...vectors.flatMap((v) => [
          `const e${q}_${v} = i16x8.shr_s(i16x8.shl(n${q}_${v}, 8), 8);`,
          `const o${q}_${v} = i16x8.shr_s(n${q}_${v}, 8);`,
        ]),
        ...['h', 'l'].flatMap((sum, d) => [
          `const x${q}_${d}e = v128.load32_splat(x, ${(q * 2 + d) * 8});`,
          `const x${q}_${d}o = v128.load32_splat(x, ${(q * 2 + d) * 8 + 4});`,
          ...vectors.map(
            (v) =>
              `${sum}${part}_${v} = i32x4.add(${sum}${part}_${v}, i32x4.add(i32x4.dot_i16x8_s(e${q}_${v}, x${q}_${d}e), i32x4.dot_i16x8_s(o${q}_${v}, x${q}_${d}o)));`,
          ),
        ]),
      ]),
    end: (part) =>
      vectors.map(
        (v) =>
          `const f${part}_${v} = f32x4.relaxed_madd(f32x4.convert_i32x4_s(h${part}_${v}), v128.load(TWELVE), f32x4.convert_i32x4_s(l${part}_${v}));`,
      ),
  };
  return rowOf(
    variant,
    'floatRow',
    tile,
    128,
    sums,
    `// x [blocks][8][2][x₀, x₂, x₁, x₃] int16, units, w, scales and mins as above → y [${tile.NR}]`,
  );
}
