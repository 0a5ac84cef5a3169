// Writes the AssemblyScript that reads codes of whole numbers out of panels, for the tiles that multiply them.
import { BLOCK, QUAD, tableBytes, type Variant } from './variants.ts';

export function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/**
 * Constants lie in memory, since V8 builds a constant vector anew wherever it is used, in four instructions, and a load is one.
 */
export const CONSTANTS = `const ONES = memory.data<i16>([${Array(8).fill(1).join(', ')}], 16);
const BYTES = memory.data<i16>([${Array(8).fill(256).join(', ')}], 16);
const HIGH = memory.data<f32>([${Array(4).fill('65536').join(', ')}], 16);
const EIGHT = memory.data<f32>([${Array(4).fill('256').join(', ')}], 16);
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

/** Numbers of the vectors of four rows in a panel. */
export const vectorsOf = (NR: number) => range(NR / 4);
/** Words of a row that hold a block's codes. */
export const wordsOf = ({ planes }: Variant) => planes.reduce((sum, plane) => sum + plane, 0);

/** Statements that leave the codes of quad q, four of each row, in n<q>_<v>: bytes, looked up where a table has one for each. */
export function quad(variant: Variant, q: number, NR: number, vectors = vectorsOf(NR), panel = 'w'): string[] {
  const statements: string[] = [];
  for (const v of vectors) {
    let below = 0;
    let word = 0;
    const parts: string[] = [];
    for (const plane of variant.planes) {
      const quads = 8 / plane;
      const name = `w${plane}_${Math.floor(q / quads)}_${v}`;
      if (q % quads === 0) {
        statements.push(`const ${name} = v128.load(${panel}, ${(word + Math.floor(q / quads)) * NR * 4 + v * 16});`);
      }
      parts.push(plane === 8 ? name : masked(name, plane, (q % quads) * plane - below, below));
      word += plane;
      below += plane;
    }
    const code = parts.reduce((sum, part) => `v128.or(${sum}, ${part})`);
    statements.push(
      `const n${q}_${v} = ${tableBytes(variant) === 1 ? `i8x16.relaxed_swizzle(entries0, ${code})` : code};`,
    );
  }
  return statements;
}

/** Bits of a plane that stand `shift` above where they are wanted, at bit `at` of each byte. */
function masked(name: string, plane: number, shift: number, at: number): string {
  const moved = shift === 0 ? name : shift > 0 ? `i16x8.shr_u(${name}, ${shift})` : `i16x8.shl(${name}, ${-shift})`;
  return `v128.and(${moved}, mask${plane}_${at})`;
}

/** What all tiles of a variant keep in registers: its table, and a mask for each plane. */
export function kept(variant: Variant): string {
  const { planes } = variant;
  let below = 0;
  const masks = planes.flatMap((plane) => {
    const name = `${plane}_${below}`;
    below += plane;
    return plane === 8 ? [] : [`const mask${name} = v128.load(MASK${name});`];
  });
  const entries = range(tableBytes(variant)).map((j) => `const entries${j} = v128.load(table, ${16 * j});`);
  return [...entries, ...masks].join('\n  ');
}

/** Of a block's quads those of one of its groups, or all of them. */
export function quadsOf({ block }: Variant, part: number): number[] {
  return range(block / QUAD).map((q) => (part * block) / QUAD + q);
}

export function partsOf({ block }: Variant): number[] {
  return range(BLOCK / block);
}
