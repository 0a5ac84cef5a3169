import { expect, test } from 'vitest';
import { describeChange, exactChanges } from './exact-change.ts';

test.each([
  ['stored_bytes', 100, 120, true],
  ['stored_bytes', 120, 100, false],
  ['workspace_bytes', 0, 64, true],
  ['sqnr_db', 40.1, 40.2, false],
  ['sqnr_db', 40.2, 40.1, true],
  ['cosine', 0.99, 0.98, true],
  ['kernel_nmse', 1e-14, 2e-14, true],
  ['nonfinite', 0, 1, true],
] as const)('%s from %d to %d: worse %s', (column, base, head, isWorse) => {
  expect(exactChanges({ [column]: base }, { [column]: head })).toEqual([{ column, base, head, isWorse }]);
});

test('what scatters from run to run, what is equal and what one row lacks is no change', () => {
  expect(exactChanges({ p20_ns: 1000, speedup: 2, peak_rss_bytes: 5 }, { p20_ns: 900, speedup: 3 })).toEqual([]);
  expect(exactChanges({ sqnr_db: 40.1, nonfinite: 0 }, { sqnr_db: 40.1, nonfinite: 0 })).toEqual([]);
  expect(exactChanges({ sqnr_db: 40.1 }, {})).toEqual([]);
  expect(exactChanges({}, { sqnr_db: 40.1 })).toEqual([]);
});

test.each([
  ['stored_bytes', 12345, 12346, 'stored_bytes 12345 → 12346 (worse)'],
  ['sqnr_db', 40.123, 39.987, 'sqnr_db 40.1 → 40 (worse)'],
  ['sqnr_db', 40.12341, 40.12344, 'sqnr_db 40.12341 → 40.12344 (better)'],
  // Neighbours among float64, which differ in the seventeenth digit alone.
  ['kernel_nmse', 0.1, 0.1 + 2 ** -56, 'kernel_nmse 0.1 → 0.10000000000000002 (worse)'],
] as const)('%s %d and %d are told apart by as many digits as it takes', (column, base, head, text) => {
  const [change] = exactChanges({ [column]: base }, { [column]: head });
  expect(describeChange(change)).toBe(text);
});
