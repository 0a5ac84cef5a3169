import { expect, test } from 'vitest';
import { InputError } from '../contract/input-error.ts';
import { boundFlags, boundsOf } from './bound-flags.ts';

test.each([
  ['+1%', 1.01],
  ['2.5%', 1.025],
  ['+0%', 1],
])('--max-ppl %s allows a ratio of %d', (typed, ratio) => {
  expect(boundFlags['max-ppl'].coerce(typed)).toBeCloseTo(ratio, 12);
});

test.each(['1', '-1%', '1.01x', 'one%', '+%', '%'])('--max-ppl %s is refused with what it must look like', (typed) => {
  expect(() => boundFlags['max-ppl'].coerce(typed)).toThrow(
    new InputError(`--max-ppl: must read like +1%, got ${typed}`),
  );
});

test('--max-bytes takes a share above none, --min-speedup a number that a compression can reach', () => {
  expect(boundFlags['max-bytes'].coerce('25%')).toBe(0.25);
  expect(() => boundFlags['max-bytes'].coerce('+25%')).toThrow('--max-bytes: must read like 25%, got +25%');
  expect(() => boundFlags['max-bytes'].coerce('0.0%')).toThrow('--max-bytes: must be above 0%, got 0.0%');
  expect(() => boundFlags['min-speedup'].coerce(1e9)).toThrow('at most 1000, got 1000000000');
  expect(() => boundFlags['min-speedup'].coerce(0)).toThrow('--min-speedup: must be above 0 and at most 1000, got 0');
});

test('without bounds perplexity may grow by one in a hundred', () => {
  const none = { 'max-ppl': undefined, 'max-bytes': undefined, 'min-speedup': undefined };
  expect(boundsOf(none)).toEqual({ maxPplRatio: 1.01 });
  expect(boundsOf({ ...none, 'min-speedup': 2 })).toEqual({ minSpeedup: 2 });
});
