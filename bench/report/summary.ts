// The table after a run: per problem, techniques down and backends across.
import { styleText } from 'node:util';
import type { ResultRow } from '../results/columns.ts';
import { driftReason, isFailure } from '../results/failure.ts';
import { backendLabel, isBaseline, problemTitle, techniqueLabel } from '../results/row-labels.ts';
import { caveatLines } from './caveats.ts';
import { paretoRows } from './pareto-rows.ts';
import { driftCell, memoryCell, memoryHeading, speedCell } from './row-cells.ts';
import { splitToWidth, tableLines, textColumn, wrapText } from './text-table.ts';

const ON_FRONT = '◆';
/** Marks stand behind the figures; whatever has none keeps their place. */
const MARK_ROOM = '  ';

export interface SummaryOptions {
  /** Columns of the terminal. */
  readonly width: number;
}

export function formatSummary(rows: readonly ResultRow[], { width }: SummaryOptions): string {
  const tables = [...groupBy(rows, problemTitle)].map(([title, group]) => formatProblem(title, group, width));
  const caveats = caveatLines(rows).map((line) => wrapText(line, width, '  '));
  return [...tables, formatLegend(rows), caveats.join('\n'), ...formatFailures(rows), formatCounts(rows)]
    .filter(Boolean)
    .join('\n\n');
}

function formatProblem(title: string, rows: readonly ResultRow[], width: number): string {
  const fronts = paretoRows(rows);
  const techniques = [...groupBy(baselineFirst(rows), techniqueLabel)];
  const backends = [...groupBy(rows, backendLabel).keys()];
  const fixed = [
    textColumn(
      'technique',
      techniques.map(([label]) => label),
      'left',
    ),
    textColumn(
      memoryHeading(rows[0]),
      techniques.map(([, group]) => memoryCell(group)),
    ),
    textColumn(
      'SQNR dB',
      techniques.map(([, group]) => driftCell(group)),
    ),
  ];
  const measured = backends.map((backend) =>
    textColumn(
      `${backend}${MARK_ROOM}`,
      techniques.map(([, group]) =>
        markedSpeed(
          group.find((row) => backendLabel(row) === backend),
          fronts,
        ),
      ),
    ),
  );
  const blocks = splitToWidth(fixed, measured, width).map((columns) => tableLines(columns).join('\n'));
  return [styleText('bold', title), ...blocks].join('\n');
}

function baselineFirst(rows: readonly ResultRow[]): ResultRow[] {
  return [...rows.filter(isBaseline), ...rows.filter((row) => !isBaseline(row))];
}

function markedSpeed(row: ResultRow | undefined, fronts: ReadonlySet<ResultRow>): string {
  if (row === undefined) return '';
  const mark = fronts.has(row) ? ` ${ON_FRONT}` : MARK_ROOM;
  return speedCell(row, isBaseline(row)) + mark;
}

function formatLegend(rows: readonly ResultRow[]): string {
  if (!rows.some((row) => row.p20_ns !== undefined)) return '';
  const lines = [
    'GF/s: rate of the uncompressed technique; x: speed-up over it, same backend',
    `${ON_FRONT} on its backend's Pareto front of time, bytes with scratch and SQNR`,
    '~ noisy   ! over its drift budget   bytes: packed weights, scratch apart',
  ];
  if (rows.some((row) => row.adapter_type === 'software')) {
    lines.push('* software adapter: a GPU emulated on the CPU, no measure of a real one');
  }
  return styleText('dim', lines.join('\n'));
}

const MOST_FAILURES = 10;

function formatFailures(rows: readonly ResultRow[]): string[] {
  const failures = rows.filter(isFailure);
  if (failures.length === 0) return [];
  const lines = failures.slice(0, MOST_FAILURES).map((row) => {
    return `${row.status === 'ok' ? 'drifted' : row.status} ${row.case_id}: ${row.reason ?? driftReason(row)}`;
  });
  if (failures.length > MOST_FAILURES) lines.push(`… and ${failures.length - MOST_FAILURES} more in the CSV`);
  return [styleText('red', lines.join('\n'))];
}

function formatCounts(rows: readonly ResultRow[]): string {
  const counts = [...groupBy(rows, (row) => row.status ?? '')].map(([status, group]) => `${group.length} ${status}`);
  const skips = new Set(rows.filter((row) => row.status === 'skipped').map((row) => `${row.backend}: ${row.reason}`));
  return [`${rows.length} cases: ${counts.join(', ')}`, ...skips].join('\n');
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  return Map.groupBy(items, key);
}
