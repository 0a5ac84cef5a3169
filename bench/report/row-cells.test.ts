import { expect, test } from 'vitest';
import { formatTime } from './row-cells.ts';

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
