import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import type { GpuMode, Thread } from '../contract/runtimes/gpujs.ts';
import { observe } from './gpujs.fixture.ts';
import { openGpu } from './gpujs.ts';
import { assertMode, bareSettings, kernelSettings, loadGpuJs } from './gpujs-library.ts';
import { probeHeadlessGl } from './headlessgl-adapter.ts';
import { probeWebGpu } from './webgpu-adapter.ts';

const FIXTURE = fileURLToPath(new URL('./gpujs.fixture.ts', import.meta.url));

type Observations = Awaited<ReturnType<typeof observe>>;
type GpuObservations = Observations & { vectorDots: number[]; scaledBytes: number[]; vectorBytes: number };
type WebGpuObservations = GpuObservations & { invalid: string; loss: string };
type GlObservations = GpuObservations & { tooLarge: string };

/** In a process of its own, started with `env`. */
function observeApart<Seen extends Observations>(mode: GpuMode, env: Readonly<Record<string, string>>): Seen {
  const stdout = execFileSync(process.execPath, [FIXTURE, mode], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // Dawn writes its complaints to stdout too.
  return JSON.parse(stdout.split('\n').at(-1)!);
}

async function observeWebGpu(): Promise<WebGpuObservations> {
  const status = await probeWebGpu();
  if (!status.available) throw new Error(status.reason);
  return observeApart('webgpu', status.env);
}

const headlessGl = await probeHeadlessGl();
const modes = ['cpu', 'webasm', 'webgpu', ...(headlessGl.available ? (['headlessgl'] as const) : [])] as const;

describe.each(modes)('gpu.js in mode %s', (mode) => {
  let seen: Observations;
  beforeAll(async () => {
    if (mode === 'webgpu') seen = await observeWebGpu();
    else seen = mode === 'headlessgl' ? observeApart(mode, {}) : await observe(mode);
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

  test('is charged every byte that was allocated on the device, where there is one', () => {
    expect(seen.deviceBytes ?? 0).toBe(seen.allocatedBytes);
  });
});

describe('the device of the webgpu mode', () => {
  let seen: WebGpuObservations;
  beforeAll(async () => {
    seen = await observeWebGpu();
  });

  testVectors(() => seen);

  test('fails the run after an invalid command', () => {
    expect(seen.invalid).toMatch('WebGPU: Write range');
  });

  test('fails the run after its loss', () => {
    expect(seen.loss).toMatch('device was lost');
  });
});

describe('the context of the headlessgl mode', () => {
  if (!headlessGl.available) {
    test.skip(`is unavailable here: ${headlessGl.reason}`, () => {});
    return;
  }
  let seen: GlObservations;
  beforeAll(() => {
    seen = observeApart('headlessgl', {});
  });

  testVectors(() => seen);

  test('refuses values that no texture of this adapter holds', () => {
    expect(seen.tooLarge).toMatch(/beyond this adapter's MAX_TEXTURE_SIZE of \d+/);
  });
});

function testVectors(seen: () => GpuObservations): void {
  test('gives four values at once, of a kernel that others were built and destroyed after', () => {
    expect(seen().vectorDots).toEqual([4321, 2 * 8765]);
  });

  test('gives four bytes at once, to a byte each, and what was computed of them', () => {
    expect(seen().scaledBytes).toEqual([0, 2, 3 * 127, 4 * 128, 5 * 129, 6 * 254, 7 * 255, 8 * 7]);
    expect(seen().vectorBytes).toBe(8 * 4 + 8);
  });
}

test('the webasm mode names the limit of its memory before it takes any', async () => {
  const gpu = await openGpu('webasm');
  const W = { size: [2 ** 30, 2], values: new Float32Array(2 ** 31) } as const;
  const step = gpu.createProgram().step(
    function (this: Thread<{ W: number[][] }>) {
      return this.constants.W[0][0];
    },
    { threads: [1], constants: { W }, inputs: [] },
  );
  await expect(step).rejects.toThrow(/a kernel's memory may have 4 GiB, got 8589934596 bytes/);
  await gpu.close();
});

test('four values at once are refused where a mode has none', async () => {
  const gpu = await openGpu('cpu');
  const program = gpu.createProgram();
  const inputs = [{ vectors: program.input([4]) }] as const;
  function first(values: number[][]): number {
    return values[0][0];
  }
  await expect(program.step(first, { threads: [1], constants: {}, inputs })).rejects.toThrow('only kernels of a GPU');
  await gpu.close();
});

describe('a kernel that runs elsewhere than asked', () => {
  test('is refused when the webasm mode falls back to the cpu mode', async () => {
    const library = await loadGpuJs();
    const { GPU, Input } = library;
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const pair = new Input(new Float32Array([1, 2]), [2]);
    const settings = kernelSettings(library, [4], {});
    // A type of constant that the webasm mode does not have.
    const kernel = new GPU({ mode: 'webasm' }).createKernel('function f() { return this.constants.pair[0]; }', {
      ...settings,
      constants: { pair },
      constantTypes: { pair: 'Array(2)' },
    });
    kernel();
    expect(() => assertMode(library, kernel.kernel, 'webasm')).toThrow(
      /must run in mode webasm, got CPUKernel: .*Array\(2\)/,
    );
    expect(warn).toHaveBeenCalledOnce();
  });

  test('is refused when it gives a reason, whatever its class', async () => {
    const library = await loadGpuJs();
    const { kernel } = new library.GPU({ mode: 'cpu' }).createKernel('function f() { return 1; }', bareSettings([1]));
    const lost = { constructor: kernel.constructor, fallbackReason: 'lost' };
    expect(() => assertMode(library, lost, 'cpu')).toThrow('got CPUKernel: lost');
    expect(() => assertMode(library, { ...lost, fallbackReason: null }, 'cpu')).not.toThrow();
  });
});
