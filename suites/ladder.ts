// One product of a real layer, from three loops to what the machine can do. With 32 rows of activations each weight is used 32 times,
// so that the three loops wait for arithmetic and not for memory; with 512, at night, a GPU has something to do as well. With one
// row, as when a text is written word by word, each weight is read once, and that is soon all there is to do.

import { type Block, defineSuite } from '../bench/contract/suite.ts';
import { useLiteMatmul } from '../bench/inputs/model-problems.ts';

const layer = (M: number) => useLiteMatmul('layer1.fc1', M);
const rungs: Omit<Block, 'presets' | 'problems'>[] = [
  { families: ['yardstick'], techniques: ['naive-matmul'], backends: ['ts'] },
  {
    families: ['dense'],
    backends: [
      'ts',
      'wasm',
      'wasm-256',
      'wasm-mt',
      'gpujs-cpu',
      'gpujs-webasm',
      'gpujs-webgpu',
      'gpujs-headlessgl',
      'gpujs-webgpu-wgsl',
      'chromium-webgl2',
      'chromium-webgpu',
      'chromium-wasm',
      'ort-node',
      'ort-node-mt',
      'ort-web',
      'ort-web-mt',
      'tfjs-wasm',
      'jax-js',
    ],
  },
];

export default defineSuite({
  summary: 'one product as three loops, TypeScript, WebAssembly, threads, GPUs, peers: how many times faster each is',
  onlyWhenNamed: true,
  blocks: [
    ...rungs.map((rung): Block => ({ presets: ['quick', 'nightly'], problems: [layer(32), layer(1)], ...rung })),
    ...rungs.map((rung): Block => ({ presets: ['nightly'], problems: [layer(512)], ...rung })),
  ],
});
