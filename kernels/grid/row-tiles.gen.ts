// Writes the AssemblyScript products of one row of X with a panel of codes of whole numbers.
import { kept, partsOf, quad, quadsOf, range, vectorsOf, wordsOf } from './codes.gen.ts';
import { BLOCK, QUAD, quadsInWords, type Variant } from './variants.ts';

/** `<kind>Row<variant>` for f32 and whole numbers of X, and the same as machines with an instruction for it do it. */
export function rowTiles(variant: Variant, NR: number): string[] {
  const isSigned = variant.arithmetic === 'signs';
  return [
    isSigned ? pairRow(variant, NR) : byteRow(variant, NR, 3),
    isSigned ? signRow(variant, NR) : byteRow(variant, NR, 1),
    dotRow(variant, NR, 3),
    dotRow(variant, NR, 1),
  ];
}

/** What a row's product is given: see byteRow. */
export const ROW =
  'x: usize, units: usize, w: usize, scales: usize, mins: usize, groups: i32, blocks: i32, table: usize, y: usize';

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
function rowOf(variant: Variant, name: string, NR: number, xBytes: number, sums: Sums, comment: string): string {
  const vectors = vectorsOf(NR);
  const parts = partsOf(variant);
  const scaled = (part: number) => [
    ...sums.end(part),
    `const unit${part} = v128.load32_splat(units, ${part * 16});`,
    ...vectors.map(
      (v) =>
        `y${v} = f32x4.relaxed_madd(f${part}_${v}, f32x4.mul(unit${part}, v128.load(scales, ${(part * NR + v * 4) * 4})), y${v});`,
    ),
  ];
  const advance = `w += ${wordsOf(variant) * NR * 4};
      x += ${xBytes};`;
  const ofBlocks = `${sums.begin(0).join('\n    ')}
    for (let block = blocks; block > 0; block--) {
      ${sums.add(0, quadsOf(variant, 0)).join('\n      ')}
      ${advance}
    }
    ${scaled(0).join('\n    ')}
    if (mins != 0) {
      const sum = v128.load32_splat(units, 12);
      ${vectors.map((v) => `y${v} = f32x4.relaxed_nmadd(sum, v128.load(mins, ${v * 16}), y${v});`).join('\n      ')}
      mins += ${NR * 4};
    }`;
  const ofParts = `${parts.flatMap((part) => [...sums.begin(part), ...sums.add(part, quadsOf(variant, part)), ...scaled(part)]).join('\n    ')}
    ${advance}`;
  return `${comment}
function ${name}${variant.name}(${ROW}): void {
  ${kept(variant)}
  ${vectors.map((v) => `let y${v} = f32x4.splat(0);`).join('\n  ')}
  for (; groups > 0; groups -= ${parts.length}) {
    ${parts.length === 1 ? ofBlocks : ofParts}
    units += ${16 * parts.length};
    scales += ${NR * 4 * parts.length};
  }
  ${vectors.map((v) => `v128.store(y, y${v}, ${v * 16});`).join('\n  ')}
}`;
}

/**
 * Where the machine multiplies any bytes and adds four products in 32 bits: codes are unsigned bytes, digits of X signed ones.
 * x [blocks][quads][digits][4]; units [groups][unit f32, −zero·Σ high digit, −zero·Σ of the others, Σx]. One digit has two sums
 * for each vector, by turns, where a block has one group: the instruction takes four clocks, and a machine can begin two in each.
 */
function dotRow(variant: Variant, NR: number, digits: 1 | 3): string {
  const vectors = vectorsOf(NR);
  const turns = range(digits === 1 && variant.block === BLOCK ? 2 : 1);
  const sumOf = (part: number, d: number, v: number, turn: number) => `c${part}_${d}_${v}_${turn}`;
  const start = (part: number, d: number) =>
    d === 1 ? 'i32x4.splat(0)' : `v128.load32_splat(units, ${part * 16 + (d === digits - 1 ? 8 : 4)})`;
  const total = (part: number, d: number, v: number) =>
    turns.map((turn) => sumOf(part, d, v, turn)).reduce((sum, other) => `i32x4.add(${sum}, ${other})`);
  const sums: Sums = {
    begin: (part) =>
      range(digits).flatMap((d) => [
        `const start${part}_${d} = ${start(part, d)};`,
        ...vectors.flatMap((v) =>
          turns.map(
            (turn) => `let ${sumOf(part, d, v, turn)} = ${turn === 0 ? `start${part}_${d}` : 'i32x4.splat(0)'};`,
          ),
        ),
      ]),
    add: (part, quads) =>
      quads.flatMap((q) => [
        ...range(digits).map((d) => `const x${q}_${d} = v128.load32_splat(x, ${(q * digits + d) * 4});`),
        ...vectors.flatMap((v) => [
          ...quad(variant, q, NR, [v]),
          ...range(digits).map((d) => {
            const name = sumOf(part, d, v, q % turns.length);
            return `${name} = i32x4.relaxed_dot_i8x16_i7x16_add_s(x${q}_${d}, n${q}_${v}, ${name});`;
          }),
        ]),
      ]),
    end: (part) =>
      vectors.map((v) => {
        if (digits === 1) return `const f${part}_${v} = f32x4.convert_i32x4_s(${total(part, 0, v)});`;
        const low = `i32x4.add(i32x4.shl(${total(part, 1, v)}, 8), ${total(part, 2, v)})`;
        return `const f${part}_${v} = f32x4.relaxed_madd(f32x4.convert_i32x4_s(${total(part, 0, v)}), v128.load(HIGH), f32x4.convert_i32x4_s(${low}));`;
      }),
  };
  return rowOf(
    variant,
    digits === 3 ? 'dotFloatRow' : 'dotIntegerRow',
    NR,
    BLOCK * digits,
    sums,
    signature(NR, digits),
  );
}

const signature = (NR: number, digits: number) =>
  `// x [blocks][8][${digits}][4] digits, units [groups][4], w [blocks], scales [groups][${NR}] f32, mins alike or 0 → y [${NR}]`;

/**
 * Codes are unsigned and at most 7 bits, digits of X signed bytes: their products need no widening, and are exact on every
 * machine. x and units as for dotRow.
 */
function byteRow(variant: Variant, NR: number, digits: 1 | 3): string {
  const vectors = vectorsOf(NR);
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
            run.flatMap((q) => [...quad(variant, q, NR, [v]), addProduct(part, q, 0, v), ...widened(part, q, v)]),
          ),
        ])
      : quads.flatMap((q) => [
          ...quad(variant, q, NR),
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
  return rowOf(variant, digits === 3 ? 'floatRow' : 'integerRow', NR, BLOCK * digits, sums, signature(NR, digits));
}

/** In runs of so many. */
function runsOf(quads: readonly number[], length: number): number[][] {
  return range(Math.ceil(quads.length / length)).map((i) => quads.slice(i * length, (i + 1) * length));
}

function widen(part: number, chunk: number, v: number, digits: 1 | 3): string[] {
  const pairs = (d: number, factor: string) => `i32x4.dot_i16x8_s(d${part}_${chunk}_${d}_${v}, v128.load(${factor}))`;
  const low = `l${part}_${v}`;
  if (digits === 1) return [`${low} = i32x4.add(${low}, ${pairs(0, 'ONES')});`];
  return [
    `h${part}_${v} = i32x4.add(h${part}_${v}, ${pairs(0, 'ONES')});`,
    `${low} = i32x4.add(${low}, i32x4.add(${pairs(1, 'BYTES')}, ${pairs(2, 'ONES')}));`,
  ];
}

/**
 * Codes are signed bytes, X whole numbers of 8 bits: codes take on the sign of X and are multiplied by what is left of it, which
 * is unsigned and at most 7 bits. x [blocks][8][|x| of four, sign of four as 0 or −1].
 */
function signRow(variant: Variant, NR: number): string {
  const vectors = vectorsOf(NR);
  const sums: Sums = {
    begin: (part) => vectors.map((v) => `let l${part}_${v} = i32x4.splat(0);`),
    add: (part, quads) =>
      quads.flatMap((q) => [
        ...quad(variant, q, NR),
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
    NR,
    64,
    sums,
    `// x [blocks][8][|x| of four, their signs], units, w, scales and mins as above → y [${NR}]`,
  );
}

/**
 * Codes are signed bytes, X two digits of 12 bits and more: both are widened to 16 bits, whose products are exact.
 * x [blocks][8][2 digits][x₀, x₂, x₁, x₃].
 */
function pairRow(variant: Variant, NR: number): string {
  const vectors = vectorsOf(NR);
  const sums: Sums = {
    begin: (part) =>
      vectors.flatMap((v) => [`let h${part}_${v} = i32x4.splat(0);`, `let l${part}_${v} = i32x4.splat(0);`]),
    add: (part, quads) =>
      quads.flatMap((q) => [
        ...quad(variant, q, NR),
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
    NR,
    128,
    sums,
    `// x [blocks][8][2][x₀, x₂, x₁, x₃] int16, units, w, scales and mins as above → y [${NR}]`,
  );
}
