import { expect, test } from 'vitest';
import { judge, recommend, type WeighedModel } from './recommend.ts';

const around = (figure: number, reach: number) => ({ low: figure - reach, high: figure + reach });
const model = (label: string, figures: Partial<WeighedModel>): WeighedModel => ({
  label,
  command: `run ${label}`,
  ...figures,
});
const exact = model('q8', {
  bytesShare: 0.27,
  speedup: 2.5,
  speedupCi95: around(2.5, 0.1),
  pplRatio: 1.0002,
  pplRatioCi95: around(1.0002, 0.0005),
  kldMean: 0.0004,
});
const small = model('q4', {
  bytesShare: 0.14,
  speedup: 4,
  speedupCi95: around(4, 0.2),
  pplRatio: 1.009,
  pplRatioCi95: around(1.009, 0.002),
  kldMean: 0.011,
});

test.each([
  [exact, { maxPplRatio: 1.01 }, 'kept'],
  [small, { maxPplRatio: 1.01 }, 'open'],
  [small, { maxPplRatio: 1.005 }, 'broken'],
  [small, { maxBytesShare: 0.14 }, 'kept'],
  [exact, { maxBytesShare: 0.25 }, 'broken'],
  [exact, { minSpeedup: 2.4 }, 'kept'],
  [exact, { minSpeedup: 2.45 }, 'open'],
  [exact, { minSpeedup: 2.61 }, 'broken'],
  [small, { maxPplRatio: 1.01, minSpeedup: 5 }, 'broken'],
  [small, {}, 'kept'],
  [model('unscored', { speedup: 3 }), { maxPplRatio: 1.01 }, 'broken'],
  [model('too short a text', { pplRatio: 1.001 }), { maxPplRatio: 1.01 }, 'open'],
] as const)('$label under %j is %s', (weighed, bounds, verdict) => {
  expect(judge(weighed, bounds)).toBe(verdict);
});

test('of those that keep the bounds one is fastest, one smallest, one nearest', () => {
  const models = [exact, small, model('broken', { reason: 'no kernel', speedup: 9, bytesShare: 0, kldMean: 0 })];
  expect(recommend(models, {})).toEqual({ fastest: small, smallest: small, nearest: exact });
  expect(recommend(models, { maxPplRatio: 1.01 })).toEqual({ fastest: exact, smallest: exact, nearest: exact });
});

test('where none is sure to keep them, none is best', () => {
  expect(recommend([exact, small], { maxBytesShare: 0.1 })).toEqual({});
});
