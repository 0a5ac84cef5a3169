// What `tare show` prints of a run: a line a row with its absolute time, so that backends can be held against each other.
import { counted } from '../contract/counted.ts';
import { columns, type ResultRow } from '../results/columns.ts';
import { failureReason, isFailure, outcomeOf } from '../results/failure.ts';
import { isLeftOut } from '../results/left-out.ts';
import { backendLabel, isBaseline, problemTitle, techniqueLabel } from '../results/row-labels.ts';
import { caveatLines } from './caveats.ts';
import { bestRows, PREDICTIONS, paretoRows } from './pareto-rows.ts';
import { driftCell, driftHeading, formatRatio, formatTime, memoryCell, memoryHeading } from './row-cells.ts';
import type { ReportLine, ReportSection, VerdictReport } from './verdict-report.ts';

export interface ShowOptions {
  /** What the notes call the file. */
  readonly name: string;
  /** Each technique on its fastest backend only. */
  readonly best: boolean;
  readonly minSqnrDb: number;
  readonly sort: SortKey;
  /** What was noticed on reading. */
  readonly notes: readonly string[];
}

/** What rows are ordered by, the best first; those without the figure come last, and the file's order decides ties. */
const orders = {
  time: ({ p20_ns }) => p20_ns,
  speedup: (row) => (row.p20_ns === undefined ? undefined : isBaseline(row) ? -1 : -(row.speedup ?? 0)),
  sqnr: ({ sqnr_db }) => (sqnr_db === undefined ? undefined : -sqnr_db),
  bytes: ({ stored_bytes, workspace_bytes = 0 }) => stored_bytes && stored_bytes + workspace_bytes,
  file: () => 0,
} as const satisfies Record<string, (row: ResultRow) => number | undefined>;

export type SortKey = keyof typeof orders;
export const sortKeys = Object.keys(orders) as SortKey[];

export function showReport(rows: readonly ResultRow[], options: ShowOptions): VerdictReport {
  const { best, minSqnrDb, sort } = options;
  const fronts = paretoRows(rows, minSqnrDb);
  const groups = [...Map.groupBy(rows, groupTitle(rows))].map(([title, group]) => ({
    title,
    group: sorted(best ? bestRows(group, minSqnrDb) : group, sort),
  }));
  const shown = groups.flatMap(({ group }) => group);
  const notes = [...options.notes, ...notesOn(rows, shown, options)];
  const records = shown.map((row) => recordOf(row, fronts));
  return {
    title: options.name,
    sections: groups.filter(({ group }) => group.length > 0).map(({ title, group }) => section(title, group, fronts)),
    notes,
    alerts: [],
    records,
    data: { file: options.name, notes, rows: records },
  };
}

/** A file may hold several runs and machines; each then has tables of its own. */
function groupTitle(rows: readonly ResultRow[]): (row: ResultRow) => string {
  const isOneRun = new Set(rows.map(({ run_id }) => run_id)).size < 2;
  const isOneMachine = new Set(rows.map(machineOf)).size < 2;
  return (row) => {
    const parts = [problemTitle(row), ...(isOneRun ? [] : [row.run_id]), ...(isOneMachine ? [] : [machineOf(row)])];
    return parts.join(' · ');
  };
}

function machineOf({ cpu_model, cpu_count }: ResultRow): string {
  return `${cpu_count} × ${cpu_model}`;
}

function sorted(rows: readonly ResultRow[], sort: SortKey): ResultRow[] {
  const place = (row: ResultRow) => orders[sort](row) ?? Number.POSITIVE_INFINITY;
  // Infinity − Infinity is NaN: two rows without the figure count as equal.
  return rows.toSorted((a, b) => place(a) - place(b) || 0);
}

function section(title: string, group: readonly ResultRow[], fronts: ReadonlySet<ResultRow>): ReportSection {
  return {
    title,
    headings: ['technique', 'backend', 'time', 'speed-up', '± %', memoryHeading(group[0]), driftHeading(group[0])],
    lines: group.map((row) => lineOf(row, fronts)),
  };
}

function lineOf(row: ResultRow, fronts: ReadonlySet<ResultRow>): ReportLine {
  return {
    cells: [
      techniqueLabel(row),
      backendLabel(row),
      timeCell(row),
      `${row.p20_ns === undefined ? '' : speedupText(row)}${fronts.has(row) ? ' ◆' : '  '}`,
      halfWidth(row),
      memoryCell([row]),
      driftCell([row]),
    ],
    details: isFailure(row) ? [failureReason(row)] : [],
  };
}

function timeCell(row: ResultRow): string {
  if (row.p20_ns === undefined) return outcomeOf(row);
  return `${row.status === 'noisy' ? '~' : ''}${formatTime(row.p20_ns)}${row.drift_ok === false ? '!' : ''}`;
}

function speedupText(row: ResultRow): string {
  if (isBaseline(row)) return '1x';
  return row.speedup === undefined ? '' : `${formatRatio(row.speedup)}x`;
}

/** Half the 95 % interval of the speed-up, in percent, as if it reached equally far up and down as a ratio. */
function halfWidth({ speedup_ci95_low: low, speedup_ci95_high: high }: ResultRow): string {
  return low === undefined || high === undefined ? '' : ((Math.sqrt(high / low) - 1) * 100).toFixed(1);
}

function notesOn(rows: readonly ResultRow[], shown: readonly ResultRow[], options: ShowOptions): string[] {
  const { name, best, minSqnrDb } = options;
  const skips = new Set(
    rows.flatMap((row) => (row.status === 'skipped' && !isLeftOut(row) ? [`${row.backend}: ${row.reason}`] : [])),
  );
  const counts = [...Map.groupBy(rows, outcomeOf)].map(([outcome, group]) => `${group.length} ${outcome}`);
  return [
    'time: one call, 20th percentile; speed-up: over the uncompressed technique on the same backend, ± half its 95 % interval',
    ...(best
      ? [`shown: each technique on its fastest backend, of the rows that keep ${minSqnrDb} dB and are not noisy`]
      : []),
    `◆ no other on its backend is as fast, small and exact; of those that keep ${minSqnrDb} dB and are not noisy`,
    ...(shown.some(({ op }) => op === 'model') ? [`KLD · ppl: ${PREDICTIONS}`] : []),
    ...(shown.some(({ adapter_type }) => adapter_type === 'software')
      ? ['* software adapter: a GPU emulated on the CPU, no measure of a real one']
      : []),
    'tare help terms explains all of these',
    ...caveatLines(shown),
    ...skips,
    `${name}: ${shown.length < rows.length ? `${shown.length} of ` : ''}${counted(rows.length, 'case')}: ${counts.join(', ')}`,
  ];
}

/** All columns of the row, in the file's order, and whether it has the mark. */
function recordOf(row: ResultRow, fronts: ReadonlySet<ResultRow>) {
  const cells = columns.map(({ name }) => [name, row[name]] as const);
  return { ...Object.fromEntries(cells), on_pareto_front: fronts.has(row) };
}
