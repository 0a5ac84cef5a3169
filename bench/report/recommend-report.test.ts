import { expect, test } from 'vitest';
import type { WeighedModel } from '../judge/recommend.ts';
import { recommendReport } from './recommend-report.ts';

const around = (figure: number, reach: number) => ({ low: figure - reach, high: figure + reach });
const q8: WeighedModel = {
  label: 'q8-0',
  command: 'npm run tare -- run --model m --technique q8-0',
  bytesShare: 0.271,
  speedup: 2.5,
  speedupCi95: around(2.5, 0.1),
  pplRatio: 1.0002,
  pplRatioCi95: around(1.0002, 0.0005),
  kldMean: 0.0004,
  kldMeanCi95: around(0.0004, 0.0001),
};
const q4: WeighedModel = {
  ...q8,
  label: 'q4-0',
  command: 'npm run tare -- run --model m --technique q4-0',
  bytesShare: 0.145,
  speedup: 4,
  speedupCi95: around(4, 0.2),
  pplRatio: 1.009,
  pplRatioCi95: around(1.009, 0.002),
};
const failed: WeighedModel = { label: 'csr 0.5', command: '', reason: 'no kernel' };

test('a row shows every figure with its interval, and whether the bounds are kept', () => {
  const lines = recommendReport([q8, q4, failed], { maxPplRatio: 1.01 }, 140).split('\n');
  expect(lines[1]).toMatch(
    /^q8-0 +✓ +27\.1 % +2\.50x +2\.40–2\.60 +\+0\.02 % +-0\.03 % to \+0\.07 % +4\.0e-4 +3\.0e-4–5\.0e-4$/,
  );
  expect(lines[2]).toMatch(/^q4-0 +\? /);
  expect(lines.slice(3, 5).map((line) => line.trim())).toEqual(['csr 0.5', 'no kernel']);
});

test('what is best is named with the command that measures it again', () => {
  const said = recommendReport([q8, q4], { maxPplRatio: 1.02, minSpeedup: 2 }, 140).split('\n').slice(4);
  expect(said).toEqual([
    'Under perplexity at most +2.00 %, at least 2.00x as fast:',
    'fastest, smallest: q4-0',
    '  npm run tare -- run --model m --technique q4-0',
    'nearest: q8-0',
    '  npm run tare -- run --model m --technique q8-0',
  ]);
});

test('where none is sure to keep the bounds, that is said, and which may', () => {
  expect(recommendReport([q8, q4], { maxPplRatio: 1.009, maxBytesShare: 0.2 }, 140)).toMatch(
    /No technique does that: perplexity at most \+0\.90 %, at most 20\.0 % of the bytes\.\nmay, the bound lies within its interval: q4-0\n {2}npm run/,
  );
  expect(recommendReport([q8], { maxBytesShare: 0.01 }, 140)).toMatch(/No technique does that: [^\n]*$/);
});
