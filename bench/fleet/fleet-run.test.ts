import { expect, test } from 'vitest';
import { jobIdOf } from './fleet-run.ts';

test('a case has one id in a run, another in others, and none that BullMQ takes for a number', () => {
  const id = jobIdOf({ run_id: 'r', case_id: 'c' });
  expect(id).toMatch(/^case-[0-9a-f]{16}$/);
  expect(jobIdOf({ run_id: 'r', case_id: 'c' })).toBe(id);
  expect(jobIdOf({ run_id: 'r2', case_id: 'c' })).not.toBe(id);
});
