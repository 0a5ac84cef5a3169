// What gpu.js kernels gain by their form on each GPU backend: the README's beside ours, and every technique beside dense
// at a shape that keeps a GPU busy.

import { defineSuite } from '../bench/contract/suite.ts';
import { syntheticMatmul, useLiteAttention } from '../bench/inputs/model-problems.ts';

const presets = ['quick', 'nightly'] as const;
const backends = ['gpujs-webgpu', 'gpujs-webgpu-wgsl', 'gpujs-headlessgl', 'chromium-webgpu', 'chromium-webgl2'];

export default defineSuite({
  summary: "gpu.js on GPUs: the README's product and every technique beside our dense kernel",
  onlyWhenNamed: true,
  blocks: [
    {
      presets,
      problems: [syntheticMatmul(512, 512, 512)],
      families: ['dense', 'yardstick', 'sparse', 'quantized'],
      techniques: ['csr', 'fp8', 'int4', 'int8', 'mxfp4', 'q4-k', 'q6-k', 'readme-matmul', 'sparse-2-4'],
      axes: { sparsity: [0.9], granularity: ['channel'], groupSize: [64], element: ['e4m3'] },
      backends,
    },
    {
      presets,
      problems: [syntheticMatmul(1, 4096, 4096)],
      families: ['dense', 'yardstick', 'sparse', 'quantized'],
      techniques: ['csr', 'fp8', 'int4', 'int8', 'mxfp4', 'q4-k', 'q6-k', 'readme-matmul', 'sparse-2-4'],
      axes: { sparsity: [0.9], granularity: ['channel'], activations: ['f32'], groupSize: [64], element: ['e4m3'] },
      backends,
    },
    {
      presets,
      problems: [useLiteAttention(0, 128, 128, false)],
      families: ['attention'],
      techniques: ['tiled-attention'],
      backends,
    },
  ],
});
