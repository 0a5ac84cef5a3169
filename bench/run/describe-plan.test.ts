import { expect, test } from 'vitest';
import type { Need, NeededCase } from '../cases/order-of-need.ts';
import type { Case } from '../contract/case.ts';
import { describePlan, duration } from './describe-plan.ts';

const needed = (need: Need, id: string): NeededCase => ({ case: { id } as Case, need });
const left = [needed('sentinel', 'a'), needed('new', 'b'), needed('oldest', 'c'), needed('oldest', 'd')];

test('a run says how long it will take by what is recorded, and how much of it a budget has room for', () => {
  const recorded = new Map([
    ['a', 60],
    ['b', 600],
    ['c', 7200],
    ['d', 60],
  ]);
  const costS = (id: string) => recorded.get(id) ?? 60;
  expect(describePlan({ left, costS, recorded, leftS: undefined })).toBe('4 cases, some 2 h 12 min by recorded costs');
  expect(describePlan({ left, costS, recorded, leftS: 1800 })).toBe(
    "4 cases, some 2 h 12 min by recorded costs; the budget's 30 min have room for 3 (sentinels 1, never measured 1, oldest 1); 1 would take longer than that by themselves",
  );
  expect(describePlan({ left, costS, recorded, leftS: 24_000, processes: 6 })).toMatch(
    /have room for 4 \(sentinels 1, never measured 1, oldest 2\), each in up to 6 processes$/,
  );
  expect(describePlan({ left, costS: () => 1, recorded: new Map([['a', 1]]), leftS: undefined })).toBe(
    '4 cases, some 4 s by recorded costs of 1 of them',
  );
  expect(describePlan({ left, costS: () => 1, recorded: new Map(), leftS: undefined })).toBe(
    '4 cases, nobody has recorded how long they take',
  );
});

test.each([
  [0.4, '0 s'],
  [99, '99 s'],
  [100, '2 min'],
  [5900, '98 min'],
  [7380, '2 h 3 min'],
  [10_800, '3 h'],
])('%f s are %s', (seconds, said) => {
  expect(duration(seconds)).toBe(said);
});
