// How near each CPU case comes to what its machine can do.
import type { Roofline } from '../../contract/roofline.ts';
import type { ResultRow } from '../../results/columns.ts';
import { backendLabel, problemTitle, techniqueLabel } from '../../results/row-labels.ts';
import { casePoint, rooflineSpec } from '../roofline-plot.ts';
import type { Chart } from './chart.ts';

/** Undefined where no case has a rate. */
export function rooflineChart(rows: readonly ResultRow[], roofline: Roofline | undefined): Chart | undefined {
  const placed = rows.flatMap((row) => casePoint(row).map((point) => ({ ...point, row })));
  if (placed.length === 0) return undefined;
  const nearest = placed
    .filter(({ row }) => row.roofline_pct !== undefined)
    .toSorted((a, b) => (b.row.roofline_pct ?? 0) - (a.row.roofline_pct ?? 0))
    .at(0)?.row;
  return {
    title: 'Under the roofline',
    sentence:
      nearest === undefined
        ? 'The machine’s roofline was not measured with this run.'
        : `Nearest to what the machine allows is ${techniqueLabel(nearest)} on ${backendLabel(nearest)}, ${nearest.roofline_pct?.toFixed(0)} % of its roof, at ${problemTitle(nearest)}.`,
    reading:
      roofline === undefined
        ? 'The cases alone: the run’s .run.json, which holds the measured roofs, is not beside its CSV or has none.'
        : 'A case on the slope is as fast as its bytes allow, one on the flat as fast as arithmetic allows; one far below both has room left.',
    legend: [],
    isScrolled: true,
    groups: [{ title: '', panels: [{ title: 'CPU cases', spec: rooflineSpec(roofline, rows) }] }],
    table: {
      headings: ['technique', 'problem', 'backend', 'operations per byte', 'GFLOP/s', '% of its roof'],
      rows: placed.map(({ row, intensity, gflops }) => [
        techniqueLabel(row),
        problemTitle(row),
        backendLabel(row),
        intensity.toPrecision(3),
        gflops.toPrecision(3),
        row.roofline_pct?.toFixed(1) ?? '',
      ]),
    },
  };
}
