// Where kernels run. A backend is probed once a run by the parent and opened by the child process of each case.
import { type GpuMode, openGpu } from './backends/gpujs.ts';
import { probeWebGpu } from './backends/webgpu-adapter.ts';
import type { KernelKind, Runtimes } from './technique.ts';

export type AdapterType = 'none' | 'hardware' | 'software';

export interface AvailableBackend {
  readonly available: true;
  readonly adapterType: AdapterType;
  /** Name of the GPU adapter; empty on CPU backends. */
  readonly adapter: string;
  readonly driver: string;
  /** What a child process must be started with to find the adapter. */
  readonly env: Readonly<Record<string, string>>;
}

export type BackendStatus = AvailableBackend | { readonly available: false; readonly reason: string };

export interface Backend {
  readonly id: string;
  readonly summary: string;
  readonly device: 'cpu' | 'gpu';
  readonly kind: KernelKind;
  /** Threads the kernel itself uses, of those asked for. */
  threads(asked: number): number;
  /** Flags Node must be started with. */
  readonly execArgv?: readonly string[];
  /** Can it run here, and on what; if not, why and how to mend it. */
  probe(): Promise<BackendStatus>;
  open(threads: number): Promise<Runtimes[KernelKind]>;
}

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
  gpujs('cpu', 'cpu', "gpu.js's JavaScript mode", async () => ON_CPU),
  gpujs('webasm', 'cpu', "gpu.js's WebAssembly mode", async () => ON_CPU),
  gpujs('webgpu', 'gpu', "gpu.js's WebGPU mode in Node, through Dawn", probeWebGpu),
];

function gpujs(mode: GpuMode, device: Backend['device'], summary: string, probe: Backend['probe']): Backend {
  return { id: `gpujs-${mode}`, summary, device, kind: 'gpujs', threads: one, probe, open: () => openGpu(mode) };
}

export function backendOf(id: string): Backend {
  const backend = backends.find((candidate) => candidate.id === id);
  if (backend === undefined) throw new Error(`backend: must be one of tare's, got ${id}`);
  return backend;
}
