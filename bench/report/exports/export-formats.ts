// The formats that a run can be written in for other people's programs.
import type { ResultRow } from '../../results/columns.ts';
import { formatBmf } from './bmf.ts';
import { isMeasured } from './figures.ts';
import { formatGithubActionBenchmark } from './github-action-benchmark.ts';
import { formatGoogleBenchmark } from './google-benchmark.ts';
import { formatJunit } from './junit.ts';
import { formatOpenMetrics } from './openmetrics.ts';

export interface ExportFormat {
  /** Rows of one run, at least one. */
  format(rows: readonly ResultRow[]): string;
  /** Cases that were skipped or failed have a place in it. */
  readonly tellsFailures: boolean;
}

export const exportFormats = {
  bmf: { format: formatBmf, tellsFailures: false },
  'github-action-benchmark': { format: formatGithubActionBenchmark, tellsFailures: false },
  junit: { format: formatJunit, tellsFailures: true },
  openmetrics: { format: formatOpenMetrics, tellsFailures: true },
  'google-benchmark': { format: formatGoogleBenchmark, tellsFailures: false },
} as const satisfies Readonly<Record<string, ExportFormat>>;

export type ExportFormatName = keyof typeof exportFormats;
export const exportFormatNames = Object.keys(exportFormats) as ExportFormatName[];

/** How many of the rows a format can't hold. */
export function leftOut(rows: readonly ResultRow[], { tellsFailures }: ExportFormat): number {
  return tellsFailures ? 0 : rows.filter((row) => !isMeasured(row)).length;
}
