import { expect, test } from 'vitest';
import { verdict } from './verdict.ts';

const quiet = { callNs: [1000, 1000], preemptedShare: 0 };

test('a speed-up known to a factor of 1.5 is ok, up to the very edge', () => {
  expect(verdict({ speedup: 1, ci95: { low: 1, high: 1.5 } }, quiet)).toEqual({ status: 'ok' });
  expect(verdict({ speedup: 1, ci95: { low: 1, high: 1.51 } }, quiet)).toEqual({
    status: 'noisy',
    reason: 'the speed-up lies between 1.0 and 1.5',
  });
});

test('a case without an interval says how slow its calls are', () => {
  expect(verdict({ speedup: 1, ci95: undefined }, { ...quiet, callNs: [2e9, 4e9] }).reason).toBe(
    'too slow for the six rounds that an interval needs: a call takes 4.0 s',
  );
});

test('noise names what made it', () => {
  const core = { state: 'shared', freeRounds: 0, canaryCycles: [], bestCycles: 1000 } as const;
  const { reason } = verdict({ speedup: 1, ci95: { low: 1, high: 3 } }, { ...quiet, preemptedShare: 0.25, core });
  expect(reason).toBe('the speed-up lies between 1.0 and 3.0; 25 % of the samples were preempted; the core was shared');
});

test('a neighbour that comes and goes is told from one that stays; little preemption is not named', () => {
  const core = { state: 'mixed', freeRounds: 3, canaryCycles: [], bestCycles: 1000 } as const;
  const { reason } = verdict({ speedup: 1, ci95: { low: 1, high: 3 } }, { ...quiet, preemptedShare: 0.05, core });
  expect(reason).toBe('the speed-up lies between 1.0 and 3.0; the core was shared most of the time');
});

test('a shared core that measures well is no noise', () => {
  const core = { state: 'shared', freeRounds: 0, canaryCycles: [], bestCycles: 1000 } as const;
  const disturbed = { ...quiet, preemptedShare: 1, core };
  expect(verdict({ speedup: 1, ci95: { low: 1, high: 1.1 } }, disturbed)).toEqual({ status: 'ok' });
});
