import { describe, expect, test } from 'vitest';
import type { PreparedKernel } from '../contract/technique.ts';
import { commonStep, measureOnDevice } from './device-time.ts';

/** A kernel of so many ns a call, on a clock of such steps; tells how many calls it was asked for at once. */
function kernelOf(callNs: number, stepNs: bigint, asked: number[]): PreparedKernel<'matmul'> {
  let now = 12_345n * stepNs + 7n;
  return {
    upload: () => {},
    run: () => {},
    readOutput: () => new Float32Array(),
    workspaceBytes: 0,
    dispose: () => {},
    deviceSpan: async (calls) => {
      asked.push(calls);
      const begin = now;
      now += BigInt(callNs * calls);
      return { begin: (begin / stepNs) * stepNs, end: (now / stepNs) * stepNs };
    },
  };
}

describe('time on the device', () => {
  test("is of so many calls at once that a step of Chrome's clock is under 1 % of them", async () => {
    const asked: number[] = [];
    const time = await measureOnDevice(kernelOf(50_000, 65_536n, asked), kernelOf(100_000, 65_536n, []), 0);
    expect(time?.quantumNs).toBe(65_536);
    expect(asked.at(-1)! * 50_000).toBeGreaterThanOrEqual(100 * 65_536);
    expect(time!.ns / 50_000).toBeCloseTo(1, 1.5);
    expect(time!.speedup).toBeCloseTo(2, 1);
  });

  test('is of single calls where the clock is fine and the kernel slow', async () => {
    const asked: number[] = [];
    const time = await measureOnDevice(kernelOf(1_000_003, 1n, asked), kernelOf(1_000_003, 1n, []), 0);
    expect(new Set(asked)).toEqual(new Set([1]));
    expect(time).toEqual({ ns: 1_000_003, speedup: 1, quantumNs: 1 });
  });

  test('is not told where a device has no clock, or one that stands still', async () => {
    const timed = kernelOf(1000, 1n, []);
    expect(await measureOnDevice({ ...timed, deviceSpan: undefined }, timed, 0)).toBeUndefined();
    expect(await measureOnDevice(kernelOf(0, 1n, []), timed, 0)).toBeUndefined();
  });

  test('knows the step of a clock by what its timestamps have in common', () => {
    expect(commonStep([200_000n, 300_000n, 1_100_000n])).toBe(100_000n);
  });
});
