import { expect, test } from 'vitest';
import { accuracyOf } from './accuracy.ts';

const labels = Uint8Array.from({ length: 100 }, (_, i) => i % 10);
/** Right but on the first ten. */
const predictions = labels.map((label, i) => (i < 10 ? (label + 1) % 10 : label));

test('what the uncompressed one says changes nothing', () => {
  const { changeCi95, ...rest } = accuracyOf([...predictions], { labels, predictions });
  expect(rest).toEqual({ examples: 100, accuracyPct: 90, changePct: 0 });
  expect(changeCi95.low).toBe(-changeCi95.high);
});

test('gains and losses are counted example by example', () => {
  // Right on five of the first ten, wrong on the last eight.
  const compressed = [...labels].map((label, i) =>
    (i >= 5 && i < 10) || (i >= 10 && i < 92) ? label : (label + 1) % 10,
  );
  const { accuracyPct, changePct, changeCi95 } = accuracyOf(compressed, { labels, predictions });
  expect([accuracyPct, changePct]).toEqual([87, -3]);
  // 13 of 100 differ: ±1.96·√(14 − 3²/102)/102 about −3/102, of which 0 is part.
  expect(changeCi95.low).toBeCloseTo(-10.11, 1);
  expect(changeCi95.high).toBeCloseTo(4.23, 1);
});
