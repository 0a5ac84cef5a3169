import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { observe } from './gpujs.fixture.ts';
import { assertMode, kernelSettings, loadGpuJs } from './gpujs-library.ts';
import { probeWebGpu } from './webgpu-adapter.ts';

const FIXTURE = fileURLToPath(new URL('./gpujs.fixture.ts', import.meta.url));

type DeviceObservations = Awaited<ReturnType<typeof observe>> & { invalid: string; loss: string };

async function observeOnDevice(): Promise<DeviceObservations> {
  const status = await probeWebGpu();
  if (!status.available) throw new Error(status.reason);
  const env = { ...process.env, ...status.env };
  const stdout = execFileSync(process.execPath, [FIXTURE], {
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // Dawn writes its complaints to stdout too.
  return JSON.parse(stdout.split('\n').at(-1)!);
}

describe.each(['cpu', 'webasm', 'webgpu'] as const)('gpu.js in mode %s', (mode) => {
  let seen: Awaited<ReturnType<typeof observe>>;
  beforeAll(async () => {
    seen = await (mode === 'webgpu' ? observeOnDevice() : observe(mode));
  });

  test('a loop of more than 1000 iterations is not cut off', () => {
    expect(seen.longSum).toBe(3000);
  });

  test('an upload of another size is refused', () => {
    expect(seen.refusal).toMatch('an input of [1] takes 1 values, got 2');
  });

  test('a kernel reads what the one before it returned, four values a thread', () => {
    expect(seen.fourth).toEqual([10, 20, 30, 40, 200, 400, 600, 800]);
    expect(seen.chained).toEqual([100, 2000, 300, 4000, 500, 6000]);
  });

  test('a new upload shows in the next run', () => {
    expect(seen.again).toEqual([100, 1000, 100, 1000, 100, 1000]);
  });

  test('a repeated step is told its iteration and finds what was carried over', () => {
    expect([seen.once, seen.twice]).toEqual([10, 20]);
  });

  test('resident and intermediate values are counted', () => {
    expect([seen.residentBytes, seen.intermediateBytes]).toEqual([2 * 4, 6 * 4 * 4]);
  });
});

describe('the device of the webgpu mode', () => {
  let seen: DeviceObservations;
  beforeAll(async () => {
    seen = await observeOnDevice();
  });

  test('is charged every byte that was allocated on it', () => {
    expect(seen.deviceBytes).toBe(seen.allocatedBytes);
  });

  test('fails the run after an invalid command', () => {
    expect(seen.invalid).toMatch('WebGPU: Write range');
  });

  test('fails the run after its loss', () => {
    expect(seen.loss).toMatch('device was lost');
  });
});

describe('a kernel that runs elsewhere than asked', () => {
  test('is refused when the webasm mode falls back to the cpu mode', () => {
    const { GPU, Input } = loadGpuJs();
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const pair = new Input(new Float32Array([1, 2]), [2]);
    const settings = kernelSettings(loadGpuJs(), [4], {});
    // A type of constant that the webasm mode does not have.
    const kernel = new GPU({ mode: 'webasm' }).createKernel('function f() { return this.constants.pair[0]; }', {
      ...settings,
      constants: { pair },
      constantTypes: { pair: 'Array(2)' },
    });
    kernel();
    expect(() => assertMode(kernel.kernel, 'webasm')).toThrow(/must run in mode webasm, got CPUKernel: .*Array\(2\)/);
    expect(warn).toHaveBeenCalledOnce();
  });

  test('is refused when it gives a reason, whatever its class', () => {
    const kernel = { constructor: { name: 'CPUKernel', mode: 'cpu' }, fallbackReason: 'no adapter' };
    expect(() => assertMode(kernel, 'cpu')).toThrow('got CPUKernel: no adapter');
    expect(() => assertMode({ ...kernel, fallbackReason: null }, 'cpu')).not.toThrow();
  });
});
