// Writes the AssemblyScript that products of several rows of X are made of: codes of whole numbers out of a panel, as f32 or as
// bytes, and the tiles that multiply those bytes with bytes of X.
import { kept, quad, range, vectorsOf, wordsOf } from './codes.gen.ts';
import { BLOCK, QUAD, quadsInWords, type Variant, variants } from './variants.ts';

export function unpackTiles(variant: Variant, NR: number): string[] {
  return [unpackBlock(variant, NR), unpackBytes(variant, NR)];
}

function unpackBlock(variant: Variant, NR: number): string {
  const vectors = vectorsOf(NR);
  const isSigned = variant.arithmetic === 'signs';
  const byte = (q: number, v: number, i: number) => {
    const name = `n${q}_${v}`;
    if (isSigned) return `i32x4.shr_s(${i === 3 ? name : `i32x4.shl(${name}, ${24 - 8 * i})`}, 24)`;
    const code = i === 3 ? `i32x4.shr_u(${name}, 24)` : `v128.and(i32x4.shr_u(${name}, ${8 * i}), low)`;
    return `i32x4.sub(${code}, zeros)`;
  };
  const quads = range(BLOCK / QUAD).flatMap((q) => [
    ...quad(variant, q, NR),
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

/** Codes of 8 bits are bytes where they are. */
function unpackBytes(variant: Variant, NR: number): string {
  const isByte = variant.planes[0] === 8;
  const stores = range(BLOCK / QUAD).flatMap((q) => [
    ...quad(variant, q, NR),
    ...vectorsOf(NR).map((v) => `v128.store(out, n${q}_${v}, ${(q * NR + v * 4) * 4});`),
  ]);
  const loop = `${kept(variant)}
  const bytes = out;
  for (; blocks > 0; blocks--) {
    ${stores.join('\n    ')}
    w += ${wordsOf(variant) * NR * 4};
    out += ${BLOCK * NR};
  }
  return bytes;`;
  return `// w [blocks] of 32 codes in ${NR} rows → [blocks][8][${NR}][4] bytes, at the address that is returned
function bytes${variant.name}(w: usize, blocks: i32, table: usize, out: usize): usize {
  ${isByte ? 'return w;' : loop}
}`;
}

const ROWS = [1, 2, 3, 4, 5, 6];
/** 0 where the machine adds products in 32 bits, else how many quads are added in 16 bits. */
const SUMS = [0, ...new Set(variants.filter(({ arithmetic }) => arithmetic === 'bytes').map(quadsInWords))];

const TILE =
  'x: usize, units: usize, w: usize, scales: usize, mins: usize, groups: i32, quads: i32, y: usize, ldY: usize, first: bool';

export function byteTiles(NR: number): string {
  return [...SUMS.flatMap((inWords) => ROWS.map((rows) => byteTile(inWords, rows, NR))), chooseTile()].join('\n\n');
}

function chooseTile(): string {
  const names = TILE.split(', ').map((parameter) => parameter.split(':')[0]);
  const cases = SUMS.flatMap((inWords) =>
    ROWS.map((rows) => `case ${inWords * 8 + rows}: return bytes${inWords}_${rows}(${names.join(', ')});`),
  );
  return `export function multiplyBytes(inWords: i32, rows: i32, ${TILE}): void {
  switch (inWords * 8 + rows) {
    ${cases.join('\n    ')}
  }
}`;
}

/**
 * Bytes of X times bytes of codes. Sums of a group are whole numbers; its scale and X's unit then bring them to f32. Products are
 * added in 32 bits by one instruction where the machine has it, else so many quads of them in 16 bits.
 */
function byteTile(inWords: number, rows: number, NR: number): string {
  const vectors = vectorsOf(NR);
  const all = range(rows).flatMap((r) => vectors.map((v) => ({ r, v, at: `${r}_${v}` })));
  const step = Math.max(4, inWords);
  const ofQuad = (q: number) => [
    ...vectors.map((v) => `const w${q}_${v} = v128.load(w, ${q * NR * 4 + v * 16});`),
    ...range(rows).flatMap((r) => [
      `const x${q}_${r} = v128.load32_splat(x, ${r * 4});`,
      ...vectors.map((v) => addProduct(inWords, q, `${r}_${v}`, `x${q}_${r}, w${q}_${v}`)),
    ]),
    `x += ${rows * 4};`,
    ...(inWords > 0 && q % inWords === inWords - 1 ? all.map(({ at }) => widened(at, Math.floor(q / inWords))) : []),
  ];
  const field = (i: number, r: number) => `v128.load32_splat(units, ${(i * rows + r) * 4})`;
  return `// x [quads of all groups][${rows}][4] int8, units [groups][4][${rows}], w [quads][${NR}][4] bytes, scales [groups][${NR}] f32, mins alike
// or 0 → y [${rows}][${NR}] with rows ldY bytes apart; adds to y where it isn't the first part of K
function bytes${inWords}_${rows}(${TILE}): void {
  ${inWords > 0 ? 'const ones = v128.load(ONES);' : ''}
  ${all.map(({ at }) => `let y${at} = f32x4.splat(0);`).join('\n  ')}
  for (; groups > 0; groups--) {
    ${range(rows)
      .flatMap((r) => [`const start${r} = ${field(2, r)};`, ...vectors.map((v) => `let c${r}_${v} = start${r};`)])
      .join('\n    ')}
    for (let left = quads; left > 0; left -= ${step}) {
      ${range(step).flatMap(ofQuad).join('\n      ')}
      w += ${step * NR * 4};
    }
    ${vectors.map((v) => `const s${v} = v128.load(scales, ${v * 16});`).join('\n    ')}
    ${range(rows)
      .flatMap((r) => [
        `const unit${r} = ${field(0, r)};`,
        ...vectors.map(
          (v) =>
            `y${r}_${v} = f32x4.relaxed_madd(f32x4.mul(f32x4.convert_i32x4_s(c${r}_${v}), s${v}), unit${r}, y${r}_${v});`,
        ),
      ])
      .join('\n    ')}
    if (mins != 0) {
      ${vectors.map((v) => `const m${v} = v128.load(mins, ${v * 16});`).join('\n      ')}
      ${range(rows)
        .flatMap((r) => [
          `const sum${r} = ${field(3, r)};`,
          ...vectors.map((v) => `y${r}_${v} = f32x4.relaxed_nmadd(sum${r}, m${v}, y${r}_${v});`),
        ])
        .join('\n      ')}
      mins += ${NR * 4};
    }
    units += ${rows * 16};
    scales += ${NR * 4};
  }
  ${range(rows)
    .map((r) => `const at${r} = ${r === 0 ? 'y' : `at${r - 1} + ldY`};`)
    .join('\n  ')}
  if (!first) {
    ${all.map(({ r, v, at }) => `y${at} = f32x4.add(y${at}, v128.load(at${r}, ${v * 16}));`).join('\n    ')}
  }
  ${all.map(({ r, v, at }) => `v128.store(at${r}, y${at}, ${v * 16});`).join('\n  ')}
}`;
}

function addProduct(inWords: number, q: number, at: string, factors: string): string {
  if (inWords === 0) return `c${at} = i32x4.relaxed_dot_i8x16_i7x16_add_s(${factors}, c${at});`;
  const product = `i16x8.relaxed_dot_i8x16_i7x16_s(${factors})`;
  const sum = `d${Math.floor(q / inWords)}_${at}`;
  return q % inWords === 0 ? `let ${sum} = ${product};` : `${sum} = i16x8.add(${sum}, ${product});`;
}

function widened(at: string, run: number): string {
  return `c${at} = i32x4.add(c${at}, i32x4.dot_i16x8_s(d${run}_${at}, ones));`;
}
