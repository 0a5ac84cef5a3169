// What each technique gains in time and what it keeps of the output, a chart per problem, as SVG: a line a technique, the
// most exact on top, and on it a point a backend with its interval.
import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import type { ResultRow } from '../results/columns.ts';
import { backendLabel, isBaseline, problemTitle, techniqueLabel } from '../results/row-labels.ts';
import { COLOURS, SHAPES } from './palette.ts';
import { paretoRows } from './pareto-rows.ts';
import { driftCell } from './row-cells.ts';

export interface ParetoPlot {
  readonly problem: string;
  readonly svg: string;
}

interface Point {
  /** The technique's name with its SQNR. */
  readonly technique: string;
  readonly sqnrDb: number;
  readonly backend: string;
  readonly speedup: number;
  /** Ends of the 95 % interval, both the speed-up itself where there is none. */
  readonly low: number;
  readonly high: number;
  readonly isOnFront: boolean;
}

/** Of the plot between its axes; with the names beside it it is as wide as a phone. */
const WIDTH = 200;
const NAMES_WIDTH = 118;
const AXIS_HEIGHT = 44;
const HEIGHT_PER_LEGEND_LINE = 17;
const HEIGHT_PER_POINT = 14;
const HEIGHT_PER_TECHNIQUE = 14;

/** A backend has the same colour and shape in all of them. Problems of which only the baseline was measured have no plot. */
export async function plotPareto(rows: readonly ResultRow[], minSqnrDb: number): Promise<ParetoPlot[]> {
  const fronts = paretoRows(rows, minSqnrDb);
  const backends = [...new Set(rows.map(backendLabel))];
  const plots: ParetoPlot[] = [];
  for (const [problem, group] of Map.groupBy(rows, problemTitle)) {
    const points = pointsOf(group, fronts);
    if (points.length === 0) continue;
    const view = new View(parse(compile(chart(points, backends)).spec), { renderer: 'none' });
    plots.push({ problem, svg: await view.toSVG() });
  }
  return plots;
}

function pointsOf(rows: readonly ResultRow[], fronts: ReadonlySet<ResultRow>): Point[] {
  const groups = Map.groupBy(rows, techniqueLabel);
  return rows.flatMap((row) => {
    const { speedup, p20_ns } = row;
    if (speedup === undefined || p20_ns === undefined || isBaseline(row)) return [];
    const label = techniqueLabel(row);
    const sqnr = driftCell(groups.get(label) ?? []);
    return {
      technique: sqnr === '' ? label : `${label} · ${sqnr}${row.op === 'model' ? '' : ' dB'}`,
      sqnrDb: row.sqnr_db ?? Number.POSITIVE_INFINITY,
      backend: backendLabel(row),
      speedup,
      low: row.speedup_ci95_low ?? speedup,
      high: row.speedup_ci95_high ?? speedup,
      isOnFront: fronts.has(row),
    };
  });
}

/** Without a canvas Vega guesses how wide text is, and guesses high: names up to this limit fit into NAMES_WIDTH. */
const NAMES_AXIS = {
  title: null,
  labelExpr: "split(datum.label, ' · ')",
  labelLimit: 165,
} as const;

function chart(points: readonly Point[], backends: readonly string[]): TopLevelSpec {
  const techniques = [...new Set(points.toSorted((a, b) => b.sqnrDb - a.sqnrDb).map(({ technique }) => technique))];
  const here = backends.filter((backend) => points.some((point) => point.backend === backend));
  const [low, high] = domainOf(points);
  const domain: number[] = [low, high];
  const x = {
    field: 'speedup',
    type: 'quantitative' as const,
    scale: { type: 'log' as const, domain, nice: false, clamp: true },
    axis: { title: 'speed-up over uncompressed (1: as fast)', values: ticksIn(low, high), format: '~g' },
  };
  const y = { field: 'technique', type: 'nominal', sort: techniques, axis: NAMES_AXIS } as const;
  const yOffset = { field: 'backend', type: 'nominal', sort: here } as const;
  const symbolOf = backends.map((_, i) => i % COLOURS.length);
  const color = {
    field: 'backend',
    type: 'nominal',
    title: null,
    scale: { domain: [...backends], range: symbolOf.map((i) => COLOURS[i]) },
    legend: { values: here },
  } as const;
  const shape = {
    ...color,
    scale: { domain: [...backends], range: symbolOf.map((i) => SHAPES[i]) },
  } as const;
  return {
    width: WIDTH,
    height: techniques.length * (HEIGHT_PER_TECHNIQUE + here.length * HEIGHT_PER_POINT),
    // What Vega guesses of the text's width would leave empty margins.
    autosize: { type: 'none' },
    padding: { left: NAMES_WIDTH, right: 14, top: 4, bottom: AXIS_HEIGHT + here.length * HEIGHT_PER_LEGEND_LINE },
    background: 'transparent',
    data: { values: [...points] },
    layer: [
      { mark: { type: 'rule', strokeDash: [4, 3] }, encoding: { x: { datum: 1 } } },
      {
        mark: { type: 'rule', strokeWidth: 2, opacity: 0.7 },
        encoding: { x: { ...x, field: 'low' }, x2: { field: 'high' }, y, yOffset, color },
      },
      {
        mark: { type: 'point', size: 55, strokeWidth: 2, opacity: 1, tooltip: false },
        encoding: {
          x,
          y,
          yOffset,
          color,
          shape,
          fillOpacity: { condition: { test: 'datum.isOnFront', value: 1 }, value: 0 },
          fill: color,
        },
      },
    ],
    config: {
      view: { stroke: null },
      axis: { labelFontSize: 11, titleFontSize: 11, titleFontWeight: 'normal', grid: true },
      legend: { orient: 'bottom', direction: 'vertical', labelFontSize: 11, labelLimit: 200, offset: 8 },
    },
  };
}

/** Room for every interval and for 1, within what can still be read. */
function domainOf(points: readonly Point[]): [number, number] {
  const [least, most] = [1 / 64, 64];
  const low = Math.min(0.8, ...points.map((point) => point.low));
  const high = Math.max(1.25, ...points.map((point) => point.high));
  return [Math.max(least, low / 1.1), Math.min(most, high * 1.1)];
}

/** Steps of 1, 2 and 5, finer ones where the axis is short: by itself a logarithmic one has none there. */
function ticksIn(low: number, high: number): number[] {
  const digits = high / low > 5 ? [1, 2, 5] : [1, 1.25, 1.5, 2, 3, 4, 6, 8];
  const steps = [-2, -1, 0, 1].flatMap((power) => digits.map((digit) => Number((digit * 10 ** power).toPrecision(3))));
  return steps.filter((step) => step >= low && step <= high);
}
