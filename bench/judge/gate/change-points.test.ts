import { expect, test } from 'vitest';
import { changePointTable, tryChangePoints } from './change-points.ts';

test('a step of 10 % is found within days, and steady histories alarm fixed thresholds far more often', () => {
  const [track, , ...thresholds] = tryChangePoints(20);
  expect(track.steps.at(-1)).toMatchObject({ step: 0.1, found: 1 });
  expect(track.steps.at(-1)?.delayMedian).toBeLessThanOrEqual(7);
  for (const threshold of thresholds) expect(track.falseAlarms).toBeLessThan(threshold.falseAlarms);
});

test('the table has a row a rule, each as wide as its heading', () => {
  const [header, , ...rows] = changePointTable(tryChangePoints(2)).split('\n');
  expect(rows).toHaveLength(5);
  for (const row of rows) expect(row.split('|')).toHaveLength(header.split('|').length);
});
