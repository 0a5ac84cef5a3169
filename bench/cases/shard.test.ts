import { expect, test } from 'vitest';
import { InputError } from '../contract/input-error.ts';
import { casesOfShard, parseShard, recordedCosts } from './shard.ts';

const ids = Array.from({ length: 23 }, (_, i) => `case-${i}`);
const split = (count: number, costs: ReadonlyMap<string, number>) =>
  Array.from({ length: count }, (_, i) => casesOfShard(ids, { index: i + 1, count }, costs));

test.each([1, 2, 5, 23])('%d shards hold every case once, each in the order of the run', (count) => {
  const costs = new Map(ids.map((id, i) => [id, (i * 7) % 11]));
  const shards = split(count, costs);
  expect(shards.flat().toSorted()).toEqual(ids.toSorted());
  for (const shard of shards) expect(shard).toEqual(ids.filter((id) => shard.includes(id)));
});

test('without costs shards differ by at most one case', () => {
  const sizes = split(4, new Map()).map((shard) => shard.length);
  expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
});

test('one costly case leaves the others to the other shards', () => {
  const costs = new Map(ids.map((id) => [id, id === 'case-3' ? 22 : 1]));
  const loads = split(2, costs).map((shard) => shard.reduce((sum, id) => sum + (costs.get(id) ?? 0), 0));
  expect(loads).toEqual([22, 22]);
});

test('the order in which costs were recorded does not matter, nor do cases that were never run', () => {
  const costs = ids.slice(4).map((id, i): [string, number] => [id, i % 5]);
  expect(split(3, new Map(costs))).toEqual(split(3, new Map(costs.toReversed())));
});

test('a case costs the time until the next one begins', () => {
  const at = (second: number) => `2031-01-01T00:00:${String(second).padStart(2, '0')}.500Z`;
  const rows = [0, 3, 3, 10].map((second, i) => ({ case_id: `c${i}`, started_at: at(second) }));
  expect([...recordedCosts(rows)]).toEqual([
    ['c0', 3],
    ['c1', 0],
    ['c2', 7],
  ]);
});

test('of a merged run, whose cases are in their order and not in that of time, each shard tells for itself', () => {
  const row = (case_id: string, shard: string, second: number) => ({
    case_id,
    shard,
    started_at: `2031-01-01T00:00:0${second}.000Z`,
  });
  const rows = [row('a', '2/2', 7), row('b', '1/2', 0), row('c', '2/2', 1), row('d', '1/2', 4)];
  expect(Object.fromEntries(recordedCosts(rows))).toEqual({ b: 4, c: 6 });
});

test.each(['0/2', '3/2', '1/0', '1', 'a/b', '1.5/2', '-1/2'])('%s is no shard', (text) => {
  expect(() => parseShard(text)).toThrow(InputError);
});

test('more shards than cases are refused rather than left empty', () => {
  expect(() => casesOfShard(['a', 'b'], { index: 3, count: 3 }, new Map())).toThrow(/at most 2 shards/);
});

test.each([
  ['1/1', { index: 1, count: 1 }],
  ['10/12', { index: 10, count: 12 }],
  ['3/3', { index: 3, count: 3 }],
])('%s is a shard', (text, shard) => {
  expect(parseShard(text)).toEqual(shard);
});

test.each(['1/2x', 'x1/2', '4/3', '', '1/', '/2', '1//2', '0/0'])('%s is none, and the message shows it', (text) => {
  expect(() => parseShard(text)).toThrow(`--shard: must read i/n with i from 1 to n, got ${text}`);
});

test('as many shards as cases have one case each', () => {
  expect(split(23, new Map()).map((shard) => shard.length)).toEqual(new Array(23).fill(1));
});

test('the costliest case left goes to the shard with least to do, of equals the first by name to the first shard', () => {
  // 7 | 5 | 5, then 3 joins the second and 2 the third: 7 | 8 | 7, worked out by hand.
  const costs = new Map([
    ['e', 2],
    ['d', 3],
    ['c', 5],
    ['b', 5],
    ['a', 7],
  ]);
  const names = ['a', 'b', 'c', 'd', 'e'];
  const shards = [1, 2, 3].map((index) => casesOfShard(names, { index, count: 3 }, costs));
  expect(shards).toEqual([['a'], ['b', 'd'], ['c', 'e']]);
});

test('a case never measured counts as the median one', () => {
  // a and c take 10, b 1 and the unknown d their median 10: a | c, then d joins a and b, the cheapest, c.
  const costs = new Map([
    ['a', 10],
    ['b', 1],
    ['c', 10],
  ]);
  const shards = [1, 2].map((index) => casesOfShard(['a', 'b', 'c', 'd'], { index, count: 2 }, costs));
  expect(shards).toEqual([
    ['a', 'd'],
    ['b', 'c'],
  ]);
});

test('of equal cases the first by name comes first, capitals before all, in whichever order they are given', () => {
  for (const order of ['cBda', 'adBc', 'dcaB']) {
    const shards = [1, 2, 3, 4].map((index) => casesOfShard([...order], { index, count: 4 }, new Map()));
    expect(shards.flat()).toEqual(['B', 'a', 'c', 'd']);
  }
});

test('cases that cost nothing on the machine of before are still shared out', () => {
  const names = ['a', 'b', 'c', 'd'];
  const free = new Map(names.map((id) => [id, 0]));
  expect([1, 2].map((index) => casesOfShard(names, { index, count: 2 }, free))).toEqual([
    ['a', 'c'],
    ['b', 'd'],
  ]);
});

test('rows without a name or a time tell no cost, and the last of a machine tells none', () => {
  const rows = [
    { case_id: 'a', started_at: '2031-01-01T00:00:00.000Z' },
    { case_id: 'b' },
    { case_id: 'c', started_at: 'soon' },
    { started_at: '2031-01-01T00:00:01.000Z' },
    { case_id: 'd', started_at: '2031-01-01T00:00:02.500Z' },
  ];
  expect([...recordedCosts(rows)]).toEqual([['a', 2.5]]);
  expect([...recordedCosts([])]).toEqual([]);
});
