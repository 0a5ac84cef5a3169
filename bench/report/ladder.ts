// How many times faster than three loops the same product is, rung by rung.
import type { ResultRow } from '../results/columns.ts';
import { backendLabel, isBaseline, problemTitle, techniqueLabel } from '../results/row-labels.ts';
import type { Interval } from '../statistics/interval.ts';
import { type Estimate, quotientInterval } from '../statistics/quotient-interval.ts';

/** What everything else stands on. */
const FOOT = 'naive-matmul';

export interface Rung {
  readonly row: ResultRow;
  readonly label: string;
  readonly timeNs: number;
  /** Time of the three loops / own time: measured in processes of their own, so they are held against each other by their 95 % intervals. */
  readonly factor: number;
  /** Missing at the foot, and where there were too few rounds for one. */
  readonly ci95?: Interval;
}

export interface Ladder {
  readonly title: string;
  /** The slowest first. */
  readonly rungs: readonly Rung[];
}

/** One for each problem that the three loops were timed on. */
export function laddersOf(rows: readonly ResultRow[]): Ladder[] {
  const groups = Map.groupBy(rows, (row) => [row.run_id, row.suite, problemTitle(row)].join('\n'));
  return [...groups.values()].flatMap((group) => {
    const foot = group.find(({ technique, p20_ns }) => technique === FOOT && p20_ns !== undefined);
    if (foot === undefined) return [];
    const rungs = group.flatMap((row) => rungOf(row, foot)).toSorted((a, b) => a.factor - b.factor);
    return [{ title: problemTitle(foot), rungs }];
  });
}

/** For programs: rungs without their rows. */
export function ladderData({ title, rungs }: Ladder) {
  return {
    problem: title,
    rungs: rungs.map(({ row, label, timeNs, factor, ci95 }) => ({
      rung: label,
      case_id: row.case_id,
      time_ns: timeNs,
      factor,
      factor_ci95_low: ci95?.low,
      factor_ci95_high: ci95?.high,
    })),
  };
}

function rungOf(row: ResultRow, foot: ResultRow): Rung[] {
  if (row.p20_ns === undefined || foot.p20_ns === undefined) return [];
  const [above, below] = [estimateOf(foot), estimateOf(row)];
  return [
    {
      row,
      label: labelOf(row, foot),
      timeNs: row.p20_ns,
      factor: foot.p20_ns / row.p20_ns,
      ci95: row === foot || above === undefined || below === undefined ? undefined : quotientInterval(above, below),
    },
  ];
}

function labelOf(row: ResultRow, foot: ResultRow): string {
  if (row === foot) return 'naive loop';
  return isBaseline(row) ? backendLabel(row) : `${backendLabel(row)} ${techniqueLabel(row)}`;
}

function estimateOf({ p20_ns: value, ci95_low_ns: low, ci95_high_ns: high }: ResultRow): Estimate | undefined {
  return value === undefined || low === undefined || high === undefined
    ? undefined
    : { value, interval: { low, high } };
}
