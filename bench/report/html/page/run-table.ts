// The rows of one run.
import type { ResultRow } from '../../../results/columns.ts';
import { failureReason, isFailure, outcomeOf } from '../../../results/failure.ts';
import { backendLabel, isBaseline, problemTitle, techniqueLabel } from '../../../results/row-labels.ts';
import { driftCell, formatBytes, formatRatio, formatTime, memoryCell } from '../../row-cells.ts';
import { rowsOf, type TableData } from '../report-data.ts';
import { type Column, dataTable } from './data-table.ts';
import { create } from './page-dom.ts';

interface Entry {
  readonly row: ResultRow;
  readonly isOnFront: boolean;
  readonly command: string;
}

const COLUMNS: readonly Column<Entry>[] = [
  { heading: 'technique', value: ({ row }) => techniqueLabel(row), isFigure: false },
  { heading: 'problem', value: ({ row }) => problemTitle(row), isFigure: false, isPartOfName: true },
  { heading: 'backend', value: ({ row }) => backendLabel(row), isFigure: false, isPartOfName: true },
  { heading: 'outcome', value: ({ row }) => outcomeOf(row), isFigure: false },
  {
    heading: 'time',
    value: ({ row }) => row.p20_ns,
    cell: ({ row }) => (row.p20_ns === undefined ? '' : formatTime(row.p20_ns)),
    isFigure: true,
  },
  {
    heading: 'speed-up',
    value: ({ row }) => (isBaseline(row) ? undefined : row.speedup),
    cell: ({ row, isOnFront }) => speedCell(row, isOnFront),
    isFigure: true,
  },
  { heading: '95 %', value: ({ row }) => widthOf(row), cell: ({ row }) => intervalCell(row), isFigure: true },
  {
    heading: 'bytes',
    value: ({ row }) => bytesOf(row),
    cell: ({ row }) =>
      bytesOf(row) === undefined ? '' : `${formatBytes(bytesOf(row) ?? 0)} ${memoryCell([row]).replace(/^[^÷].*/, '')}`,
    isFigure: true,
  },
  {
    heading: 'SQNR dB',
    value: ({ row }) => row.sqnr_db,
    cell: ({ row }) => row.sqnr_db?.toFixed(1) ?? '',
    isFigure: true,
  },
];
/** Only of whole models. */
const PREDICTIONS: Column<Entry> = {
  heading: 'KLD · ppl',
  value: ({ row }) => row.ppl_ratio,
  cell: ({ row }) => (row.op === 'model' ? driftCell([row]) : ''),
  isFigure: true,
};

export function runTable(data: TableData, label: string): HTMLElement {
  const front = new Set(data.front);
  const entries = rowsOf(data).map((row, i) => ({ row, isOnFront: front.has(i), command: data.commands[i] }));
  const hasModels = entries.some(({ row }) => row.op === 'model');
  return dataTable<Entry>({
    label,
    rows: entries,
    columns: hasModels ? [...COLUMNS, PREDICTIONS] : COLUMNS,
    choices: [
      { label: 'Backend', valueOf: ({ row }) => backendLabel(row) },
      { label: 'Outcome', valueOf: ({ row }) => outcomeOf(row) },
      { label: 'Operation', valueOf: ({ row }) => row.op ?? '' },
    ],
    box: { label: '◆ only those on a front', isChecked: false, keeps: ({ isOnFront }) => isOnFront },
    textOf: ({ row }) =>
      [
        techniqueLabel(row),
        problemTitle(row),
        backendLabel(row),
        outcomeOf(row),
        row.case_id,
        row.reason,
        row.caveat,
      ].join(' '),
    detail,
  });
}

function speedCell(row: ResultRow, isOnFront: boolean): string {
  if (row.p20_ns === undefined) return '';
  if (isBaseline(row)) return '1x';
  return row.speedup === undefined ? '' : `${isOnFront ? '◆ ' : ''}${formatRatio(row.speedup)}x`;
}

/** As a ratio. */
function widthOf({ speedup_ci95_low: low, speedup_ci95_high: high }: ResultRow): number | undefined {
  return low && high ? high / low : undefined;
}

function intervalCell(row: ResultRow): string {
  const { speedup_ci95_low: low, speedup_ci95_high: high } = row;
  return low === undefined || high === undefined || isBaseline(row) ? '' : `${formatRatio(low)}–${formatRatio(high)}`;
}

function bytesOf({ op, stored_bytes, workspace_bytes }: ResultRow): number | undefined {
  return op === 'attention' ? workspace_bytes : stored_bytes;
}

function detail({ row, command }: Entry): Node[] {
  const reason = isFailure(row) ? failureReason(row) : row.reason;
  const said = [reason, row.caveat].filter((text) => text !== undefined && text !== '');
  const cells = Object.entries(row).filter(([, value]) => value !== undefined);
  return [
    ...said.map((text) => create('p', {}, text ?? '')),
    create('p', {}, 'Measure it again: ', create('code', {}, command)),
    create(
      'dl',
      { className: 'cells' },
      ...cells.map(([name, value]) => create('div', {}, create('dt', {}, name), create('dd', {}, String(value)))),
    ),
  ];
}
