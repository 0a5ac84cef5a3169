import { expect, test } from 'vitest';
import type { ResultRow } from '../results/columns.ts';
import { caveatLines } from './caveats.ts';

const row: ResultRow = { op: 'matmul', M: 1, N: 8, K: 64, weights: 'mine/w', technique: 'int4', status: 'ok' };
const lost = '8 of 8 f16 scales underflowed to 0, their weights with them';

test('a caveat that several backends share is said once, with whose rows have it', () => {
  const rows = ['ts', 'wasm'].map((backend) => ({ ...row, backend, params: 'groupSize=64', caveat: lost }));
  expect(caveatLines([row, ...rows])).toEqual([`int4 64, matmul M=1 N=8 K=64 · mine/w: ${lost}`]);
});

test('many problems and many techniques with one caveat are counted', () => {
  const rows = [1, 2, 3, 4].map((n) => ({ ...row, M: n, technique: `t${n}`, caveat: 'activations were made up' }));
  expect(caveatLines(rows)).toEqual(['4 techniques, 4 problems: activations were made up']);
  expect(caveatLines(rows.slice(0, 2))).toEqual(['t1, t2, 2 problems: activations were made up']);
});

test('past ten of them the rest is counted; none, no lines', () => {
  const rows = Array.from({ length: 13 }, (_, i) => ({ ...row, caveat: `${i} scales` }));
  expect(caveatLines(rows)).toHaveLength(11);
  expect(caveatLines(rows).at(-1)).toBe('… and 3 more caveats in the CSV');
  expect(caveatLines([row])).toEqual([]);
});
