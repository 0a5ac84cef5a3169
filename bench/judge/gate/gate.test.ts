import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PROJECT } from '../../cases/registry.ts';
import { plantIn } from './planted-tree.ts';
import type { GateRecord } from './records.ts';
import { findBrokenPromises, formatTable } from './table.ts';
import { parts, plantings, trialsOf } from './trials.ts';

test.each(Object.entries(plantings))('%s still finds the code it changes', (_, { plant }) => {
  const source = readFileSync(join(PROJECT, plant.file), 'utf8');
  expect(plantIn(source, plant).length).toBeGreaterThan(source.length);
});

test('a plant that finds nothing is an error, not a trial of equal code', () => {
  expect(() => plantIn('', plantings['3 % more work, dense ts'].plant)).toThrow(/must have .* once, got 0/);
});

test('every planted slowdown has at least 20 trials, on an idle machine and under load', () => {
  for (const part of parts.filter((name) => name.startsWith('planted'))) {
    const counts = Object.groupBy(trialsOf(part, false), ({ name }) => name);
    const slower = Object.entries(plantings).filter(([, { expected }]) => expected === 'slower');
    for (const [name] of slower) expect(counts[name]?.length).toBeGreaterThanOrEqual(20);
  }
});

function record(name: string, cases: Partial<GateRecord['cases'][number]>[]): GateRecord {
  const common = { case_id: 'c', status: 'compared', verdict: 'same', change: 0, confirmed: false } as const;
  const entries = cases.map((entry) => ({ ...common, ...entry }));
  return { part: 'planted', name, number: 1, commit: 'abc', seconds: 1, cases: entries };
}
const slower = { flagged: 'slower', verdict: 'slower', confirmed: true, change: 0.03 } as const;

test.each([
  ['all found', record('3 % more work, dense ts', [slower, slower]), []],
  ['one of two missed', record('3 % more work, dense ts', [slower, {}]), [/95 % must be found, got 1 of 2/]],
  ['the wrong direction', record('3 % less work, dense wasm', [slower]), [/got 0 of 1/]],
  ['equal code flagged', record('ts', [{ flagged: 'slower' }]), [/at most 1 % may be flagged, got 1 of 1/]],
  ['equal code confirmed', record('ts', [slower]), [/flagged/, /none may be confirmed, got 1/]],
  ['two ulps', record('one ulp in one value, dense ts', [{ outputs_differing: 1, max_ulps: 2 }]), [/got 0 of 1/]],
  ['a case that broke', record('ts', [{ status: 'failed', reason: 'why' }]), [/c: why/]],
])('%s', (_, planted, promises) => {
  const broken = findBrokenPromises([planted]);
  expect(broken).toHaveLength(promises.length);
  promises.forEach((promise, i) => {
    expect(broken[i]).toMatch(promise);
  });
});

test('the table counts what was flagged and what was confirmed', () => {
  const table = formatTable([record('3 % more work, dense ts', [slower, { ...slower, confirmed: false }])]);
  expect(table.split('\n')[2]).toBe('| 3 % more work, dense ts | idle | 2 | 2 (100 %) | 1 (50 %) | +3.0 % |');
});
