// How near the kernels come to what the machine can do, and to the runtimes people would pick instead: the cases whose
// ratios say whether a comparison of techniques is worth anything.

import { defineSuite } from '../bench/contract/suite.ts';
import { syntheticAttention, syntheticMatmul, useLiteMatmul } from '../bench/inputs/model-problems.ts';

const peers = ['ort-node', 'ort-web', 'tfjs-wasm', 'jax-js'];
const wasm = ['wasm', 'wasm-256', 'wasm-mt'];
const presets = ['quick', 'nightly'] as const;

export default defineSuite({
  summary: 'WebAssembly kernels and peers where they should reach the machine’s limits',
  onlyWhenNamed: true,
  blocks: [
    {
      presets,
      problems: [syntheticMatmul(512, 512, 512), syntheticMatmul(1024, 1024, 1024)],
      families: ['dense'],
      backends: [...wasm, ...peers],
    },
    { presets, problems: [syntheticMatmul(512, 512, 512)], families: ['dense'], backends: ['ts'] },
    {
      // 256 MiB of f32 weights: every form of them lies past the last-level cache.
      presets,
      problems: [syntheticMatmul(1, 16384, 4096)],
      families: ['dense', 'sparse', 'quantized'],
      techniques: ['csr', 'int4', 'int8', 'mxfp4', 'nf4', 'q4-0', 'q8-0', 'sparse-2-4'],
      backends: ['wasm', 'wasm-mt'],
      axes: {
        sparsity: [0.9],
        granularity: ['channel'],
        activations: ['f32', 'int8'],
        groupSize: [64],
      },
    },
    {
      presets,
      problems: [useLiteMatmul('layer1.fc1', 512)],
      families: ['dense', 'sparse', 'quantized'],
      backends: ['wasm', 'wasm-256'],
      axes: { granularity: ['channel'], groupSize: [64], element: ['e4m3'], packing: ['2'] },
    },
    {
      presets,
      problems: [useLiteMatmul('layer1.fc1', 512), syntheticMatmul(1, 4096, 4096)],
      families: ['dense', 'quantized'],
      techniques: ['int4', 'int8'],
      backends: peers,
      axes: { granularity: ['channel'], groupSize: [64] },
    },
    {
      presets,
      problems: [false, true].map((causal) => syntheticAttention(1, 4096, 4096, 64, causal)),
      families: ['attention'],
      techniques: ['tiled-attention'],
      backends: [...wasm, ...peers],
    },
  ],
});
