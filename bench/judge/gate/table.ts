// The gate's answers beside the right ones, as Markdown.
import { quantile } from '../../statistics/quantile.ts';
import type { GateRecord } from './records.ts';
import { type Part, plantings } from './trials.ts';

type CaseRecord = GateRecord['cases'][number];

export function formatTable(records: readonly GateRecord[]): string {
  return [
    '| trial | machine | comparisons | flagged at first | confirmed | time changed by (median) |',
    '|---|---|--:|--:|--:|--:|',
    ...[...Map.groupBy(records, ({ part, name }) => `${part}\n${rowName(name)}`)].map(([key, group]) => {
      const [part, name] = key.split('\n');
      return `| ${[name, part.endsWith('-load') ? 'one core busy' : 'idle', ...figures(name, group)].join(' | ')} |`;
    }),
  ].join('\n');
}

const EQUAL = 'A/A: equal code';

function rowName(name: string): string {
  return plantings[name] === undefined ? EQUAL : name;
}

function figures(name: string, group: readonly GateRecord[]): string[] {
  const cases = group.flatMap((record) => record.cases).filter(({ status }) => status === 'compared');
  const expected = plantings[name]?.expected;
  const total = cases.length;
  const share = (count: number) => `${count} (${((100 * count) / total).toFixed(0)} %)`;
  if (expected === 'drift') {
    const exact = cases.filter((entry) => entry.outputs_differing === 1 && entry.max_ulps === 1).length;
    return [String(total), '', `${share(exact)} reported as 1 value, 1 ulp`, ''];
  }
  const isRight = (said: CaseRecord['verdict']) =>
    expected === undefined ? said === 'slower' || said === 'faster' : said === expected;
  const flagged = cases.filter((entry) => isRight(entry.flagged)).length;
  const confirmed = cases.filter((entry) => entry.confirmed === true && isRight(entry.verdict)).length;
  const changes = cases.flatMap(({ change }) => change ?? []);
  const median = quantile(
    changes.map((change) => (expected === undefined ? Math.abs(change) : change)),
    0.5,
  );
  const sign = expected === undefined ? '±' : median < 0 ? '−' : '+';
  return [String(total), share(flagged), share(confirmed), `${sign}${(100 * Math.abs(median)).toFixed(1)} %`];
}

/** Whether the gate holds what it promises, in words where it doesn't. */
export function findBrokenPromises(records: readonly GateRecord[]): string[] {
  return [...Map.groupBy(records, ({ part, name }) => `${part}\n${rowName(name)}`)].flatMap(([key, group]) => {
    const [part, name] = key.split('\n') as [Part, string];
    const cases = group.flatMap((record) => record.cases);
    const broken = cases
      .filter(({ status }) => status !== 'compared')
      .map(({ case_id, reason }) => `${case_id}: ${reason}`);
    return [...broken, ...promiseOf(name, cases)].map((text) => `${part}, ${name}: ${text}`);
  });
}

const MOST_FALSE_FLAGS = 0.01;
const LEAST_FOUND = 0.95;

function promiseOf(name: string, cases: readonly CaseRecord[]): string[] {
  const expected = plantings[name]?.expected;
  if (expected === undefined) {
    const flagged = cases.filter((entry) => entry.flagged !== undefined).length;
    const confirmed = cases.filter((entry) => entry.confirmed === true).length;
    const said = [];
    if (flagged > MOST_FALSE_FLAGS * cases.length)
      said.push(`at most 1 % may be flagged, got ${flagged} of ${cases.length}`);
    if (confirmed > 0) said.push(`none may be confirmed, got ${confirmed}`);
    return said;
  }
  const found = cases.filter((entry) => {
    if (expected === 'drift') return entry.outputs_differing === 1 && entry.max_ulps === 1;
    return entry.confirmed === true && entry.verdict === expected;
  }).length;
  return found < LEAST_FOUND * cases.length ? [`95 % must be found, got ${found} of ${cases.length}`] : [];
}
