// What each compressed case gains beside what it takes, a panel a backend: up is faster, left is smaller, and its mark says
// what the output lost. Layers are held against uncompressed ones; whole models are told by their tokens a second.
import type { TopLevelSpec } from 'vega-lite';
import type { ResultRow } from '../../results/columns.ts';
import { backendLabel, isBaseline, problemTitle, techniqueLabel } from '../../results/row-labels.ts';
import { COLOURS, NEUTRAL } from '../palette.ts';
import { driftCell, formatBytes } from '../row-cells.ts';
import { countOf, withInterval } from './case-names.ts';
import { BYTE_LABELS, type Chart, type LegendEntry, type PanelGroup, ticksBetween } from './chart.ts';
import { type Placed, placeLabels } from './place-labels.ts';

/** One kind of Pareto chart. */
interface Kind {
  readonly title: string;
  readonly yTitle: string;
  /** Undefined where the row has no place in it. */
  yOf(row: ResultRow): Ranged | undefined;
  /** What the output lost, the least first. */
  readonly losses: readonly Loss[];
  readonly heading: string;
}

interface Ranged {
  readonly value: number;
  readonly low?: number;
  readonly high?: number;
}

interface Loss extends LegendEntry {
  isOf(row: ResultRow): boolean;
}

const UNCOMPRESSED: Loss = { label: 'uncompressed', shape: 'diamond', colour: NEUTRAL, isOf: isBaseline };
const OVER_BUDGET: Loss = {
  label: 'over its drift budget',
  shape: 'cross',
  colour: COLOURS[4],
  isOf: (row) => row.drift_ok === false,
};

const LAYERS: Kind = {
  title: 'Speed and bytes',
  yTitle: 'speed-up',
  heading: 'speed-up (95 %)',
  yOf: (row) =>
    row.op === 'model' || row.speedup === undefined
      ? undefined
      : isBaseline(row)
        ? { value: 1 }
        : { value: row.speedup, low: row.speedup_ci95_low, high: row.speedup_ci95_high },
  losses: [
    UNCOMPRESSED,
    OVER_BUDGET,
    ofSqnr('keeps 40 dB and more', 'circle', COLOURS[0], 40),
    ofSqnr('20 to 40 dB', 'square', COLOURS[2], 20),
    ofSqnr('less than 20 dB', 'triangle-up', COLOURS[1], Number.NEGATIVE_INFINITY),
  ],
};

const MODELS: Kind = {
  title: 'Whole models: tokens a second, bytes and perplexity',
  yTitle: 'tokens a second',
  heading: 'tokens/s (95 %)',
  yOf: ({ op, M = 1, p20_ns, ci95_low_ns, ci95_high_ns }) => {
    if (op !== 'model' || p20_ns === undefined) return undefined;
    const perSecond = (ns: number | undefined) => ns && (M * 1e9) / ns;
    return { value: (M * 1e9) / p20_ns, low: perSecond(ci95_high_ns), high: perSecond(ci95_low_ns) };
  },
  losses: [
    UNCOMPRESSED,
    OVER_BUDGET,
    ofPerplexity('perplexity grows by 1 % at most', 'circle', COLOURS[0], 1.01),
    ofPerplexity('by 10 % at most', 'square', COLOURS[2], 1.1),
    ofPerplexity('by more', 'triangle-up', COLOURS[1], Number.POSITIVE_INFINITY),
  ],
};

function ofSqnr(label: string, shape: Loss['shape'], colour: Loss['colour'], least: number): Loss {
  return { label, shape, colour, isOf: ({ sqnr_db = Number.POSITIVE_INFINITY }) => sqnr_db >= least };
}

function ofPerplexity(label: string, shape: Loss['shape'], colour: Loss['colour'], most: number): Loss {
  return { label, shape, colour, isOf: ({ ppl_ratio = 1 }) => ppl_ratio <= most };
}

/** Undefined where the run has nothing of the kind. */
export function paretoChart(rows: readonly ResultRow[], fronts: ReadonlySet<ResultRow>): Chart | undefined {
  return chartOf(LAYERS, rows, fronts);
}

export function modelsChart(rows: readonly ResultRow[], fronts: ReadonlySet<ResultRow>): Chart | undefined {
  return chartOf(MODELS, rows, fronts);
}

interface Point extends Ranged {
  readonly row: ResultRow;
  readonly bytes: number;
  readonly loss: Loss;
  readonly isOnFront: boolean;
}

function chartOf(kind: Kind, rows: readonly ResultRow[], fronts: ReadonlySet<ResultRow>): Chart | undefined {
  const points = rows.flatMap((row) => pointOf(kind, row, fronts));
  const compressed = points.filter(({ row }) => !isBaseline(row));
  if (compressed.length === 0) return undefined;
  const { title, losses } = kind;
  return {
    title,
    sentence: sentenceOf(compressed),
    reading:
      'Up is faster, left is smaller (packed weights and scratch); marks say what the output lost. Filled marks, which are named, are on the front: nothing else on that backend is at least as fast, as small and as exact and better in one of the three. Bars are 95 % intervals.',
    legend: losses.filter((loss) => points.some((point) => point.loss === loss)),
    groups: groupsOf(kind, points),
    table: {
      headings: ['technique', 'problem', 'backend', kind.heading, 'bytes', 'exactness', 'on the front'],
      rows: compressed.map(({ row, value, low, high, bytes, isOnFront }) => [
        techniqueLabel(row),
        problemTitle(row),
        backendLabel(row),
        withInterval(value, low, high),
        formatBytes(bytes),
        `${driftCell([row])}${row.op === 'model' ? '' : ' dB'}`,
        isOnFront ? 'yes' : '',
      ]),
    },
  };
}

function pointOf(kind: Kind, row: ResultRow, fronts: ReadonlySet<ResultRow>): Point[] {
  const y = kind.yOf(row);
  const bytes = (row.op === 'attention' ? 0 : (row.stored_bytes ?? 0)) + (row.workspace_bytes ?? 0);
  const loss = kind.losses.find((each) => each.isOf(row));
  if (y === undefined || y.value <= 0 || bytes === 0 || loss === undefined) return [];
  return [{ ...y, row, bytes, loss, isOnFront: fronts.has(row) }];
}

function sentenceOf(points: readonly Point[]): string {
  const front = points.filter(({ isOnFront }) => isOnFront);
  const counted = `${countOf(front.length, points.length, 'compressed case')} ${front.length === 1 ? 'is' : 'are'} on the front of a backend`;
  if (front.length === 0) return `${counted}.`;
  const fastest = front.reduce((best, point) => ((point.row.speedup ?? 0) > (best.row.speedup ?? 0) ? point : best));
  const { row } = fastest;
  const speedup = withInterval(row.speedup ?? 0, row.speedup_ci95_low, row.speedup_ci95_high);
  return `${counted}; the fastest of them beside uncompressed is ${techniqueLabel(row)} on ${backendLabel(row)}, ${speedup} times, at ${problemTitle(row)}.`;
}

/** The problem with the most cases first. */
function groupsOf(kind: Kind, points: readonly Point[]): PanelGroup[] {
  const groups = [...Map.groupBy(points, ({ row }) => problemTitle(row))].map(([title, group]) => {
    const domains = domainsOf(kind, group);
    const panels = [...Map.groupBy(group, ({ row }) => backendLabel(row))].flatMap(([backend, own]) =>
      own.some(({ row }) => !isBaseline(row)) ? [{ title: backend, spec: panelOf(kind, own, domains) }] : [],
    );
    return { title, panels };
  });
  const casesOf = ({ title }: PanelGroup) => points.filter(({ row }) => problemTitle(row) === title).length;
  return groups.filter(({ panels }) => panels.length > 0).toSorted((a, b) => casesOf(b) - casesOf(a));
}

interface Domains {
  readonly xDomain: readonly [number, number];
  readonly yDomain: readonly [number, number];
}

/** The same for all backends of a problem, so that their panels can be held against each other. */
function domainsOf(kind: Kind, points: readonly Point[]): Domains {
  const ends = points.flatMap(({ value, low = value, high = value }) => [
    value,
    clamped(low, value),
    clamped(high, value),
  ]);
  return {
    xDomain: widened(points.map(({ bytes }) => bytes)),
    yDomain: widened(kind === LAYERS ? [...ends, 1] : ends),
  };
}

const WIDTH = 250;
const HEIGHT = 170;
const PADDING = { left: 58, right: 22, top: 10, bottom: 40 };

/** Both axes are logarithmic, so that twice as much is as far everywhere. */
function panelOf(kind: Kind, points: readonly Point[], { xDomain, yDomain }: Domains): TopLevelSpec {
  const x = {
    field: 'bytes',
    type: 'quantitative' as const,
    scale: { type: 'log' as const, domain: xDomain, nice: false },
    axis: { title: 'bytes', values: bytesTicks(xDomain), labelExpr: BYTE_LABELS, labelOverlap: false, grid: true },
  };
  const y = {
    field: 'value',
    type: 'quantitative' as const,
    scale: { type: 'log' as const, domain: yDomain, nice: false, clamp: true },
    axis: { title: kind.yTitle, titleX: 14 - PADDING.left, values: ticksBetween(...yDomain), format: '~g', grid: true },
  };
  const values = points.map(({ value, low = value, high = value, bytes, loss, isOnFront }) => ({
    value,
    low: clamped(low, value),
    high: clamped(high, value),
    bytes,
    loss: loss.label,
    isOnFront,
  }));
  const domain = kind.losses.map(({ label }) => label);
  const color = {
    field: 'loss',
    type: 'nominal' as const,
    legend: null,
    scale: { domain, range: kind.losses.map(({ colour }) => colour) },
  };
  const shape = { ...color, scale: { domain, range: kind.losses.map((loss) => loss.shape) } };
  const reference =
    kind === LAYERS
      ? [
          {
            mark: { type: 'rule' as const, strokeDash: [4, 3], color: NEUTRAL },
            encoding: { y: { ...y, field: undefined, datum: 1 } },
          },
        ]
      : [];
  return {
    width: WIDTH,
    height: HEIGHT,
    padding: PADDING,
    data: { values },
    layer: [
      ...reference,
      {
        mark: { type: 'rule', strokeWidth: 1.5 },
        encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' }, color },
      },
      {
        mark: { type: 'point', size: 60, strokeWidth: 2, opacity: 1 },
        encoding: {
          x,
          y,
          color,
          shape,
          fill: color,
          fillOpacity: { condition: { test: 'datum.isOnFront', value: 1 }, value: 0 },
        },
      },
      ...labelLayers(points, { xDomain, yDomain }, x, y),
    ],
  } as TopLevelSpec;
}

/** An interval that spans a hundred times says that nothing is known; drawn whole it would press all else together. */
function clamped(end: number, value: number): number {
  return Math.min(Math.max(end, value / 3), value * 3);
}

function widened(values: readonly number[]): [number, number] {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const margin = Math.max(1.12, (most / least) ** 0.08);
  return [least / margin, most * margin];
}

/** Powers of two. */
function bytesTicks([low, high]: readonly [number, number]): number[] {
  const first = Math.ceil(Math.log2(low));
  const last = Math.floor(Math.log2(high));
  const step = Math.max(1, Math.ceil((last - first) / 4));
  return Array.from({ length: Math.max(0, Math.floor((last - first) / step) + 1) }, (_, i) => 2 ** (first + i * step));
}

function labelLayers(points: readonly Point[], { xDomain, yDomain }: Domains, x: object, y: object): object[] {
  const place = ([low, high]: readonly [number, number], value: number) => Math.log(value / low) / Math.log(high / low);
  const placed = placeLabels(
    points.map(({ row, bytes, value, isOnFront }) => ({
      x: place(xDomain, bytes) * WIDTH,
      y: (1 - place(yDomain, value)) * HEIGHT,
      label: isOnFront ? techniqueLabel(row) : undefined,
    })),
    WIDTH + PADDING.right,
  );
  return (['left', 'right'] as const).flatMap((align) => {
    const values = placed.flatMap((spot: Placed | undefined, i) =>
      spot?.align === align ? [{ bytes: points[i].bytes, value: points[i].value, text: spot.text }] : [],
    );
    if (values.length === 0) return [];
    const mark = { type: 'text', align, dx: align === 'left' ? 8 : -8, fontSize: 10, baseline: 'middle' };
    return [{ data: { values }, mark, encoding: { x, y, text: { field: 'text', type: 'nominal' } } }];
  });
}
