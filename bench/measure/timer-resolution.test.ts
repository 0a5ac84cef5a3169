import { afterEach, expect, test, vi } from 'vitest';
import { timerResolutionNs } from './timer-resolution.ts';

afterEach(() => vi.restoreAllMocks());

test('is the step of a clock that stands still in between, in ns', () => {
  let reading = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => 7 + Math.floor(reading++ / 30) * 0.005);
  expect(timerResolutionNs()).toBe(5000);
});

test('is the smallest of the steps', () => {
  let now = 0;
  let step = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => {
    now += step++ === 501 ? 0.001 : 0.1;
    return now;
  });
  expect(timerResolutionNs()).toBe(1000);
});
