// A step planted into a row that was really measured: the case takes so many times as long, and everything else stays.
import type { ResultRow } from '../../results/columns.ts';

const TIMES = ['median_ns', 'p20_ns', 'p95_ns', 'min_ns', 'ci95_low_ns', 'ci95_high_ns'] as const;
const SPEEDUPS = ['speedup', 'speedup_ci95_low', 'speedup_ci95_high'] as const;

/** The row of a kernel that takes `timeFactor` times as long beside the same baseline. */
export function plantStep(row: ResultRow, timeFactor: number): ResultRow {
  return { ...row, ...scaled(row, TIMES, timeFactor), ...scaled(row, SPEEDUPS, 1 / timeFactor) };
}

function scaled(row: ResultRow, names: readonly (typeof TIMES | typeof SPEEDUPS)[number][], factor: number): ResultRow {
  return Object.fromEntries(names.flatMap((name) => (row[name] === undefined ? [] : [[name, row[name] * factor]])));
}
