// Writes the AssemblyScript that makes codes of two bits of five codes to a byte.

/** Quads in five bytes of two-bit codes are as many as in four bytes of five codes. */
export const TRIT_ROUND = 20;

/**
 * A byte is 128 less than the fixed-point fraction of 256 whose first digit of base 3 is the first code: three times it, modulo 256,
 * brings the next digit to the front, as in ggml's TQ1_0. The 128 stays, since three times it is 128 again, and lets signed
 * comparisons do.
 */
export function tritTiles(NR: number): string {
  const vectors = Array.from({ length: NR / 4 }, (_, v) => v);
  const quads = Array.from({ length: TRIT_ROUND }, (_, q) => q);
  const each = (v: number) =>
    quads.flatMap((q) => {
      const [word, digit] = [Math.floor(q / 5), q % 5];
      const y = `y${word}_${digit}_${v}`;
      const before = `y${word}_${digit - 1}_${v}`;
      return [
        digit === 0
          ? `const ${y} = v128.load(w, ${(word * NR + v * 4) * 4});`
          : `const ${y} = i8x16.add(i8x16.add(${before}, ${before}), ${before});`,
        `const n${q}_${v} = i8x16.sub(i8x16.sub(none, i8x16.gt_s(${y}, one)), i8x16.gt_s(${y}, two));`,
        ...(q % 4 === 3 ? [`v128.store(out, ${twoBits(q - 3, v)}, ${(Math.floor(q / 4) * NR + v * 4) * 4});`] : []),
      ];
    });
  return `const FROM_ONE = memory.data<i8>([${Array(16)
    .fill(85 - 128)
    .join(', ')}], 16);
const FROM_TWO = memory.data<i8>([${Array(16)
    .fill(170 - 128)
    .join(', ')}], 16);
// w [rounds][4][${NR}][4] bytes of five codes → out [rounds][5][${NR}][4] bytes of four
export function expandTrits(w: usize, rounds: i32, out: usize): void {
  const none = i8x16.splat(0);
  const one = v128.load(FROM_ONE);
  const two = v128.load(FROM_TWO);
  for (; rounds > 0; rounds--) {
    ${vectors.flatMap(each).join('\n    ')}
    w += ${NR * 16};
    out += ${NR * 20};
  }
}`;
}

/** Codes of quads q … q + 3, the first in the lowest bits. */
function twoBits(q: number, v: number): string {
  const shifted = [1, 2, 3].map((i) => `i16x8.shl(n${q + i}_${v}, ${2 * i})`);
  return shifted.reduce((sum, part) => `v128.or(${sum}, ${part})`, `n${q}_${v}`);
}

/** Five codes, the first to come first, as tritTiles reads them. */
export function tritByte(codes: readonly number[]): number {
  const value = codes.reduce((sum, code) => 3 * sum + code, 0);
  return (Math.ceil((value * 256) / 243) + 128) & 255;
}
