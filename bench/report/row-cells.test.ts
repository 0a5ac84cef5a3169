import { expect, test } from 'vitest';
import { driftCell, driftHeading, formatTime, speedCell } from './row-cells.ts';

test.each([
  [0.5, '0.500 ns'],
  [845.4, '845 ns'],
  [999.4, '999 ns'],
  [999.6, '1.00 µs'],
  [12_140, '12.1 µs'],
  [3_420_000, '3.42 ms'],
  [1_200_000_000, '1.20 s'],
  [123_456_000_000, '123 s'],
])('%d ns reads %s', (timeNs, text) => {
  expect(formatTime(timeNs)).toBe(text);
});

test('a whole model is told by its predictions and its tokens a second, whatever its logits differ by', () => {
  const scored = { op: 'model', sqnr_db: 12, kld_mean: 0.01234, ppl_ratio: 1.0251 };
  expect(driftHeading(scored)).toBe('KLD · ppl');
  expect(driftCell([{ ...scored, kld_mean: 0.0122 }, scored])).toBe('0.012 · +2.5%');
  expect(driftCell([{ op: 'model', kld_mean: 0, ppl_ratio: 1 }])).toBe('0 · 0%');
  expect(driftCell([{ op: 'model', kld_mean: 3.2, ppl_ratio: 9.41 }])).toBe('3.2 · +841%');
  expect(driftCell([{ op: 'model', sqnr_db: 40 }])).toBe('');
  expect(speedCell({ op: 'model', status: 'ok', p20_ns: 1, tokens_per_s: 4321, dense_gflops: 9 }, true)).toBe(
    '4321 tok/s',
  );
});
