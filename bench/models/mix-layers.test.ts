import { expect, test } from 'vitest';
import { seededRandom } from '../statistics/random.ts';
import { greedyMixes, lastGood } from './mix-layers.ts';

const option = (bytes: number, kld: number) => ({ bytes, kld });

test('the layer that loses least for the bytes it saves goes first', () => {
  const layers = [
    [option(100, 0), option(50, 10)],
    [option(100, 0), option(50, 1)],
    [option(400, 0), option(200, 5)],
  ];
  expect(greedyMixes(layers)).toEqual([
    { options: [0, 0, 0], bytes: 600, kld: 0 },
    { options: [0, 1, 0], bytes: 550, kld: 1 },
    { options: [0, 1, 1], bytes: 350, kld: 6 },
    { options: [1, 1, 1], bytes: 300, kld: 16 },
  ]);
});

test('a format that no size makes worth it is passed over', () => {
  const [first, second] = greedyMixes([[option(100, 0), option(90, 9), option(50, 10)]]);
  expect([first.options, second.options]).toEqual([[0], [2]]);
});

test('begins at the more exact of two formats of a size, and gains where a smaller one is more exact', () => {
  expect(greedyMixes([[option(100, 3), option(100, 1), option(20, 0)]])).toEqual([
    { options: [1], bytes: 100, kld: 1 },
    { options: [2], bytes: 20, kld: 0 },
  ]);
});

test('no choice of formats of a mix’s size or less loses less', () => {
  const { uniform } = seededRandom(7);
  const layers = Array.from({ length: 5 }, () =>
    [400, 200, 100].map((bytes, i) => option(bytes, i === 0 ? 0 : uniform() * 4 ** i)),
  );
  const all = layers.reduce<{ bytes: number; kld: number }[]>(
    (sums, options) => sums.flatMap((sum) => options.map((o) => option(sum.bytes + o.bytes, sum.kld + o.kld))),
    [option(0, 0)],
  );
  for (const mix of greedyMixes(layers)) {
    const least = Math.min(...all.filter(({ bytes }) => bytes <= mix.bytes).map(({ kld }) => kld));
    expect(mix.kld).toBeCloseTo(least, 12);
  }
});

test.each([
  [[], undefined],
  [[0, 0], undefined],
  [[1, 0, 0], 0],
  [[1, 1, 1, 0], 2],
  [[1, 1], 1],
])('the last good one of %j is number %s', async (goods, last) => {
  const asked: number[] = [];
  const found = await lastGood([...goods.keys()], async (i) => {
    asked.push(i);
    return goods[i] === 1;
  });
  expect(found).toBe(last);
  expect(new Set(asked).size).toBe(asked.length);
});
