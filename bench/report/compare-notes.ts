// The sentences below the tables of `tare compare`: what was held against what, and how far that goes.
import { counted } from '../contract/counted.ts';
import { type CaseComparison, excuses, hasRun, MIN_EFFECT, verdicts } from '../judge/compare.ts';
import type { ResultRow } from '../results/columns.ts';
import { backendLabel } from '../results/row-labels.ts';
import { quantile } from '../statistics/quantile.ts';
import { percent } from './percent.ts';

export interface ComparedRun {
  readonly name: string;
  readonly rows: readonly ResultRow[];
}

export function notesOn(
  comparisons: readonly CaseComparison[],
  { base, head }: { readonly base: ComparedRun; readonly head: ComparedRun },
): string[] {
  const counts = verdicts.map((verdict) => {
    const count = comparisons.filter((comparison) => comparison.verdict === verdict).length;
    return count > 0 ? [`${count} ${verdict}`] : [];
  });
  const regressed = comparisons.filter(({ regressions }) => regressions.length > 0).length;
  return [
    `${describeRun(base)} → ${describeRun(head)}`,
    ...precision(comparisons),
    ...processNotes([base, head]),
    ...environmentNotes(comparisons),
    ...inputNotes(comparisons),
    ...absenceNotes(comparisons, head),
    ...commonShifts(comparisons),
    `${counted(comparisons.length, 'case')}: ${counts.flat().join(', ')}; ${regressed} regressed`,
  ];
}

/** Whatever the reason, no figure of such cases was held against another. */
function inputNotes(comparisons: readonly CaseComparison[]): string[] {
  const hasOthers = ({ base, head }: CaseComparison) =>
    base !== undefined && head !== undefined && hasRun(base) && hasRun(head) && base.input_hash !== head.input_hash;
  const others = comparisons.filter(hasOthers).length;
  return others > 0
    ? [
        `${counted(others, 'case has', 'cases have')} other inputs in the two runs: neither speed nor drift was compared`,
      ]
    : [];
}

function absenceNotes(comparisons: readonly CaseComparison[], { name }: ComparedRun): string[] {
  return excuses.flatMap((excuse) => {
    const count = comparisons.filter(({ reason }) => reason === excuse).length;
    if (excuse === 'left out by a time budget or with a missing shard')
      return count > 0
        ? [`${counted(count, 'case was', 'cases were')} ${excuse} in one of the runs, and not judged`]
        : [];
    return count > 0
      ? [
          `${name}: ${counted(count, 'case of the other run was', 'cases of the other run were')} ${excuse}, and not judged`,
        ]
      : [];
  });
}

function describeRun({ name, rows }: ComparedRun): string {
  const commits = new Set(rows.map(describeCommit));
  return `${name} (commit ${[...commits].join(', ')})`;
}

/** As git abbreviates it, with a plus where the checkout held changes. */
export function describeCommit({ git_commit, git_dirty }: ResultRow): string {
  return `${git_commit?.slice(0, 8) ?? 'unknown'}${git_dirty ? '+' : ''}`;
}

/** The change that a run should not let pass. */
export const WANTED = 0.05;

function precision(comparisons: readonly CaseComparison[]): string[] {
  const judged = comparisons.flatMap(({ shift }) => shift ?? []);
  if (judged.length === 0) return [];
  const seen = judged.filter(({ detectable }) => detectable <= Math.log1p(WANTED)).length;
  return [
    `a change of ${WANTED * 100} % would have been seen in ${seen} of ${counted(judged.length, 'case')}; tare ab sees smaller ones`,
  ];
}

function processNotes(runs: readonly ComparedRun[]): string[] {
  return runs.flatMap(({ name, rows }) => {
    const alone = rows.filter((row) => hasRun(row) && (row.processes ?? 1) < 2).length;
    if (alone === 0) return [];
    return [
      `${name}: ${counted(alone, 'case was', 'cases were')} measured in one process, which tells nothing of how the next one would differ`,
    ];
  });
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
    `absolute times of ${counted(changed.length, 'case')} are not compared, their machines differ: ${[...new Set(differences)].join(', ')}`,
  ];
}

export function environmentChanges(base: ResultRow, head: ResultRow): string[] {
  return MACHINE_COLUMNS.filter((name) => base[name] !== head[name]).map((name) => {
    return `${name} ${base[name] ?? 'none'} → ${head[name] ?? 'none'}`;
  });
}

/** As few as these say nothing of what they have in common. */
const MIN_COMMON = 4;

/**
 * Where all cases of a backend shift by about the same, it is likelier that their common baseline changed than that each
 * of them did.
 */
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
