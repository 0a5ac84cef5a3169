// A cache in plain TypeScript that grows a row at a time.
import type { CacheFormat } from '../../bench/contract/kv-cache.ts';
import { planeStride } from '../grid/bits.ts';
import { firstInteger } from '../grid/gpu-digits.ts';
import type { Grid } from '../grid/grid.ts';
import { storeChoice } from '../grid/layout.ts';
import { blocksOf } from './cache.ts';
import { chooseRow, grids, roundRow } from './formats.ts';
import { rowDecoder } from './ts.ts';

export interface CacheRows {
  put(row: number, values: Float32Array): void;
  /** Rows from `first` on as f32, one after another, where the place says they begin; the next call may overwrite them. */
  read(first: number, count: number): { readonly values: Float32Array; readonly at: number };
  /** Beside what is stored. */
  readonly scratchBytes: number;
}

/** `most` rows are read at once. */
export function cacheRows(format: CacheFormat, rows: number, length: number, most: number): CacheRows {
  const grid = grids[format];
  if (grid !== undefined) return gridRows(grid, rows, length, most);
  if (format === 'f16') return halfRows(rows, length, most);
  const all = new Float32Array(rows * length);
  return {
    put: (row, values) => all.set(values, row * length),
    read: (first) => ({ values: all, at: first * length }),
    scratchBytes: 0,
  };
}

function halfRows(rows: number, length: number, most: number): CacheRows {
  const all = new Float16Array(rows * length);
  const values = new Float32Array(most * length);
  return {
    put: (row, given) => all.set(roundRow(given, 'f16'), row * length),
    read(first, count) {
      values.set(all.subarray(first * length, (first + count) * length));
      return { values, at: 0 };
    },
    scratchBytes: values.byteLength,
  };
}

function gridRows(grid: Grid, rows: number, length: number, most: number): CacheRows {
  const { layout } = grid;
  const stride = planeStride(length, layout.bits);
  const blocks = blocksOf({ headDim: length });
  const codes = new Uint8Array(rows * stride);
  // What f16 holds, as f32: V8 reads a Float16Array through a slow path.
  const factors = new Float32Array(rows * blocks);
  const values = new Float32Array(most * length);
  const decode = rowDecoder(codes, factors, length, layout.bits, -(firstInteger(layout) ?? 0));
  return {
    put(row, given) {
      const stored = storeChoice(chooseRow(given, grid), layout, { N: 1, K: length });
      if (!(stored.codes instanceof Uint8Array) || stored.scales === undefined)
        throw new Error('cache: must have bytes and scales, got others');
      codes.set(stored.codes, row * stride);
      factors.set(stored.scales, row * blocks);
    },
    read(first, count) {
      decode(first, count, values);
      return { values, at: 0 };
    },
    scratchBytes: values.byteLength + factors.byteLength / 2,
  };
}
