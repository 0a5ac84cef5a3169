// Writes the AssemblyScript products of one row of X with codes that are places in a table of any numbers, each kept as three digits,
// where the machine multiplies any bytes and adds four products in 32 bits.
import { kept, quad, range, vectorsOf, wordsOf } from './codes.gen.ts';
import { ROW } from './row-tiles.gen.ts';
import { BLOCK, QUAD, type Variant } from './variants.ts';

const DIGITS = 3;

export function digitTiles(variant: Variant, NR: number): string[] {
  return [digitRow(variant, NR, 1), digitRow(variant, NR, 3)];
}

/**
 * x [blocks][8][digits][4] and units [groups][4] as for byteRow. The sum at place p is of the products of digit i of X with digit
 * p − i of the table; places beyond the third are left out, being less than what X was rounded by. Three digits of X take one
 * vector of rows after the other: both together would need more registers than there are.
 */
function digitRow(variant: Variant, NR: number, digits: 1 | 3): string {
  const vectors = vectorsOf(NR);
  const passes = digits === 1 ? [vectors] : vectors.map((v) => [v]);
  const name = `${digits === 1 ? 'dotIntegerRow' : 'dotFloatRow'}${variant.name}`;
  return `// x [blocks][8][${digits}][4] digits, units [groups][4], w [blocks], scales [groups][${NR}] f32 → y [${NR}]
function ${name}(${ROW}): void {
  ${kept(variant)}
  ${vectors.map((v) => `let y${v} = f32x4.splat(0);`).join('\n  ')}
  const wBytes = blocks * ${wordsOf(variant) * NR * 4};
  const xBytes = blocks * ${BLOCK * digits};
  for (; groups > 0; groups--) {
    ${passes.map((pass) => passOf(variant, NR, digits, pass)).join('\n    ')}
    w += wBytes;
    x += xBytes;
    units += 16;
    scales += ${NR * 4};
  }
  ${vectors.map((v) => `v128.store(y, y${v}, ${v * 16});`).join('\n  ')}
}`;
}

/** The product with some of a group's rows. */
function passOf(variant: Variant, NR: number, digits: 1 | 3, vectors: readonly number[]): string {
  const start = (place: number) => {
    if (place === digits - 1) return 'v128.load32_splat(units, 8)';
    return place === 0 ? 'v128.load32_splat(units, 4)' : 'i32x4.splat(0)';
  };
  const begin = range(DIGITS).flatMap((place) => vectors.map((v) => `let c${place}_${v} = ${start(place)};`));
  const products = range(BLOCK / QUAD).flatMap((q) => [
    ...range(digits).map((d) => `const x${q}_${d} = v128.load32_splat(ownX, ${(q * digits + d) * 4});`),
    ...vectors.flatMap((v) => [
      ...quad(variant, q, NR, [v], 'ownW'),
      ...range(DIGITS).map((j) => `const e${q}_${v}_${j} = i8x16.relaxed_swizzle(entries${j}, n${q}_${v});`),
      ...range(DIGITS).map((place) => `c${place}_${v} = ${added(q, v, place, digits)};`),
    ]),
  ]);
  const end = vectors.map((v) => {
    const low = `f32x4.relaxed_madd(f32x4.convert_i32x4_s(c1_${v}), v128.load(EIGHT), f32x4.convert_i32x4_s(c2_${v}))`;
    const sum = `f32x4.relaxed_madd(f32x4.convert_i32x4_s(c0_${v}), v128.load(HIGH), ${low})`;
    const inUnits = digits === 1 ? sum : `f32x4.mul(${sum}, v128.load(HIGH))`;
    const scale = `f32x4.mul(v128.load32_splat(units), v128.load(scales, ${v * 16}))`;
    return `y${v} = f32x4.relaxed_madd(${inUnits}, ${scale}, y${v});`;
  });
  return `{
      let ownW = w;
      let ownX = x;
      ${begin.join('\n      ')}
      for (let block = blocks; block > 0; block--) {
        ${products.join('\n        ')}
        ownW += ${wordsOf(variant) * NR * 4};
        ownX += ${BLOCK * digits};
      }
      ${end.join('\n      ')}
    }`;
}

/** The sum at a place with the products of a quad. Several of them are begun anew, so that none waits for the quad before. */
function added(q: number, v: number, place: number, digits: 1 | 3): string {
  const sum = `c${place}_${v}`;
  const pairs = range(digits).filter((i) => i <= place);
  const productsOn = (start: string) =>
    pairs.reduce(
      (before, i) => `i32x4.relaxed_dot_i8x16_i7x16_add_s(x${q}_${i}, e${q}_${v}_${place - i}, ${before})`,
      start,
    );
  return pairs.length === 1 ? productsOn(sum) : `i32x4.add(${sum}, ${productsOn('i32x4.splat(0)')})`;
}
