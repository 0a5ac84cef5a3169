import { afterEach, expect, test, vi } from 'vitest';
import type { PreparedKernel } from '../contract/technique.ts';
import { timeTransfers } from './transfers.ts';

afterEach(() => vi.restoreAllMocks());

test('uploads and readbacks are timed apart and without the run between them, as medians', async () => {
  let nowMs = 500;
  vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
  const steps: string[] = [];
  /** The first of each is slow, as a device that sleeps makes it. */
  const takes = (name: string, ms: number) => async () => {
    nowMs += steps.includes(name) ? ms : 100;
    steps.push(name);
  };
  const [run, readback] = [takes('run', 40), takes('readback', 3)];
  const uploaded: unknown[] = [];
  const kernel: PreparedKernel<'matmul'> = {
    upload: async (activations) => {
      uploaded.push(activations);
      await takes('upload', 2)();
    },
    run,
    readOutput: async () => {
      await readback();
      return new Float32Array();
    },
    workspaceBytes: 0,
    dispose: () => {},
  };
  const activations = { X: new Float32Array(4) };
  expect(await timeTransfers(kernel, activations)).toEqual({ uploadNs: 2e6, readbackNs: 3e6 });
  expect(steps).toEqual(Array.from({ length: 7 }, () => ['upload', 'run', 'readback']).flat());
  expect(uploaded.every((what) => what === activations)).toBe(true);
});
