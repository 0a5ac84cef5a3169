import { copyFile, mkdir, mkdtemp, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packagedDriver, softwareDriverEnv } from './software-driver.ts';
import { isSoftware, probeWebGpu } from './webgpu-adapter.ts';

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'tare-test-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

async function emptyCache(): Promise<string> {
  return mkdtemp(join(scratch, 'cache-'));
}

function driverIn(...cacheFolders: string[]) {
  return { archive: packagedDriver().archive, cacheFolders };
}

describe('the packaged driver', () => {
  test('is extracted once by many at a time, leaving nothing behind but itself', async () => {
    const cache = await emptyCache();
    const envs = await Promise.all(Array.from({ length: 4 }, () => softwareDriverEnv(driverIn(cache))));
    const folder = dirname(envs[0].VK_DRIVER_FILES);
    for (const env of envs) expect(env.VK_DRIVER_FILES).toBe(envs[0].VK_DRIVER_FILES);
    expect(envs[0].LD_LIBRARY_PATH.split(':')[0]).toBe(folder);
    expect(await readdir(cache)).toHaveLength(1);
    const before = await stat(envs[0].VK_DRIVER_FILES);
    await softwareDriverEnv(driverIn(cache));
    expect((await stat(envs[0].VK_DRIVER_FILES)).ctimeMs).toBe(before.ctimeMs);
  });

  test.each([
    ['a truncated library', (folder: string) => truncate(join(folder, 'libvk_swiftshader.so'), 1000)],
    ['a missing loader', (folder: string) => rm(join(folder, 'libvulkan.so.1'))],
    ['an extraction that never ended', (folder: string) => rm(join(folder, 'contents.json'))],
  ])('is extracted again over %s', async (_, damage) => {
    const cache = await emptyCache();
    const { VK_DRIVER_FILES } = await softwareDriverEnv(driverIn(cache));
    const folder = dirname(VK_DRIVER_FILES);
    const { size } = await stat(join(folder, 'libvk_swiftshader.so'));
    await damage(folder);
    await softwareDriverEnv(driverIn(cache));
    expect((await stat(join(folder, 'libvk_swiftshader.so'))).size).toBe(size);
    expect(await readdir(folder)).toEqual(expect.arrayContaining(['libvulkan.so.1', 'contents.json']));
    expect(await readdir(cache)).toHaveLength(1);
  });

  test('goes to the next cache folder where one cannot be written', async () => {
    const cache = await emptyCache();
    const file = join(scratch, 'a-file');
    await writeFile(file, '');
    const { VK_DRIVER_FILES } = await softwareDriverEnv(driverIn(join(file, 'below'), cache));
    expect(dirname(dirname(VK_DRIVER_FILES))).toBe(cache);
  });

  test('is refused when its archive is damaged', async () => {
    const archive = join(scratch, 'damaged.tar.br');
    await copyFile(packagedDriver().archive, archive);
    await truncate(archive, 100_000);
    const cache = await emptyCache();
    await expect(softwareDriverEnv({ archive, cacheFolders: [cache] })).rejects.toThrow('could not be extracted');
    expect(await readdir(cache)).toEqual([]);
  });
});

describe('the WebGPU adapter', () => {
  test("is the machine's own, or the packaged one that runs in software and says so", async () => {
    const status = await probeWebGpu();
    if (!status.available) throw new Error(status.reason);
    if (status.env.VK_DRIVER_FILES === undefined) {
      expect(status.driver).toMatch("the machine's own");
    } else {
      expect(status.adapterType).toBe('software');
      expect(status.adapter).toMatch('google/swiftshader');
      expect(status.driver).toMatch('SwiftShader');
    }
  });

  test('is found with a driver extracted anew', async () => {
    const cache = await emptyCache();
    const status = await probeWebGpu(() => driverIn(cache));
    expect(status.available).toBe(true);
  });

  test('is unavailable, and the mend is named, where there is none and the archive is missing', async () => {
    const status = await probeWebGpu(() => ({ archive: join(scratch, 'nowhere.tar.br'), cacheFolders: [] }));
    if (status.available) expect(status.driver).toMatch("the machine's own");
    else expect(status.reason).toMatch(/nowhere\.tar\.br is missing; .*npm ci/);
  });

  test('is unavailable where the driver is no driver', async () => {
    const cache = await emptyCache();
    const { VK_DRIVER_FILES } = await softwareDriverEnv(driverIn(cache));
    const library = join(dirname(VK_DRIVER_FILES), 'libvk_swiftshader.so');
    const { size } = await stat(library);
    await writeFile(library, Buffer.alloc(size));
    await mkdir(cache, { recursive: true });
    const status = await probeWebGpu(() => driverIn(cache));
    if (status.available) expect(status.driver).toMatch("the machine's own");
    else expect(status.reason).toMatch('with the packaged SwiftShader driver Dawn');
  });
});

describe('a software adapter is known', () => {
  const hardware = { vendor: 'nvidia', architecture: 'ampere', device: '', description: '', isFallbackAdapter: false };
  test.each([
    [false, {}],
    [true, { isFallbackAdapter: true }],
    [true, { vendor: 'google', architecture: 'swiftshader' }],
    [true, { vendor: 'mesa', description: 'llvmpipe (LLVM 15.0.6, 256 bits)' }],
    [true, { vendor: 'microsoft', description: 'Microsoft Basic Render Driver' }],
  ])('%s for %o', (software, info) => {
    expect(isSoftware({ ...hardware, ...info })).toBe(software);
  });
});
