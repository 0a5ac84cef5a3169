// Finds a WebGPU adapter for Node: the machine's own first, with its Vulkan settings left alone, else the software
// driver that comes with the packages. A child process looks, since the wrong driver can end a process, and since a
// process finds only the drivers its environment named when it started.
import { execFile } from 'node:child_process';
import { findPackageJSON } from 'node:module';
import { moduleFile } from '../contract/module-file.ts';
import { setupLine } from '../contract/typed-lines.ts';
import { type DriverSource, packagedDriver, softwareDriverEnv } from './software-driver.ts';

export type WebGpuStatus =
  | {
      readonly available: true;
      readonly adapterType: 'hardware' | 'software';
      /** vendor/architecture/device/description, as far as the driver tells. */
      readonly adapter: string;
      /** Which driver was chosen, and its own word on its version. */
      readonly driver: string;
      /** To be merged into the environment of a process that is to use the adapter. */
      readonly env: Readonly<Record<string, string>>;
    }
  | { readonly available: false; readonly reason: string };

/** An adapter's word on itself. */
export interface AdapterInfo {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  readonly isFallbackAdapter: boolean;
}

type Probe = { readonly info: AdapterInfo } | { readonly failure: string };

/** Drivers load in well under a second; one that hangs must not hang the harness. */
const PROBE_TIMEOUT_MS = 20_000;

/** Drivers that run on the CPU: Google's, Mesa's, Microsoft's and Apple's. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|basic render|\bwarp\b|apple software renderer/i;

export function isSoftwareName(name: string): boolean {
  return SOFTWARE.test(name);
}

let found: Promise<WebGpuStatus> | undefined;

/** Looked for once in a process: two backends share it, and each look starts one or two processes. */
export function webGpuStatus(): Promise<WebGpuStatus> {
  found ??= probeWebGpu();
  return found;
}

/** `findSource` says where the software driver comes from, should it be needed. */
export async function probeWebGpu(findSource: () => DriverSource = packagedDriver): Promise<WebGpuStatus> {
  if (!isDawnInstalled()) {
    const line = setupLine('gpu');
    return { available: false, reason: `webgpu, which runs WebGPU in Node, is not installed: ${line}` };
  }
  const own = await probe({});
  if ('info' in own) return status(own.info, "the machine's own", {});
  let env: Record<string, string>;
  try {
    env = await softwareDriverEnv(findSource());
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return unavailable(own.failure, `the packaged SwiftShader driver can't be used: ${reason}`);
  }
  const packaged = await probe(env);
  if ('info' in packaged) return status(packaged.info, 'packaged with @sparticuz/chromium', env);
  return unavailable(own.failure, `with the packaged SwiftShader driver ${packaged.failure}`);
}

function isDawnInstalled(): boolean {
  try {
    return findPackageJSON('webgpu', import.meta.url) !== undefined;
  } catch {
    return false;
  }
}

/** Does an adapter run on the CPU? A driver that doesn't say so by its flag is known by its name. */
export function isSoftware({ isFallbackAdapter, ...names }: AdapterInfo): boolean {
  return isFallbackAdapter || Object.values(names).some(isSoftwareName);
}

function status(info: AdapterInfo, origin: string, env: Record<string, string>): WebGpuStatus {
  const { vendor, architecture, device, description } = info;
  return {
    available: true,
    adapterType: isSoftware(info) ? 'software' : 'hardware',
    adapter: [vendor, architecture, device, description].filter((name) => name !== '').join('/'),
    driver: [description, `(${origin})`].join(' ').trim(),
    env,
  };
}

function unavailable(own: string, packaged: string): WebGpuStatus {
  const mend = `install a Vulkan driver, or install the packages again: ${setupLine('gpu')}`;
  return { available: false, reason: `no WebGPU adapter: with the machine's own drivers ${own}; ${packaged}; ${mend}` };
}

function probe(env: Record<string, string>): Promise<Probe> {
  const script = moduleFile('./webgpu-probe.ts', import.meta.filename);
  const options = { env: { ...process.env, ...env }, timeout: PROBE_TIMEOUT_MS, killSignal: 'SIGKILL' } as const;
  return new Promise((resolve) => {
    execFile(process.execPath, [script], options, (error, stdout, stderr) => {
      if (error !== null) return resolve({ failure: failureOf(error, stderr) });
      const info: AdapterInfo | null = JSON.parse(stdout);
      resolve(info === null ? { failure: 'Dawn finds none' } : { info });
    });
  });
}

function failureOf(error: { killed?: boolean; signal?: string | null; code?: unknown }, stderr: string): string {
  if (error.killed) return `Dawn gave no answer within ${PROBE_TIMEOUT_MS / 1000} s`;
  if (error.signal) return `Dawn ended with ${error.signal}`;
  const message = stderr.split('\n').find((line) => /error/i.test(line)) ?? `exit code ${error.code}`;
  return `Dawn can't be loaded (${message.trim()})`;
}
