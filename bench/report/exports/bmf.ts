// Bencher Metric Format: benchmarks by name, measures by slug (https://bencher.dev/docs/reference/bencher-metric-format).
import type { ResultRow } from '../../results/columns.ts';
import { type Figure, figures, isMeasured, jsonText } from './figures.ts';

/** Bencher has a measure of its own for times in ns. */
const LATENCY = 'latency';

export function formatBmf(rows: readonly ResultRow[]): string {
  const measured = rows.filter(isMeasured);
  return jsonText(Object.fromEntries(measured.map((row) => [row.case_id, measuresOf(row)])));
}

function measuresOf(row: ResultRow) {
  const measures = figures.flatMap(({ column, ...figure }: Figure) => {
    const value = row[column];
    if (value === undefined) return [];
    const [lower_value, upper_value] = (figure.interval ?? []).map((end) => row[end]);
    const slug = column === 'p20_ns' ? LATENCY : column.replaceAll('_', '-');
    return [[slug, { value, lower_value, upper_value }]];
  });
  return Object.fromEntries(measures);
}
