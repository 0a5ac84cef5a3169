// What `tare ab` says of two versions.

import type { Case } from '../contract/case.ts';
import { counted } from '../contract/counted.ts';
import { problemKey } from '../contract/problem-key.ts';
import type { ComparedCommits } from '../judge/ab/commits.ts';
import { type CaseOutcome, isRegression, type Outcome } from '../judge/ab/compare-versions.ts';
import type { ChangedSelection } from '../judge/ab/select-changed.ts';
import type { OutputChange } from '../judge/ab/time-versions.ts';
import { ALPHA } from '../judge/ab/verdict.ts';
import { describeChange, exactChanges } from '../results/exact-change.ts';
import { techniqueLabel } from '../results/row-labels.ts';
import type { Interval } from '../statistics/interval.ts';
import { quantile } from '../statistics/quantile.ts';
import type { Alert, ReportLine, VerdictReport } from './verdict-report.ts';

export interface VersionsCompared {
  readonly commits: Pick<ComparedCommits, 'base' | 'head'>;
  readonly selection: ChangedSelection;
  readonly outcomes: readonly CaseOutcome[];
}

export function abReport(compared: VersionsCompared): VerdictReport {
  const { commits, outcomes } = compared;
  const sections = [...Map.groupBy(outcomes, ({ case: { problem } }) => `${problem.op} ${problemKey(problem)}`)];
  const notes = notesOn(compared);
  return {
    title: 'tare ab',
    sections: sections.map(([title, group]) => ({
      title: title.replaceAll(',', ' '),
      headings: ['technique', 'backend', 'verdict', 'change', '95 % interval', 'sees from'],
      lines: group.map(lineOf),
    })),
    notes,
    alerts: outcomes.flatMap(alertOf),
    records: outcomes.map(recordOf),
    data: { ...commits, notes, added: compared.selection.added, cases: outcomes.map(recordOf) },
  };
}

function lineOf({ case: entry, outcome }: CaseOutcome): ReportLine {
  const names = [labelOf(entry), entry.backend];
  if (outcome.status !== 'compared')
    return { cells: [...names, wordOf(outcome), '', '', ''], details: detailsOf(outcome) };
  const { change, interval, smallestEffect } = outcome.judgement;
  return {
    cells: [
      ...names,
      wordOf(outcome),
      percent(change),
      formatInterval(interval),
      smallestEffect === undefined ? '' : percent(smallestEffect),
    ],
    details: detailsOf(outcome),
  };
}

function labelOf({ technique, params }: Case): string {
  const values = Object.entries(params).map(([name, value]) => `${name}=${value}`);
  return techniqueLabel({ technique, params: values.join(';') });
}

function wordOf(outcome: Outcome): string {
  return outcome.status === 'compared' ? outcome.judgement.verdict : outcome.status;
}

function detailsOf(outcome: Outcome): string[] {
  if (outcome.status === 'failed') return [`${SIDES[outcome.side]}: ${outcome.reason}`];
  if (outcome.status === 'skipped') return [outcome.reason];
  const { flagged, isConfirmed, judgement, processes, outputChange } = outcome;
  const lines = outputChange === undefined ? [] : describeOutput(outputChange);
  if (flagged === undefined) return lines;
  const first = `${flagged.verdict} by ${percent(Math.abs(flagged.change))} at first`;
  if (isConfirmed) return [`${first}, confirmed by ${processes} fresh processes`, ...lines];
  return [`${first}, not confirmed by ${processes} fresh processes (${percent(judgement.change)})`, ...lines];
}

const SIDES = { base: 'fails in base', head: 'fails in head', both: 'fails in base and head' } as const;

function describeOutput({ differing, values, maxUlps, drift }: OutputChange): string[] {
  const changes = exactChanges(drift.base, drift.head).map(describeChange);
  const ulps = Number.isFinite(maxUlps)
    ? `by ${maxUlps} ulp${maxUlps > 1 ? ' at most' : ''}`
    : 'some not being numbers';
  return [
    `output: ${differing} of ${values} values differ, ${ulps}`,
    changes.length > 0 ? `drift: ${changes.join(', ')}` : 'drift: the same in every digit',
  ];
}

function alertOf({ case: { id }, outcome }: CaseOutcome): Alert[] {
  const details = detailsOf(outcome).join('; ');
  if (isRegression(outcome)) {
    return [{ level: 'error', message: `${id}: ${[describeSpeed(outcome), details].filter(Boolean).join('; ')}` }];
  }
  const isWorthSaying = outcome.status === 'failed' || (outcome.status === 'compared' && outcome.outputChange);
  return isWorthSaying ? [{ level: 'warning', message: `${id}: ${details}` }] : [];
}

function describeSpeed(outcome: Outcome): string {
  if (outcome.status !== 'compared') return '';
  const { verdict, change, interval } = outcome.judgement;
  return `${verdict}: ${percent(change)} time (95 %: ${formatInterval(interval)})`;
}

function recordOf({ case: { id }, outcome }: CaseOutcome) {
  const isCompared = outcome.status === 'compared';
  const judgement = isCompared ? outcome.judgement : undefined;
  const change = isCompared ? outcome.outputChange : undefined;
  return {
    case_id: id,
    verdict: wordOf(outcome),
    regression: isRegression(outcome),
    change: judgement?.change,
    ci95_low: judgement?.interval?.low,
    ci95_high: judgement?.interval?.high,
    holm_p: judgement?.p,
    smallest_effect: judgement?.smallestEffect,
    min_effect: isCompared ? outcome.minimum : undefined,
    processes: isCompared ? outcome.processes : undefined,
    flagged: isCompared ? (outcome.flagged?.verdict ?? '') : undefined,
    confirmed: isCompared ? outcome.isConfirmed : undefined,
    outputs_differing: isCompared ? (change?.differing ?? 0) : undefined,
    max_ulps: isCompared ? (change?.maxUlps ?? 0) : undefined,
    drift_changes: change && exactChanges(change.drift.base, change.drift.head).map(describeChange).join('; '),
    reason: isCompared ? undefined : outcome.reason,
  };
}

function notesOn({ commits, selection, outcomes }: VersionsCompared): string[] {
  const { unchanged, added, removed } = selection;
  const left =
    unchanged > 0
      ? `; ${counted(unchanged, 'more runs', 'more run')} the same code on both sides (--all takes them too)`
      : '';
  const regressed = outcomes.filter(({ outcome }) => isRegression(outcome)).length;
  const counts = [...Map.groupBy(outcomes, ({ outcome }) => wordOf(outcome))].map(
    ([word, { length }]) => `${length} ${word}`,
  );
  return [
    `base ${commits.base.label} → head ${commits.head.label}`,
    ...idList('new, without a base', added),
    ...idList('only in base', removed),
    ...precision(outcomes),
    outcomes.length === 0
      ? `no case to compare${left}`
      : `${counted(outcomes.length, 'case')}: ${counts.join(', ')}; ${regressed} regressed${left}`,
  ];
}

const MOST_IDS = 5;

function idList(what: string, ids: readonly string[]): string[] {
  if (ids.length === 0) return [];
  const more = ids.length > MOST_IDS ? `, … and ${ids.length - MOST_IDS} more` : '';
  return [`${what}: ${ids.slice(0, MOST_IDS).join(', ')}${more}`];
}

/** What stayed unseen is no less a result than what was seen. */
function precision(outcomes: readonly CaseOutcome[]): string[] {
  const compared = outcomes.flatMap(({ outcome }) => (outcome.status === 'compared' ? [outcome] : []));
  if (compared.length === 0) return [];
  const seen = compared.flatMap(({ judgement }) => judgement.smallestEffect ?? []);
  const family = `${counted(compared.length, 'case')} in both directions, ${ALPHA * 100} % for all together`;
  if (seen.length === 0) return [`no slowdown could have been seen: too few processes (${family})`];
  const [half, worst] = [quantile(seen, 0.5), Math.max(...seen)].map((effect) => percent(effect).slice(1));
  return [
    `smallest slowdown this run could have seen: ${half} in half of the cases, ${worst} in the worst (${family})`,
  ];
}

/** 0.031 reads +3.1 %. */
function percent(change: number, unit = ' %'): string {
  const value = change * 100;
  return `${value < 0 ? '' : '+'}${Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(1)}${unit}`;
}

function formatInterval(interval: Interval | undefined): string {
  return interval === undefined ? '' : `${percent(interval.low, '')} … ${percent(interval.high)}`;
}
