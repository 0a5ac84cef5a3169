// What `tare compare` says of two runs.
import { type CaseComparison, hasRun, MIN_EFFECT, type Shift, verdicts } from '../judge/compare.ts';
import type { ResultRow } from '../results/columns.ts';
import { describeChange } from '../results/exact-change.ts';
import { backendLabel, problemTitle, techniqueLabel } from '../results/row-labels.ts';
import { quantile } from '../statistics/quantile.ts';
import type { Alert, ReportLine, VerdictReport } from './verdict-report.ts';

export interface ComparedRun {
  readonly name: string;
  readonly rows: readonly ResultRow[];
  readonly hasSamples: boolean;
}

export interface CompareReportOptions {
  readonly base: ComparedRun;
  readonly head: ComparedRun;
  /** Cases of which there is nothing to say too. */
  readonly all: boolean;
  /** What was noticed on reading. */
  readonly notes: readonly string[];
}

export function compareReport(comparisons: readonly CaseComparison[], options: CompareReportOptions): VerdictReport {
  const shown = comparisons.filter((comparison) => options.all || isEvent(comparison));
  const sections = [...Map.groupBy(shown, (comparison) => problemTitle(rowOf(comparison)))].map(([title, group]) => ({
    title,
    headings: ['technique', 'backend', 'verdict', 'change', '95 % interval', 'time'],
    lines: group.map(lineOf),
  }));
  const notes = [...options.notes, ...notesOn(comparisons, options)];
  return {
    title: 'tare compare',
    sections,
    notes,
    alerts: comparisons.flatMap(alertsOf),
    records: comparisons.map(recordOf),
    data: { base: options.base.name, head: options.head.name, notes, cases: comparisons.map(recordOf) },
  };
}

function rowOf({ base, head }: CaseComparison): ResultRow {
  return head ?? base ?? {};
}

function isEvent({ verdict, changes, regressions, base, head }: CaseComparison): boolean {
  const isDecided = verdict === 'faster' || verdict === 'slower';
  const isElsewhere = (base !== undefined && hasRun(base)) !== (head !== undefined && hasRun(head));
  return isDecided || changes.length > 0 || regressions.length > 0 || isElsewhere;
}

function lineOf(comparison: CaseComparison): ReportLine {
  const { verdict, shift, timeRatio, changes, reason, regressions } = comparison;
  const row = rowOf(comparison);
  const said = regressions.filter(
    (regression) => regression !== 'slower' && regression !== 'worse drift or more bytes',
  );
  const details = [...(said.length > 0 ? said : reason === undefined ? [] : [reason]), ...changes.map(describeChange)];
  return {
    cells: [
      techniqueLabel(row),
      backendLabel(row),
      verdict,
      shift === undefined ? '' : percent(shift.log),
      shift === undefined ? '' : `${percent(shift.interval.low, '')} … ${percent(shift.interval.high)}`,
      timeRatio === undefined ? '' : percent(Math.log(timeRatio)),
    ],
    details,
  };
}

/** A change of a logarithm: +0.0488 reads +5.0 %. */
export function percent(log: number, unit = ' %'): string {
  const value = Math.expm1(log) * 100;
  return `${value < 0 ? '' : '+'}${Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(1)}${unit}`;
}

function alertsOf({ caseId, shift, changes, regressions }: CaseComparison): Alert[] {
  const exact = changes.map(describeChange).join(', ');
  const speed = shift === undefined ? '' : ` ${describeShift(shift)}`;
  if (regressions.length > 0) {
    const said = regressions.map((regression) => (regression === 'slower' ? `slower${speed}` : regression)).join('; ');
    return [{ level: 'error', message: `${caseId}: ${said}${exact && ` (${exact})`}` }];
  }
  return exact ? [{ level: 'warning', message: `${caseId}: ${exact}` }] : [];
}

function describeShift({ log, interval }: Shift): string {
  return `${percent(log)} against its baseline (95 %: ${percent(interval.low)} to ${percent(interval.high)})`;
}

function recordOf({ caseId, base, head, verdict, shift, timeRatio, changes, reason, regressions }: CaseComparison) {
  return {
    case_id: caseId,
    verdict,
    regression: regressions.length > 0,
    why: [...regressions, ...(reason === undefined ? [] : [reason])].join('; ') || undefined,
    base_status: base?.status,
    head_status: head?.status,
    base_speedup: base?.speedup,
    head_speedup: head?.speedup,
    ratio: shift && Math.exp(shift.log),
    ratio_ci95_low: shift && Math.exp(shift.interval.low),
    ratio_ci95_high: shift && Math.exp(shift.interval.high),
    holm_p: shift?.p,
    from_samples: shift?.isFromSamples,
    time_ratio: timeRatio,
    changes: changes.map(describeChange).join('; ') || undefined,
  };
}

function notesOn(comparisons: readonly CaseComparison[], { base, head }: CompareReportOptions): string[] {
  const counts = verdicts.map((verdict) => {
    const count = comparisons.filter((comparison) => comparison.verdict === verdict).length;
    return count > 0 ? [`${count} ${verdict}`] : [];
  });
  const regressed = comparisons.filter(({ regressions }) => regressions.length > 0).length;
  return [
    `${describeRun(base)} → ${describeRun(head)}`,
    ...precision(comparisons),
    ...[base, head]
      .filter(({ hasSamples }) => !hasSamples)
      .map(({ name }) => {
        return `${name}: has no samples beside it, so its intervals are those of its rows`;
      }),
    ...environmentNotes(comparisons),
    ...inputNotes(comparisons),
    ...commonShifts(comparisons),
    `${comparisons.length} cases: ${counts.flat().join(', ')}; ${regressed} regressed`,
  ];
}

/** Whatever the reason, no figure of such cases was held against another. */
function inputNotes(comparisons: readonly CaseComparison[]): string[] {
  const hasOthers = ({ base, head }: CaseComparison) =>
    base !== undefined && head !== undefined && hasRun(base) && hasRun(head) && base.input_hash !== head.input_hash;
  const others = comparisons.filter(hasOthers).length;
  return others > 0 ? [`${others} cases have other inputs in the two runs: neither speed nor drift was compared`] : [];
}

function describeRun({ name, rows }: ComparedRun): string {
  const commits = new Set(rows.map(describeCommit));
  return `${name} (commit ${[...commits].join(', ')})`;
}

/** As git abbreviates it, with a plus where the checkout held changes. */
export function describeCommit({ git_commit, git_dirty }: ResultRow): string {
  return `${git_commit?.slice(0, 8) ?? 'unknown'}${git_dirty ? '+' : ''}`;
}

function precision(comparisons: readonly CaseComparison[]): string[] {
  const widths = comparisons.flatMap(({ shift }) => {
    return shift === undefined ? [] : [(shift.interval.high - shift.interval.low) / 2];
  });
  if (widths.length === 0) return [];
  return [`half of the intervals are within ±${percent(quantile(widths, 0.5)).slice(1)}; tare ab sees smaller effects`];
}

const MACHINE_COLUMNS = [
  'cpu_model',
  'cpu_count',
  'os',
  'node_version',
  'v8_version',
  'gpu_adapter',
  'gpu_driver',
] as const;

function environmentNotes(comparisons: readonly CaseComparison[]): string[] {
  const changed = comparisons.filter(({ base, head }) => {
    return base?.p20_ns !== undefined && head?.p20_ns !== undefined && base.env_hash !== head.env_hash;
  });
  if (changed.length === 0) return [];
  const differences = changed.flatMap(({ base = {}, head = {} }) => environmentChanges(base, head));
  return [
    `absolute times of ${changed.length} cases are not compared, their machines differ: ${[...new Set(differences)].join(', ')}`,
  ];
}

export function environmentChanges(base: ResultRow, head: ResultRow): string[] {
  return MACHINE_COLUMNS.filter((name) => base[name] !== head[name]).map((name) => {
    return `${name} ${base[name] ?? 'none'} → ${head[name] ?? 'none'}`;
  });
}

/** As few as these say nothing of what they have in common. */
const MIN_COMMON = 4;

/** What all cases of a backend are held against may itself have changed, and none of them. */
function commonShifts(comparisons: readonly CaseComparison[]): string[] {
  const shifted = comparisons.flatMap(({ head, shift }) =>
    shift && head ? [{ backend: backendLabel(head), shift }] : [],
  );
  return [...Map.groupBy(shifted, ({ backend }) => backend)].flatMap(([backend, group]) => {
    const middle = quantile(
      group.map(({ shift }) => shift.log),
      0.5,
    );
    const isCommon = group.every(({ shift }) => Math.sign(shift.log) === Math.sign(middle));
    if (group.length < MIN_COMMON || !isCommon || Math.abs(middle) < MIN_EFFECT) return [];
    return [
      `${backend}: all cases shifted the same way, ${percent(middle)} in the middle: the dense baseline itself may have changed, which tare ab can tell`,
    ];
  });
}
