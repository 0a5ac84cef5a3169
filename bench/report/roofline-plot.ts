// The roofline with a run's cases on it, as SVG.

import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { memoryLevels, type Roofline } from '../contract/roofline.ts';
import type { ResultRow } from '../results/columns.ts';

interface RoofPoint {
  readonly roof: string;
  /** Operations per byte. */
  readonly intensity: number;
  readonly gflops: number;
}

interface CasePoint {
  readonly intensity: number;
  readonly gflops: number;
  readonly technique: string;
  readonly backend: string;
}

const MIN_INTENSITY = 1 / 16;
const MAX_INTENSITY = 1024;

/** Points are CPU cases with a rate; a GPU has another roof. */
export async function plotRoofline(roofline: Roofline, rows: readonly ResultRow[]): Promise<string> {
  const view = new View(parse(compile(chart(roofs(roofline), rows.flatMap(casePoint))).spec), { renderer: 'none' });
  return view.toSVG();
}

function casePoint(row: ResultRow): CasePoint[] {
  const { actual_gflops, gbytes_per_s, backend, technique, device } = row;
  if (actual_gflops === undefined || gbytes_per_s === undefined || backend === undefined) return [];
  if (technique === undefined || device === 'gpu') return [];
  return [{ intensity: actual_gflops / gbytes_per_s, gflops: actual_gflops, technique, backend }];
}

/** One roof per level of memory, under the highest f32 peak; and the other peaks as lines of their own. */
function roofs({ peaks, bandwidth, cache_bytes }: Roofline): RoofPoint[] {
  const top = peaks[256] ?? peaks[128];
  const levels = memoryLevels.map((level) => {
    const limit = level === 'DRAM' ? Number.POSITIVE_INFINITY : cache_bytes[level] / 2;
    const point = bandwidth.findLast(({ bytes }) => bytes <= limit) ?? bandwidth[0];
    return { roof: `${level} ${point.gbytes_per_s.toFixed(0)} GB/s`, gbytes: point.gbytes_per_s, peak: top.f32_gflops };
  });
  const slopes = levels.flatMap(({ roof, gbytes, peak }) =>
    [MIN_INTENSITY, peak / gbytes, MAX_INTENSITY].map((intensity) => {
      return { roof, intensity, gflops: Math.min(peak, intensity * gbytes) };
    }),
  );
  const flat = Object.entries({
    'f32 peak, 128-bit': peaks[128].f32_gflops,
    'int8 peak, 128-bit': peaks[128].int8_gops,
  });
  const lines = flat.flatMap(([roof, gflops]) =>
    [MIN_INTENSITY, MAX_INTENSITY].map((intensity) => ({ roof, intensity, gflops })),
  );
  return [...slopes, ...lines];
}

function chart(roofPoints: readonly RoofPoint[], cases: readonly CasePoint[]): TopLevelSpec {
  const axis = (field: string, title: string) =>
    ({ field, type: 'quantitative', scale: { type: 'log' }, axis: { title } }) as const;
  const x = axis('intensity', 'operations per byte moved');
  const y = axis('gflops', 'GFLOP/s (int8: GOP/s), one thread');
  return {
    width: 720,
    height: 440,
    background: 'white',
    layer: [
      {
        data: { values: [...roofPoints] },
        mark: { type: 'line', strokeWidth: 1.5 },
        encoding: {
          x,
          y,
          strokeDash: { field: 'roof', type: 'nominal', title: 'roof' },
          color: { value: '#555555' },
        },
      },
      {
        data: { values: [...cases] },
        mark: { type: 'point', filled: true, size: 60, opacity: 0.8 },
        encoding: {
          x,
          y,
          color: { field: 'technique', type: 'nominal', title: 'technique' },
          shape: { field: 'backend', type: 'nominal', title: 'backend' },
        },
      },
    ],
    resolve: { scale: { color: 'independent' } },
  };
}
