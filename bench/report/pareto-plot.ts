// What each technique gains in time against what it keeps of the output, a chart per problem, as SVG.
import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import type { ResultRow } from '../results/columns.ts';
import { isBaseline, problemTitle, techniqueLabel } from '../results/row-labels.ts';
import { DEFAULT_MIN_SQNR_DB, LOSSLESS_DB, paretoRows } from './pareto-rows.ts';

export interface ParetoPlot {
  readonly problem: string;
  readonly svg: string;
}

interface Point {
  readonly technique: string;
  readonly backend: string;
  readonly speedup: number;
  readonly sqnrDb: number;
  /** Bytes of the packed weights over those of the uncompressed ones. */
  readonly size: number;
  readonly isOnFront: boolean;
}

const WIDTH = 340;
const HEIGHT = 240;

export async function plotPareto(rows: readonly ResultRow[]): Promise<ParetoPlot[]> {
  const plots: ParetoPlot[] = [];
  for (const [problem, group] of Map.groupBy(rows, problemTitle)) {
    const points = pointsOf(group);
    if (points.length === 0) continue;
    const view = new View(parse(compile(chart(points)).spec), { renderer: 'none' });
    plots.push({ problem, svg: await view.toSVG() });
  }
  return plots;
}

function pointsOf(rows: readonly ResultRow[]): Point[] {
  const fronts = paretoRows(rows, DEFAULT_MIN_SQNR_DB);
  return rows.flatMap((row) => {
    if (row.speedup === undefined || row.backend === undefined) return [];
    return {
      technique: techniqueLabel(row),
      backend: row.backend,
      speedup: isBaseline(row) ? 1 : row.speedup,
      // Above it outputs count as exact; one that is has no ratio.
      sqnrDb: Math.min(row.sqnr_db ?? LOSSLESS_DB, LOSSLESS_DB),
      size: (row.stored_bytes ?? 0) / (row.dense_bytes ?? 1),
      isOnFront: fronts.has(row),
    };
  });
}

function chart(points: readonly Point[]): TopLevelSpec {
  return {
    width: WIDTH,
    height: HEIGHT,
    background: 'transparent',
    data: { values: [...points] },
    mark: { type: 'point', filled: true, tooltip: false },
    encoding: {
      x: {
        field: 'speedup',
        type: 'quantitative',
        scale: { type: 'log' },
        axis: { title: 'speed-up over uncompressed, ×' },
      },
      y: { field: 'sqnrDb', type: 'quantitative', axis: { title: `SQNR, dB (${LOSSLESS_DB}: exact in f32)` } },
      color: { field: 'technique', type: 'nominal', title: 'technique', scale: { scheme: 'tableau10' } },
      shape: { field: 'backend', type: 'nominal', title: 'backend' },
      size: {
        field: 'size',
        type: 'quantitative',
        title: 'bytes / f32',
        scale: { domain: [0, 1], range: [40, 240] },
        legend: { values: [0.125, 0.5, 1] },
      },
      opacity: { condition: { test: 'datum.isOnFront', value: 1 }, value: 0.35 },
    },
    config: {
      legend: {
        orient: 'bottom',
        direction: 'vertical',
        labelLimit: 150,
        symbolFillColor: '#888888',
        symbolStrokeColor: '#888888',
      },
    },
  };
}
