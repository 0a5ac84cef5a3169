import { afterEach, describe, expect, test, vi } from 'vitest';
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

afterEach(() => vi.restoreAllMocks());

describe('rounds on the device', () => {
  /** The host's clock moves on by so much with each span. */
  const rounds = async (spanMs: number, budgetMs: number) => {
    let nowMs = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
    const order: string[] = [];
    const side = (name: string) => {
      const kernel = kernelOf(1_000_003, 1n, []);
      const deviceSpan = async (calls: number) => {
        order.push(name);
        nowMs += spanMs;
        return kernel.deviceSpan!(calls);
      };
      return { ...kernel, deviceSpan };
    };
    await measureOnDevice(side('a'), side('b'), budgetMs);
    // The first two find how many calls it takes.
    return order.slice(2).join('');
  };

  test('are three at least, in an order that turns round', async () => {
    expect(await rounds(10, 0)).toBe('abbaab');
  });

  test('go on until the time is up, and are fifteen at most', async () => {
    expect(await rounds(10, 100)).toHaveLength(2 * 5);
    expect(await rounds(10, 1e6)).toHaveLength(2 * 15);
  });
});

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

  test('of short calls is of so many at once that their span is 10 µs, but no more than 1000', async () => {
    const [short, shorter]: number[][] = [[], []];
    await measureOnDevice(kernelOf(1000, 1n, short), kernelOf(1000, 1n, []), 0);
    expect(short.slice(0, 3)).toEqual([1, 10, 10]);
    await measureOnDevice(kernelOf(1, 1n, shorter), kernelOf(1000, 1n, []), 0);
    expect(shorter.slice(0, 3)).toEqual([1, 1000, 1000]);
  });

  test('is not told where a device has no clock, or one that stands still', async () => {
    const timed = kernelOf(1000, 1n, []);
    expect(await measureOnDevice({ ...timed, deviceSpan: undefined }, timed, 0)).toBeUndefined();
    expect(await measureOnDevice(timed, { ...timed, deviceSpan: undefined }, 0)).toBeUndefined();
    expect(await measureOnDevice(kernelOf(0, 1n, []), timed, 0)).toBeUndefined();
  });

  test('knows the step of a clock by what its timestamps have in common', () => {
    expect(commonStep([200_000n, 300_000n, 1_100_000n])).toBe(100_000n);
  });
});
