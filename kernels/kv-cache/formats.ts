// The formats of a model's cache: rows of floats, or of whole numbers in blocks as kv-int8 and kv-q4-0 have them.
import type { CacheFormat } from '../../bench/contract/kv-cache.ts';
import { q4Zero, q8Zero } from '../grid/ggml-signed.ts';
import { type Grid, roundToNearest } from '../grid/grid.ts';
import { toF16 } from '../grid/integers.ts';
import { decodeChoice, type GridChoice } from '../grid/layout.ts';
import { KEYS } from './blocks.ts';
import { BLOCK } from './cache.ts';

/** Bits of a value, scales apart. */
export const bitsOf: Readonly<Record<CacheFormat, number>> = { f32: 32, f16: 16, int8: 8, 'q4-0': 4 };

export const grids: { readonly [Format in CacheFormat]?: Grid } = { int8: q8Zero, 'q4-0': q4Zero };

/** Bytes of a row of so many values. */
export function rowBytes(format: CacheFormat, length: number): number {
  const scaleBytes = format in grids ? 2 * Math.ceil(length / BLOCK) : 0;
  return Math.ceil((length * bitsOf[format]) / 8) + scaleBytes;
}

/** Bytes of a block of WebAssembly's cache: see tiles.gen.ts. */
export function blockBytes(format: CacheFormat): number {
  return KEYS * rowBytes(format, BLOCK);
}

/** Codes and scales of a row of whole numbers. */
export function chooseRow(row: Float32Array, grid: Grid): GridChoice {
  const K = row.length;
  return roundToNearest({ ...grid, block: Math.min(grid.block, K) }, row, { N: 1, K });
}

/** What is left of a row in the cache. */
export function roundRow(row: Float32Array, format: CacheFormat): Float32Array {
  const grid = grids[format];
  if (grid !== undefined) return decodeChoice(chooseRow(row, grid), grid.layout, { N: 1, K: row.length });
  return format === 'f16' ? row.map(toF16) : row;
}
