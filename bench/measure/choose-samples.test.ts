import { expect, test } from 'vitest';
import { chooseSamples } from './choose-samples.ts';
import type { Round, Sample } from './round.ts';

const FREE = 1000;
const SHARED = 1500;
const sample = (ns: number, canaryCycles?: number, preempted = false): Sample => ({ ns, preempted, canaryCycles });
const times = (count: number, round: Round): Round[] => Array.from({ length: count }, () => round);

test('of rounds with enough free samples, those count alone', () => {
  const quarter = [sample(1, FREE), sample(2, SHARED), sample(2, SHARED), sample(2, SHARED)];
  const { sides, core } = chooseSamples(times(6, [quarter, [sample(3, FREE)]]));
  expect(sides.map(({ rounds }) => rounds)).toEqual([Array(6).fill([1]), Array(6).fill([3])]);
  expect(core).toEqual({ state: 'free', freeRounds: 6, bestCycles: FREE, canaryCycles: Array(6).fill(FREE) });
});

test('less than a quarter of a turn is a glimpse and makes no free round', () => {
  const fifth = [sample(1, FREE), ...Array(4).fill(sample(2, SHARED))];
  const { sides, core } = chooseSamples(times(6, [fifth, [sample(3, FREE)]]));
  expect(sides[0].rounds).toEqual(Array(6).fill([1, 2, 2, 2, 2]));
  expect(core).toMatchObject({ state: 'shared', freeRounds: 0, canaryCycles: Array(6).fill(SHARED) });
});

test('a round is free only where all sides are', () => {
  const { core } = chooseSamples(times(6, [[sample(1, FREE)], [sample(1, SHARED)]]));
  expect(core).toMatchObject({ state: 'shared', freeRounds: 0 });
});

test('samples of a free core that were preempted are left out too', () => {
  const turn = [sample(1, FREE), sample(9, FREE, true), sample(2, FREE)];
  const { sides, core, preemptedShare } = chooseSamples(times(6, [turn, [sample(3, FREE)]]));
  expect(sides).toEqual([
    { rounds: Array(6).fill([1, 2]), dropped: 6 },
    { rounds: Array(6).fill([3]), dropped: 0 },
  ]);
  expect(core?.state).toBe('free');
  expect(preemptedShare).toBe(1 / 4);
});

test('a single reading far below all others is not the best', () => {
  const rounds = [...times(50, [[sample(1, FREE)], [sample(1, FREE)]]), [[sample(1, FREE)], [sample(1, 10)]]];
  // The first twentieth of 102 readings ends above the fifth lowest.
  expect(chooseSamples(rounds).core).toMatchObject({ state: 'free', bestCycles: FREE });
});

test('five good rounds of ten are too few: all of those that were not preempted count', () => {
  const good = times(5, [[sample(1, FREE)], [sample(1, FREE)]]);
  const shared = times(3, [[sample(2, SHARED)], [sample(2, SHARED)]]);
  const preempted = times(2, [[sample(9, FREE, true)], [sample(9, FREE, true)]]);
  const { sides, core, goodRounds } = chooseSamples([...good, ...shared, ...preempted]);
  expect(sides[0]).toEqual({ rounds: [[1], [1], [1], [1], [1], [2], [2], [2]], dropped: 2 });
  expect(core).toMatchObject({ state: 'mixed', freeRounds: 5 });
  expect(goodRounds).toBe(5);
});
