// The one façade around gpu.js. It exists because gpu.js is lenient where a benchmark must not be: it degrades to its
// cpu mode with no more than a console message, cuts loops off and accepts arguments of another size.

import { type Gpu, type GpuMode, isGl } from '../contract/runtimes/gpujs.ts';
import { openGpuDevice } from './gpujs-device.ts';
import { openGl } from './gpujs-gl.ts';
import { openHost } from './gpujs-host.ts';

export function openGpu(mode: GpuMode): Promise<Gpu> {
  if (mode === 'webgpu') return openGpuDevice();
  return isGl(mode) ? openGl(mode) : openHost(mode);
}
