import { expect, test } from 'vitest';
import { bumpTable, changePointTable, tryBumps, tryChangePoints } from './change-points.ts';

test('a step of 10 % is found within days, and steady histories alarm a fixed threshold far more often', () => {
  const [one, ofMany, threshold] = tryChangePoints(10, ['white, gaussian']);
  for (const { steps } of [one, ofMany]) {
    expect(steps.at(-1)).toMatchObject({ step: 0.1, found: 1 });
    expect(steps.at(-1)?.delayMedian).toBeLessThanOrEqual(7);
  }
  expect(one.alarmsPerHistory).toBeLessThan(threshold.alarmsPerHistory / 10);
});

test('a level that came and went is found at both ends', () => {
  for (const { nights, found } of tryBumps(40)) expect(found).toBeGreaterThan(nights === 5 ? 0.9 : 0.75);
});

test('the tables have cells under each heading, and no figure that is none', () => {
  for (const table of [changePointTable(tryChangePoints(1, ['AR(1), φ = 0.5'])), bumpTable(tryBumps(2))]) {
    const [header, , ...rows] = table.split('\n');
    for (const row of rows) expect(row.split('|')).toHaveLength(header.split('|').length);
    expect(table).not.toContain('NaN');
  }
});
