// All charts of one run.
import type { Roofline } from '../../contract/roofline.ts';
import type { ResultRow } from '../../results/columns.ts';
import { paretoRows } from '../pareto-rows.ts';
import type { Chart } from './chart.ts';
import type { ChartName } from './chart-names.ts';
import { driftChart } from './drift-chart.ts';
import { heatMapChart } from './heat-map-chart.ts';
import { ladderChart } from './ladder-chart.ts';
import { memoryChart } from './memory-chart.ts';
import { modelsChart, paretoChart } from './pareto-chart.ts';
import { rooflineChart } from './roofline-chart.ts';
import { speedUpChart } from './speed-up-chart.ts';

interface Shown {
  readonly rows: readonly ResultRow[];
  readonly fronts: ReadonlySet<ResultRow>;
  readonly roofline: Roofline | undefined;
}

const CHARTS = {
  pareto: ({ rows, fronts }: Shown) => paretoChart(rows, fronts),
  models: ({ rows, fronts }: Shown) => modelsChart(rows, fronts),
  'speed-ups': ({ rows }: Shown) => speedUpChart(rows),
  'heat-map': ({ rows }: Shown) => heatMapChart(rows),
  ladder: ({ rows }: Shown) => ladderChart(rows),
  roofline: ({ rows, roofline }: Shown) => rooflineChart(rows, roofline),
  memory: ({ rows }: Shown) => memoryChart(rows),
  drift: ({ rows }: Shown) => driftChart(rows),
} as const satisfies Record<ChartName, (shown: Shown) => Chart | undefined>;

export interface ChartedRun {
  readonly rows: readonly ResultRow[];
  readonly roofline: Roofline | undefined;
  /** The least SQNR at which a row can be on a front. */
  readonly minSqnrDb: number;
}

/** Undefined where the run has nothing of it. */
export function runChart({ rows, roofline, minSqnrDb }: ChartedRun, name: ChartName): Chart | undefined {
  return CHARTS[name]({ rows, roofline, fronts: paretoRows(rows, minSqnrDb) });
}
