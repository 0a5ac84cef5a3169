// The table after a run: per problem, techniques down and backends across.

import { stripVTControlCharacters, styleText } from 'node:util';
import { counted } from '../contract/counted.ts';
import type { ResultRow } from '../results/columns.ts';
import { failureReason, isFailure, outcomeOf } from '../results/failure.ts';
import { isLeftOut } from '../results/left-out.ts';
import { backendLabel, isBaseline, problemTitle, techniqueLabel } from '../results/row-labels.ts';
import { caveatLines } from './caveats.ts';
import { laddersOf } from './ladder.ts';
import { ladderLines } from './ladder-table.ts';
import { PREDICTIONS, paretoRows } from './pareto-rows.ts';
import { driftCell, driftHeading, memoryCell, memoryHeading, speedCell } from './row-cells.ts';
import { layOut, textColumn, wrapText } from './text-table.ts';

const ON_FRONT = '◆';
/** Left free behind figures without a mark, so that they line up with those that have one. */
const MARK_ROOM = '  ';

export interface SummaryOptions {
  /** Columns of the terminal. */
  readonly width: number;
  /** The least SQNR at which a row is worth a mark. */
  readonly minSqnrDb: number;
}

export function formatSummary(rows: readonly ResultRow[], { width, minSqnrDb }: SummaryOptions): string {
  const fronts = paretoRows(rows, minSqnrDb);
  const shown = rows.filter((row) => !isLeftOut(row));
  const tables = [...groupBy(shown, problemTitle)].map(([title, group]) => formatProblem(title, group, fronts, width));
  const legend = rows.some((row) => row.p20_ns !== undefined) ? legendLines(rows, minSqnrDb) : [];
  const wrapped = (lines: readonly string[]) => lines.map((line) => wrapText(line, width, '  ')).join('\n');
  return [
    ...tables,
    styleText('dim', wrapped(legend)),
    wrapped(caveatLines(rows)),
    styleText('red', wrapped(failureLines(rows))),
    wrapped(countLines(rows)),
    ...laddersOf(rows).map((ladder) => ladderLines(ladder, width).join('\n')),
  ]
    .filter((part) => stripVTControlCharacters(part) !== '')
    .join('\n\n');
}

function formatProblem(
  title: string,
  rows: readonly ResultRow[],
  fronts: ReadonlySet<ResultRow>,
  width: number,
): string {
  const techniques = [...groupBy(baselineFirst(rows), techniqueLabel)];
  const column = (heading: string, cell: (group: readonly ResultRow[]) => string) =>
    textColumn(
      heading,
      techniques.map(([, group]) => cell(group)),
    );
  const labels = techniques.map(([label]) => label);
  const names = [
    textColumn('technique', labels, 'left'),
    column(memoryHeading(rows[0]), memoryCell),
    column(driftHeading(rows[0]), driftCell),
  ];
  const figures = [...groupBy(rows, backendLabel).keys()].map((backend) =>
    column(`${backend}${MARK_ROOM}`, (group) =>
      markedSpeed(
        group.find((row) => backendLabel(row) === backend),
        fronts,
      ),
    ),
  );
  return [styleText('bold', wrapText(title, width, '  ')), ...layOut({ names, figures }, width)].join('\n');
}

function baselineFirst(rows: readonly ResultRow[]): ResultRow[] {
  return [...rows.filter(isBaseline), ...rows.filter((row) => !isBaseline(row))];
}

function markedSpeed(row: ResultRow | undefined, fronts: ReadonlySet<ResultRow>): string {
  if (row === undefined) return '';
  const mark = fronts.has(row) ? ` ${ON_FRONT}` : MARK_ROOM;
  return speedCell(row, isBaseline(row)) + mark;
}

function legendLines(rows: readonly ResultRow[], minSqnrDb: number): string[] {
  const lines = [
    'GF/s: rate of the uncompressed technique; x: speed-up over it, same backend',
    `${ON_FRONT} no other on its backend is as fast, small and exact; of those that keep ${minSqnrDb} dB`,
    '~ noisy   ! over its drift budget   bytes: packed weights, scratch apart',
  ];
  if (rows.some(({ op }) => op === 'model')) {
    lines.push(`tok/s: tokens a second through the whole model; KLD · ppl: ${PREDICTIONS}`);
  }
  if (rows.some((row) => row.adapter_type === 'software')) {
    lines.push('* software adapter: a GPU emulated on the CPU, no measure of a real one');
  }
  return [...lines, 'tare help terms explains all of these'];
}

const MOST_FAILURES = 10;

function failureLines(rows: readonly ResultRow[]): string[] {
  const failures = rows.filter(isFailure);
  const lines = failures.slice(0, MOST_FAILURES).map((row) => {
    return `${outcomeOf(row)} ${row.case_id}: ${failureReason(row)}`;
  });
  if (failures.length > MOST_FAILURES) lines.push(`… and ${failures.length - MOST_FAILURES} more in the CSV`);
  return lines;
}

function countLines(rows: readonly ResultRow[]): string[] {
  const counts = [...groupBy(rows, outcomeOf)].map(([outcome, group]) => `${group.length} ${outcome}`);
  const skipped = rows.filter((row) => row.status === 'skipped' && !isLeftOut(row));
  const skips = new Set(skipped.map((row) => `${row.backend}: ${row.reason}`));
  return [`${counted(rows.length, 'case')}: ${counts.join(', ')}`, ...skips];
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  return Map.groupBy(items, key);
}
