// Every case's speed-up with its interval, a panel a backend, the fastest on top.
import type { TopLevelSpec } from 'vega-lite';
import type { ResultRow } from '../../results/columns.ts';
import { backendLabel, isBaseline, problemTitle, techniqueLabel } from '../../results/row-labels.ts';
import { COLOURS, NEUTRAL } from '../palette.ts';
import { countOf, shortProblem, withInterval } from './case-names.ts';
import { type Chart, KEY_AXIS, keyOf, type LegendEntry, roomFor, ticksBetween } from './chart.ts';

const VERDICTS = {
  faster: { label: 'faster: the whole interval above 1', shape: 'triangle-right', colour: COLOURS[0] },
  open: { label: 'either may be', shape: 'circle', colour: NEUTRAL },
  slower: { label: 'slower: the whole interval below 1', shape: 'triangle-left', colour: COLOURS[1] },
} as const satisfies Record<string, LegendEntry>;
type Verdict = keyof typeof VERDICTS;

interface Line {
  readonly row: ResultRow;
  readonly label: string;
  readonly speedup: number;
  readonly low: number;
  readonly high: number;
  readonly verdict: Verdict;
}

/** Undefined where nothing has a speed-up. */
export function speedUpChart(rows: readonly ResultRow[]): Chart | undefined {
  const lines = rows.flatMap(lineOf).toSorted((a, b) => b.speedup - a.speedup);
  if (lines.length === 0) return undefined;
  const panels = [...Map.groupBy(lines, ({ row }) => backendLabel(row))].map(([title, own]) => ({
    title,
    spec: panelOf(own),
  }));
  const count = (verdict: Verdict) => lines.filter((line) => line.verdict === verdict).length;
  return {
    title: 'Speed-ups with their intervals',
    sentence: `${countOf(count('faster'), lines.length, 'case')} ${count('faster') === 1 ? 'is' : 'are'} faster than uncompressed on the same backend, ${count('slower')} slower; of ${count('open')} the 95 % interval holds 1.`,
    reading: 'Sorted by speed-up over the uncompressed technique, timed in turn in the same process; 1 is as fast.',
    legend: Object.values(VERDICTS),
    groups: [{ title: '', panels }],
    table: {
      headings: ['technique', 'problem', 'backend', 'speed-up', '95 % low', '95 % high', 'status'],
      rows: lines.map(({ row, speedup, low, high }) => [
        techniqueLabel(row),
        problemTitle(row),
        backendLabel(row),
        ...[speedup, low, high].map((ratio) => withInterval(ratio, undefined, undefined)),
        row.status ?? '',
      ]),
    },
  };
}

function lineOf(row: ResultRow): Line[] {
  const { speedup, speedup_ci95_low: low = speedup, speedup_ci95_high: high = speedup } = row;
  if (isBaseline(row) || speedup === undefined || low === undefined || high === undefined || speedup <= 0) return [];
  const hasInterval = row.speedup_ci95_low !== undefined && row.speedup_ci95_high !== undefined;
  const verdict = hasInterval && low > 1 ? 'faster' : hasInterval && high < 1 ? 'slower' : 'open';
  return [{ row, label: `${techniqueLabel(row)} · ${shortProblem(row)}`, speedup, low, high, verdict }];
}

const WIDTH = 150;
const HEIGHT_PER_LINE = 15;
/** What can still be read; intervals end there. */
const [LEAST, MOST] = [1 / 64, 64];

function panelOf(lines: readonly Line[]): TopLevelSpec {
  const keys = lines.map(({ label }, i) => keyOf(label, i));
  const low = Math.max(LEAST, Math.min(0.9, ...lines.map((line) => Math.max(line.low, line.speedup / 4))) / 1.08);
  const high = Math.min(MOST, Math.max(1.1, ...lines.map((line) => Math.min(line.high, line.speedup * 4))) * 1.08);
  const x = {
    field: 'speedup',
    type: 'quantitative' as const,
    scale: { type: 'log' as const, domain: [low, high], nice: false, clamp: true },
    axis: { title: 'speed-up (1: as fast)', values: ticksBetween(low, high), format: '~g', grid: true },
  };
  const y = { field: 'key', type: 'nominal' as const, scale: { domain: keys }, axis: { ...KEY_AXIS, ticks: false } };
  const domain = Object.keys(VERDICTS);
  const entries = Object.values(VERDICTS);
  const color = {
    field: 'verdict',
    type: 'nominal' as const,
    legend: null,
    scale: { domain, range: entries.map(({ colour }) => colour) },
  };
  return {
    width: WIDTH,
    height: lines.length * HEIGHT_PER_LINE,
    padding: { left: roomFor(lines.map(({ label }) => label)), right: 14, top: 4, bottom: 40 },
    data: {
      values: lines.map(({ speedup, low: from, high: to, verdict }, i) => ({
        key: keys[i],
        speedup,
        from,
        to,
        verdict,
      })),
    },
    layer: [
      {
        mark: { type: 'rule', strokeDash: [4, 3], color: NEUTRAL },
        encoding: { x: { ...x, field: undefined, datum: 1 } },
      },
      {
        mark: { type: 'rule', strokeWidth: 2 },
        encoding: { x: { ...x, field: 'from' }, x2: { field: 'to' }, y, color },
      },
      {
        mark: { type: 'point', filled: true, size: 50, opacity: 1 },
        encoding: { x, y, color, shape: { ...color, scale: { domain, range: entries.map(({ shape }) => shape) } } },
      },
    ],
  } as TopLevelSpec;
}
