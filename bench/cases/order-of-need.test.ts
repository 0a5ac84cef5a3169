import { expect, test } from 'vitest';
import type { Case } from '../contract/case.ts';
import { byNeed, type CaseRecord, fitting, moreTimes } from './order-of-need.ts';
import { selectCases } from './select.ts';

const { cases } = await selectCases({
  suite: ['smoke'],
  technique: [],
  backend: ['ts', 'wasm'],
  filter: [],
  kernels: [],
  seed: 0,
  preset: 'smoke',
});
const of = (technique: string, backend = 'ts') =>
  cases.find((entry) => entry.technique === technique && entry.backend === backend)!;
const hashes = new Map(cases.map(({ technique }) => [technique, 'as it is']));
const record = (figures: Partial<CaseRecord> = {}): CaseRecord => ({
  age: 0,
  runs: 3,
  techniqueHash: 'as it is',
  isSuspect: false,
  tookS: 1,
  processes: 2,
  ...figures,
});
const order = (known: ReadonlyMap<string, CaseRecord>, some: readonly Case[] = cases) =>
  byNeed(some, { known, techniqueHashes: hashes, costS: () => 1 });

test('sentinels come first, then changed code, suspicions, what was never measured, and the oldest', () => {
  const [dense, csr, int4, int8, q4k, sparse] = ['dense', 'csr', 'int4', 'int8', 'q4-k', 'sparse-2-4'].map((id) =>
    of(id),
  );
  const known = new Map([
    [dense.id, record({ age: 2 })],
    [csr.id, record({ runs: 9 })],
    [int4.id, record({ age: 7 })],
    [int8.id, record({ isSuspect: true })],
    [q4k.id, record({ techniqueHash: 'as it was' })],
  ]);
  const needed = order(known, [dense, csr, int4, int8, q4k, sparse]);
  expect(needed.map((each) => [each.case.technique, each.need])).toEqual([
    ['csr', 'sentinel'],
    ['q4-k', 'changed'],
    ['int8', 'suspected'],
    ['sparse-2-4', 'new'],
    ['int4', 'oldest'],
    ['dense', 'oldest'],
  ]);
});

test('each backend has one sentinel, no baseline, the same while nothing else was measured more often', () => {
  const sentinels = (known: ReadonlyMap<string, CaseRecord>) =>
    order(known).flatMap((each) => (each.need === 'sentinel' ? [each.case] : []));
  const first = sentinels(new Map());
  expect(first.map(({ backend }) => backend).toSorted()).toEqual(['ts', 'wasm']);
  expect(first.every(({ id, baselineId }) => id !== baselineId)).toBe(true);
  const measured = new Map(cases.map(({ id }) => [id, record({ runs: first.some((each) => each.id === id) ? 2 : 1 })]));
  expect(sentinels(measured)).toEqual(first);
});

test('as many as fit are taken in order, and one that is too long leaves its place to those behind it', () => {
  const needed = order(new Map()).slice(0, 4);
  const costs = new Map(needed.map((each, i) => [each.case, [3, 9, 4, 2][i]]));
  const taken = fitting(needed, 8, (entry) => costs.get(entry) ?? 0);
  expect(taken).toEqual([needed[0], needed[2]]);
});

test.each([
  ['no time budget', 2, 100, undefined, 2],
  ['less time than all cases take', 5, 100, 50, 5],
  ['half as much again', 2, 100, 160, 3],
  ['all the time in the world', 5, 100, 1e9, 15],
  ['a preset that measures once', 1, 10, 1000, 1],
])('passes of a case with %s', (_, usual, totalS, timeS, passes) => {
  expect(usual * moreTimes(usual, totalS, timeS)).toBe(passes);
});
