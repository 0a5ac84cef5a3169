// Which figures of a case other people's programs are told, and how these call them. Names are those of the columns where a
// program leaves them to us.
import type { ResultRow } from '../../results/columns.ts';

type Figures = {
  readonly [Name in keyof ResultRow as ResultRow[Name] extends number | undefined ? Name : never]: true;
};
export type FigureColumn = keyof Figures;

export interface Figure {
  readonly column: FigureColumn;
  /** Columns of its 95 % interval. */
  readonly interval?: readonly [low: FigureColumn, high: FigureColumn];
  readonly better: 'more' | 'less';
  readonly unit: string;
  /** Its gauge in OpenMetrics, in base units: the unit stands at the end of the name, the figure is multiplied by `scale`. */
  readonly gauge: { readonly name: string; readonly unit?: string; readonly scale?: number };
}

export const figures = [
  {
    column: 'p20_ns',
    interval: ['ci95_low_ns', 'ci95_high_ns'],
    better: 'less',
    unit: 'ns',
    gauge: { name: 'time_seconds', unit: 'seconds', scale: 1e-9 },
  },
  {
    column: 'speedup',
    interval: ['speedup_ci95_low', 'speedup_ci95_high'],
    better: 'more',
    unit: 'x',
    gauge: { name: 'speedup_ratio', unit: 'ratio' },
  },
  { column: 'tokens_per_s', better: 'more', unit: 'tokens/s', gauge: { name: 'tokens_per_second' } },
  { column: 'stored_bytes', better: 'less', unit: 'bytes', gauge: { name: 'stored_bytes', unit: 'bytes' } },
  { column: 'workspace_bytes', better: 'less', unit: 'bytes', gauge: { name: 'workspace_bytes', unit: 'bytes' } },
  { column: 'sqnr_db', better: 'more', unit: 'dB', gauge: { name: 'sqnr_decibels', unit: 'decibels' } },
  { column: 'rel_fro_err', better: 'less', unit: 'x', gauge: { name: 'relative_error_ratio', unit: 'ratio' } },
  {
    column: 'kld_mean',
    interval: ['kld_mean_ci95_low', 'kld_mean_ci95_high'],
    better: 'less',
    unit: 'nats',
    gauge: { name: 'divergence_nats', unit: 'nats' },
  },
  { column: 'ppl', better: 'less', unit: 'perplexity', gauge: { name: 'perplexity' } },
  {
    column: 'accuracy_pct',
    better: 'more',
    unit: '%',
    gauge: { name: 'accuracy_ratio', unit: 'ratio', scale: 1e-2 },
  },
] as const satisfies readonly Figure[];

/** Whether there is anything to plot: what was skipped, failed or is wrong has no time. */
export function isMeasured({ p20_ns }: ResultRow): boolean {
  return p20_ns !== undefined;
}

/** A product of figures without the digits that binary arithmetic adds: 1000 ns are 0.000001 s. */
export function plainNumber(value: number): number {
  return Number(value.toPrecision(12));
}

/** JSON that stays whole within a page's script, whatever the names in it. */
export function jsonText(value: object): string {
  return `${JSON.stringify(value, undefined, 2).replaceAll('<', '\\u003c')}\n`;
}
