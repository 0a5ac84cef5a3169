// What each technique keeps of the output beside what it promises to keep, a panel a problem.
import type { TopLevelSpec } from 'vega-lite';
import type { ResultRow } from '../../results/columns.ts';
import { backendLabel, problemTitle, techniqueLabel } from '../../results/row-labels.ts';
import { COLOURS, NEUTRAL } from '../palette.ts';
import { countOf } from './case-names.ts';
import { type Chart, KEY_AXIS, keyOf, type LegendEntry, roomFor } from './chart.ts';

const KEPT = { label: 'kept', shape: 'circle', colour: COLOURS[0] } as const satisfies LegendEntry;
const MISSED = { label: 'kept, over the budget', shape: 'cross', colour: COLOURS[4] } as const satisfies LegendEntry;
const BUDGET = { label: 'promised', shape: 'stroke', colour: NEUTRAL } as const satisfies LegendEntry;

interface Line {
  readonly label: string;
  readonly row: ResultRow;
  readonly sqnrDb: number;
  readonly budgetDb?: number;
  readonly isKept: boolean;
}

/** Undefined where no row has an SQNR. */
export function driftChart(rows: readonly ResultRow[]): Chart | undefined {
  const groups = [...Map.groupBy(rows, problemTitle)].flatMap(([title, group]) => {
    const lines = linesOf(group);
    return lines.length > 0 ? [{ title, lines }] : [];
  });
  if (groups.length === 0) return undefined;
  const all = groups.flatMap(({ lines }) => lines);
  const over = all.filter(({ isKept }) => !isKept);
  return {
    title: 'Drift against its budget',
    sentence: `${countOf(over.length, all.length, 'technique')} ${over.length === 1 ? 'keeps' : 'keep'} less of the output than promised${over.length === 0 ? marginText(all) : ''}.`,
    reading:
      'SQNR, dB: how much larger the output is than the error that compression made in it; right is more exact. The worst of all backends, which compute the same up to rounding.',
    legend: over.length > 0 ? [KEPT, MISSED, BUDGET] : [KEPT, BUDGET],
    groups: [{ title: '', panels: groups.map(({ title, lines }) => ({ title, spec: panelOf(lines) })) }],
    table: {
      headings: ['technique', 'problem', 'backend', 'SQNR dB', 'promised dB', 'margin dB', 'within budget'],
      rows: all.map(({ row, label, sqnrDb, budgetDb, isKept }) => [
        label,
        problemTitle(row),
        backendLabel(row),
        sqnrDb.toFixed(1),
        budgetDb?.toFixed(1) ?? '',
        budgetDb === undefined ? '' : (sqnrDb - budgetDb).toFixed(1),
        isKept ? 'yes' : 'no',
      ]),
    },
  };
}

function marginText(lines: readonly Line[]): string {
  const margins = lines.flatMap(({ label, sqnrDb, budgetDb }) =>
    budgetDb === undefined ? [] : [{ label, margin: sqnrDb - budgetDb }],
  );
  if (margins.length === 0) return '';
  const { label, margin } = margins.reduce((least, each) => (each.margin < least.margin ? each : least));
  return `; the nearest to its budget is ${label}, ${margin.toFixed(1)} dB above it`;
}

/** The most exact on top; of a technique the backend that keeps least, one over its budget before all others. */
function linesOf(rows: readonly ResultRow[]): Line[] {
  const scored = rows.filter(({ sqnr_db }) => sqnr_db !== undefined);
  const lines = [...Map.groupBy(scored, techniqueLabel)].map(([label, group]) => {
    const over = group.filter(({ drift_ok }) => drift_ok === false);
    const [row] = (over.length > 0 ? over : group).toSorted((a, b) => (a.sqnr_db ?? 0) - (b.sqnr_db ?? 0));
    return { label, row, sqnrDb: row.sqnr_db ?? 0, budgetDb: row.drift_budget_db, isKept: over.length === 0 };
  });
  return lines.toSorted((a, b) => b.sqnrDb - a.sqnrDb);
}

const WIDTH = 190;
const HEIGHT_PER_LINE = 17;

function panelOf(lines: readonly Line[]): TopLevelSpec {
  const keys = lines.map(({ label }, i) => keyOf(label, i));
  const values = lines.map(({ sqnrDb, budgetDb, isKept }, i) => ({
    key: keys[i],
    sqnrDb,
    budgetDb,
    what: isKept ? KEPT.label : MISSED.label,
  }));
  const x = {
    field: 'sqnrDb',
    type: 'quantitative' as const,
    axis: { title: 'SQNR, dB', tickCount: 5, grid: true },
    scale: { zero: true, nice: false },
  };
  const y = { field: 'key', type: 'nominal' as const, scale: { domain: keys }, axis: { ...KEY_AXIS, ticks: false } };
  const marks = [KEPT, MISSED];
  const domain = marks.map(({ label }) => label);
  const color = {
    field: 'what',
    type: 'nominal' as const,
    legend: null,
    scale: { domain, range: marks.map(({ colour }) => colour) },
  };
  return {
    width: WIDTH,
    height: lines.length * HEIGHT_PER_LINE,
    padding: { left: roomFor(lines.map(({ label }) => label)), right: 14, top: 4, bottom: 40 },
    data: { values },
    layer: [
      {
        mark: { type: 'rule', color: NEUTRAL },
        encoding: { x: { ...x, field: 'budgetDb' }, x2: { field: 'sqnrDb' }, y },
      },
      {
        mark: { type: 'tick', color: BUDGET.colour, thickness: 3, size: 12, opacity: 1 },
        encoding: { x: { ...x, field: 'budgetDb' }, y },
      },
      {
        mark: { type: 'point', filled: true, size: 60, opacity: 1 },
        encoding: { x, y, color, shape: { ...color, scale: { domain, range: marks.map(({ shape }) => shape) } } },
      },
    ],
  } as TopLevelSpec;
}
