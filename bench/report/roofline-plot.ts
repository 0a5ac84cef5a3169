// The roofline with a run's cases on it, as SVG.

import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { type Limits, memoryLevels, type Roofline } from '../contract/roofline.ts';
import type { ResultRow } from '../results/columns.ts';
import { COLOURS, NEUTRAL, SHAPES } from './palette.ts';

interface RoofPoint {
  readonly roof: string;
  /** In words: what so many reach together. */
  readonly threads: string;
  /** Operations per byte. */
  readonly intensity: number;
  readonly gflops: number;
}

interface CasePoint {
  readonly intensity: number;
  readonly gflops: number;
  readonly backend: string;
}

const MIN_INTENSITY = 1 / 16;
const MAX_INTENSITY = 1024;
/** Of four levels of memory and two peaks. */
const DASHES = [
  [1, 0],
  [8, 4],
  [4, 4],
  [2, 2],
  [8, 2, 2, 2],
  [2, 5],
];

/** Points are CPU cases with a rate; a GPU has another roof. */
export async function plotRoofline(roofline: Roofline, rows: readonly ResultRow[]): Promise<string> {
  const spec: TopLevelSpec = { ...rooflineSpec(roofline, rows), background: 'white' };
  return new View(parse(compile(spec).spec), { renderer: 'none' }).toSVG();
}

export function casePoint(row: ResultRow): CasePoint[] {
  const { actual_gflops, gbytes_per_s, backend, device } = row;
  if (!actual_gflops || !gbytes_per_s || backend === undefined || device === 'gpu') return [];
  return [{ intensity: actual_gflops / gbytes_per_s, gflops: actual_gflops, backend }];
}

function roofs(roofline: Roofline): RoofPoint[] {
  const { threaded, cache_bytes } = roofline;
  const several = threaded === undefined ? [] : roofsOf(threaded, cache_bytes, `${threaded.threads} threads`);
  return [...roofsOf(roofline, cache_bytes, 'one thread'), ...several];
}

/** One roof per level of memory, under the highest f32 peak; and the peaks of 128 bits as lines of their own. */
function roofsOf({ peaks, bandwidth }: Limits, cacheBytes: Roofline['cache_bytes'], threads: string): RoofPoint[] {
  const top = peaks[256] ?? peaks[128];
  const slopes = memoryLevels.flatMap((level) => {
    const limit = level === 'DRAM' ? Number.POSITIVE_INFINITY : cacheBytes[level] / 2;
    const { gbytes_per_s } = bandwidth.findLast(({ bytes }) => bytes <= limit) ?? bandwidth[0];
    return [MIN_INTENSITY, top.f32_gflops / gbytes_per_s, MAX_INTENSITY].map((intensity) => {
      return { roof: level, threads, intensity, gflops: Math.min(top.f32_gflops, intensity * gbytes_per_s) };
    });
  });
  const flat = Object.entries({
    'f32 peak, 128-bit': peaks[128].f32_gflops,
    'int8 peak, 128-bit': peaks[128].int8_gops,
  });
  const lines = flat.flatMap(([roof, gflops]) =>
    [MIN_INTENSITY, MAX_INTENSITY].map((intensity) => ({ roof, threads, intensity, gflops })),
  );
  return [...slopes, ...lines];
}

const WIDTH = 640;
const HEIGHT = 380;

/** The cases alone where there is no roofline. */
export function rooflineSpec(roofline: Roofline | undefined, rows: readonly ResultRow[]): TopLevelSpec {
  const roofPoints = roofline === undefined ? [] : roofs(roofline);
  const cases = rows.flatMap(casePoint);
  const backends = [...new Set(cases.map(({ backend }) => backend))];
  const axis = (field: string, title: string) =>
    ({
      field,
      type: 'quantitative',
      scale: { type: 'log', nice: false, padding: 12 },
      axis: { title, format: '~g', grid: false },
    }) as const;
  const x = axis('intensity', 'operations per byte moved');
  const y = axis('gflops', 'GFLOP/s (int8: GOP/s)');
  const lines = {
    data: { values: roofPoints },
    mark: { type: 'line', strokeWidth: 1.5 },
    encoding: {
      x,
      y,
      strokeDash: { field: 'roof', type: 'nominal', scale: { range: DASHES }, title: 'roof' },
      color: { field: 'threads', type: 'nominal', scale: { range: [NEUTRAL, COLOURS[1]] }, title: 'roof of' },
    },
  } as const;
  const range = <T>(values: readonly T[]) => backends.map((_, i) => values[i % values.length]);
  const points = {
    data: { values: cases },
    mark: { type: 'point', size: 60, strokeWidth: 2, opacity: 1 },
    encoding: {
      x,
      y,
      color: {
        field: 'backend',
        type: 'nominal',
        title: 'backend',
        scale: { domain: backends, range: range(COLOURS) },
      },
      shape: { field: 'backend', type: 'nominal', title: 'backend', scale: { domain: backends, range: range(SHAPES) } },
    },
  } as const;
  return {
    width: WIDTH,
    height: HEIGHT,
    autosize: { type: 'pad' },
    layer: roofPoints.length > 0 ? [lines, points] : [points],
    resolve: { scale: { color: 'independent', shape: 'independent' } },
    config: {
      aria: false,
      view: { stroke: NEUTRAL },
      axis: { titleFontWeight: 'normal', labelFontSize: 11, titleFontSize: 11 },
      legend: {
        orient: 'bottom',
        columns: 6,
        labelFontSize: 11,
        titleFontSize: 11,
        symbolStrokeWidth: 2,
        symbolSize: 80,
      },
    },
  } as TopLevelSpec;
}
