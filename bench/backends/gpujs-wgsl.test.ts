import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { assertCarried } from './gpujs-wgsl.ts';
import { probeWebGpu } from './webgpu-adapter.ts';

interface Observations {
  readonly compiled: string;
  readonly sums: readonly number[];
  readonly bits: readonly number[];
  readonly spanNs?: number;
  readonly sumsAfterSpan: readonly number[];
  readonly invalid: string;
  readonly tooMany: string;
}

describe('WGSL carried through gpu.js', () => {
  let seen: Observations;
  beforeAll(async () => {
    const status = await probeWebGpu();
    if (!status.available) throw new Error(status.reason);
    const fixture = fileURLToPath(new URL('./gpujs-wgsl.fixture.ts', import.meta.url));
    const stdout = execFileSync(process.execPath, [fixture], {
      env: { ...process.env, ...status.env },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    // Dawn writes its complaints to stdout too.
    seen = JSON.parse(stdout.split('\n').at(-1)!);
  });

  test('relies on internals of the one version they were read in', () => {
    // Another version: read its WebGPUKernel's assembleWGSL, _computeDispatch and order of bindings before going on.
    expect(createRequire(import.meta.url)('gpu.js/package.json').version).toBe('2.24.1');
  });

  test('is what the device compiles, with nothing of gpu.js in it', () => {
    expect(seen.compiled).toMatch(/^@group\(0\) @binding\(1\) var<storage, read> X : array<f32>;\n/);
    expect(seen.compiled).toMatch('@binding(2) var<storage, read_write> Y : array<u32>;');
    expect(seen.compiled).toMatch('@binding(3) var<storage, read> bits : array<u32>;');
    expect(seen.compiled).not.toMatch('Params');
  });

  test('finds every bit of its resident words, its uploads, and as many workgroups as asked', () => {
    expect(seen.sums).toEqual(seen.bits.map((word) => (word + 5) >>> 0));
  });

  test("is timed by the device's own clock where it has one, and computes the same meanwhile", () => {
    if (seen.spanNs !== undefined) expect(seen.spanNs).toBeGreaterThan(0);
    expect(seen.sumsAfterSpan).toEqual(seen.sums);
  });

  test('says what is wrong with it where it does not compile', () => {
    expect(seen.invalid).toMatch('Error compiling WGSL compute shader');
  });

  test('names the limit of workgroups before it runs', () => {
    expect(seen.tooMany).toMatch(
      /^UnsupportedError: WebGPU: a shader may have \d+ workgroups along one side, got 1048576$/,
    );
  });

  test('is refused where gpu.js compiled a text of its own', () => {
    expect(() => assertCarried({ compiledSource: 'struct Params {}' }, 'fn main() {}')).toThrow('internals');
    expect(() => assertCarried({}, 'fn main() {}')).toThrow('internals');
  });
});
