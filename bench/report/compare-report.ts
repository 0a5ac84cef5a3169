// What `tare compare` says of two runs.
import { type CaseComparison, excuses, hasRun, type Shift } from '../judge/compare.ts';
import type { ResultRow } from '../results/columns.ts';
import { describeChange } from '../results/exact-change.ts';
import { backendLabel, problemTitle, techniqueLabel } from '../results/row-labels.ts';
import { type ComparedRun, notesOn } from './compare-notes.ts';
import { percent } from './percent.ts';
import type { Alert, ReportLine, VerdictReport } from './verdict-report.ts';

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

function isEvent({ verdict, changes, regressions, base, head, reason }: CaseComparison): boolean {
  if (excuses.some((excuse) => excuse === reason)) return false;
  const isDecided = verdict === 'faster' || verdict === 'slower';
  const isElsewhere = (base !== undefined && hasRun(base)) !== (head !== undefined && hasRun(head));
  return isDecided || changes.length > 0 || regressions.length > 0 || isElsewhere;
}

function lineOf(comparison: CaseComparison): ReportLine {
  const { verdict, shift, timeRatio, changes, reason, regressions, told } = comparison;
  const row = rowOf(comparison);
  const said = regressions.filter(
    (regression) => regression !== 'slower' && regression !== 'worse drift or more bytes',
  );
  const why = told ?? reason;
  const details = [...(said.length > 0 ? said : why === undefined ? [] : [why]), ...changes.map(describeChange)];
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

function alertsOf({ caseId, shift, changes, regressions, told }: CaseComparison): Alert[] {
  const exact = changes.map(describeChange).join(', ');
  const speed = shift === undefined ? '' : ` ${describeShift(shift)}`;
  if (regressions.length > 0) {
    const said = regressions.map((regression) => (regression === 'slower' ? `slower${speed}` : regression)).join('; ');
    return [{ level: 'error', message: `${caseId}: ${said}${exact && ` (${exact})`}` }];
  }
  return exact && told === undefined ? [{ level: 'warning', message: `${caseId}: ${exact}` }] : [];
}

function describeShift({ log, interval }: Shift): string {
  return `${percent(log)} against its baseline (95 %: ${percent(interval.low)} to ${percent(interval.high)})`;
}

function recordOf(comparison: CaseComparison) {
  const { caseId, base, head, verdict, shift, timeRatio, changes, reason, regressions, told } = comparison;
  return {
    case_id: caseId,
    verdict,
    regression: regressions.length > 0,
    why: [...regressions, told, reason].filter(Boolean).join('; ') || undefined,
    base_status: base?.status,
    head_status: head?.status,
    base_speedup: base?.speedup,
    head_speedup: head?.speedup,
    ratio: shift && Math.exp(shift.log),
    ratio_ci95_low: shift && Math.exp(shift.interval.low),
    ratio_ci95_high: shift && Math.exp(shift.interval.high),
    holm_p: shift?.p,
    least_change_seen: shift && Math.expm1(shift.detectable),
    time_ratio: timeRatio,
    changes: changes.map(describeChange).join('; ') || undefined,
  };
}
