import { expect, test } from 'vitest';
import { findChangePoints } from './change-points.ts';
import { seededRandom } from './random.ts';
import { type History, sharedNoise } from './shared-noise.ts';

/** So many series of white noise, of cases in one group. */
function white(count: number, length: number, deviation: number, group: string): History[] {
  const random = seededRandom(count + length);
  return Array.from({ length: count }, () => ({
    values: Array.from({ length }, () => deviation * random.gaussian()),
    groups: [group, 'all'],
  }));
}

test('each group tells the variance of its own cases, and all together how nights hang together', () => {
  const noiseOf = sharedNoise([...white(60, 30, 0.01, 'steady'), ...white(61, 30, 0.05, 'wild')]);
  for (const [group, deviation] of [
    ['steady', 0.01],
    ['wild', 0.05],
  ] as const) {
    const { variance, correlation } = noiseOf([group, 'all']);
    expect(Math.sqrt(variance?.variance ?? 0) / deviation).toBeGreaterThan(0.9);
    expect(Math.sqrt(variance?.variance ?? 0) / deviation).toBeLessThan(1.1);
    expect(correlation.correlation).toBeLessThan(0.15);
  }
});

test('twelve nights show a step that they would not show by themselves', () => {
  const level = [0.011, -0.007, 0.003, -0.012, 0.006, -0.002];
  const step = [...level, ...level.map((value) => -0.03 - value)];
  const find = (histories: readonly History[]) =>
    findChangePoints(step, { minMagnitude: 0.02, maxP: 1e-4, noise: sharedNoise(histories)(['a', 'all']) });
  expect(find(white(100, 10, 0.009, 'a')).map(({ index }) => index)).toEqual([6]);
  expect(find(white(100, 10, 0.03, 'a'))).toEqual([]);
  expect(find([])).toEqual([]);
});

test('few histories, or short ones, tell nothing', () => {
  expect(sharedNoise(white(19, 30, 0.01, 'a'))(['a']).variance).toBeUndefined();
  expect(sharedNoise(white(100, 6, 0.01, 'a'))(['a']).variance).toBeUndefined();
});

test('histories without any noise leave a history to tell by itself', () => {
  const flat = Array.from({ length: 30 }, () => ({ values: Array.from({ length: 12 }, () => 1), groups: ['a'] }));
  const noise = sharedNoise(flat)(['a']);
  expect(findChangePoints([...flat[0].values], { minMagnitude: 0.02, maxP: 1e-3, noise })).toEqual([]);
});
