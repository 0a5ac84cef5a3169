// What benchmark-action/github-action-benchmark takes as its tool customSmallerIsBetter. So of all figures only those that
// get better by getting less, and the speed-up the other way up.
import type { ResultRow } from '../../results/columns.ts';
import { type Figure, figures, isMeasured, jsonText, plainNumber } from './figures.ts';

interface Entry {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  readonly range?: string;
  readonly extra?: string;
}

const smaller: readonly Figure[] = figures.filter(({ better }) => better === 'less');

export function formatGithubActionBenchmark(rows: readonly ResultRow[]): string {
  return jsonText(rows.filter(isMeasured).flatMap(entriesOf));
}

function entriesOf(row: ResultRow): Entry[] {
  const entries = smaller.flatMap(({ column, interval, unit }): Entry[] => {
    const value = row[column];
    if (value === undefined) return [];
    const [low, high] = (interval ?? []).map((end) => row[end]);
    return [entryOf(row, column, unit, value, low, high)];
  });
  const { speedup, speedup_ci95_low: low, speedup_ci95_high: high } = row;
  if (!speedup) return entries;
  return [...entries, entryOf(row, '1/speedup', 'x', inverse(speedup), high && inverse(high), low && inverse(low))];
}

function entryOf(row: ResultRow, what: string, unit: string, value: number, low?: number, high?: number): Entry {
  const isKnown = low !== undefined && high !== undefined;
  const range = isKnown ? `± ${Number(((high - low) / 2).toPrecision(3))}` : undefined;
  return { name: `${row.case_id} ${what}`, unit, value, range, extra: row.caveat };
}

function inverse(ratio: number): number {
  return plainNumber(1 / ratio);
}
