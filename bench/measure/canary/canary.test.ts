import { expect, test } from 'vitest';
import { openCanary } from './canary.ts';

test('the canary reads times, one a process', async () => {
  const canary = await openCanary();
  expect(canary).toBeDefined();
  expect(await openCanary()).toBe(canary);
  // 4096 loads take a core 500 cycles at the very least, at eight a cycle; no clock is faster than 10 GHz.
  const cycleNs = canary?.cycleNs() ?? 0;
  expect(cycleNs).toBeGreaterThan(0.1);
  expect(canary?.loadsNs() ?? 0).toBeGreaterThan(500 * 0.1);
});
