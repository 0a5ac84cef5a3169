// Where kernels run. A backend is probed once a run by the parent and opened by the child process of each case.
import type { Backend, BackendStatus, PageBackend } from '../contract/backend.ts';
import type { BrowserChoice, PageRuntime } from '../contract/browser.ts';
import type { GpuMode } from '../contract/runtimes/gpujs.ts';
import type { KernelKind } from '../contract/runtimes/runtimes.ts';
import { openGpu } from './gpujs.ts';
import { openWgslDevice } from './gpujs-device.ts';
import { probeHeadlessGl } from './headlessgl-adapter.ts';
import { peers } from './peers/peers.ts';
import { openWasm } from './wasm.ts';
import { REVECTORIZE, whyNotRevectorized } from './wasm-revectorize.ts';
import { webGpuStatus } from './webgpu-adapter.ts';

const one = () => 1;
const ON_CPU: BackendStatus = { available: true, adapterType: 'none', adapter: '', driver: '', env: {} };

export const backends: readonly Backend[] = [
  {
    id: 'ts',
    summary: 'plain TypeScript on one thread, register-blocked loops over flat typed arrays',
    device: 'cpu',
    kind: 'ts',
    threads: one,
    probe: async () => ON_CPU,
    open: async () => undefined,
  },
  {
    id: 'wasm',
    summary: 'WebAssembly with 128-bit vectors and relaxed multiply-add, one thread',
    device: 'cpu',
    kind: 'wasm',
    threads: one,
    probe: async () => ON_CPU,
    open: () => openWasm(128, 1),
  },
  {
    id: 'wasm-mt',
    summary: 'the same kernels on --threads threads over shared memory',
    device: 'cpu',
    kind: 'wasm',
    threads: (asked) => asked,
    probe: async () => ON_CPU,
    open: (threads) => openWasm(128, threads),
  },
  {
    id: 'wasm-256',
    summary: "experimental: one thread, paired into 256-bit vectors by V8's re-vectoriser",
    device: 'cpu',
    kind: 'wasm',
    threads: one,
    onlyWhenNamed: true,
    vectorBits: 256,
    execArgv: [REVECTORIZE],
    probe: async () => ON_CPU,
    whyNot: whyNotRevectorized,
    open: () => openWasm(256, 1),
  },
  gpujs('cpu', 'cpu', "gpu.js's JavaScript mode", async () => ON_CPU),
  gpujs('webasm', 'cpu', "gpu.js's WebAssembly mode", async () => ON_CPU),
  gpujs('webgpu', 'gpu', "gpu.js's WebGPU mode in Node, through Dawn", () => webGpuStatus()),
  {
    ...gpujs('headlessgl', 'gpu', "gpu.js's OpenGL mode in Node, through the native package gl", probeHeadlessGl),
    onlyWhenNamed: true,
  },
  {
    id: 'gpujs-webgpu-wgsl',
    summary: 'hand-written WGSL carried through the same mode, for what its own language leaves out',
    device: 'gpu',
    kind: 'wgsl',
    threads: one,
    onlyWhenNamed: true,
    probe: () => webGpuStatus(),
    open: openWgslDevice,
  },
  chromium('webgl2', 'gpu', 'gpujs', "gpu.js's WebGL 2 mode in a page"),
  chromium('webgpu', 'gpu', 'gpujs', "gpu.js's WebGPU mode in a page"),
  chromium('wasm', 'cpu', 'wasm', 'the kernels of wasm in a page, one thread'),
  ...peers,
];

function chromium(page: PageRuntime, device: Backend['device'], kind: KernelKind, summary: string): PageBackend {
  // Loaded where it is asked for: each case's process reads this table, and each does without a browser's start-up.
  const probe = async (browser: BrowserChoice) => (await import('./browser/probe.ts')).probePage(page, browser);
  return { id: `chromium-${page}`, summary, device, kind, threads: one, onlyWhenNamed: true, probe, page };
}

function gpujs(mode: GpuMode, device: Backend['device'], summary: string, probe: Backend['probe']): Backend {
  return { id: `gpujs-${mode}`, summary, device, kind: 'gpujs', threads: one, probe, open: () => openGpu(mode) };
}

export function backendOf(id: string): Backend {
  const backend = backends.find((candidate) => candidate.id === id);
  if (backend === undefined) throw new Error(`backend: must be one of tare's, got ${id}`);
  return backend;
}
