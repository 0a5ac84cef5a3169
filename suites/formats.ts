// Every weight format, rounded to nearest: what a bit less costs and buys, at decode (M=1) and at the length of a sentence.

import { defineSuite } from '../bench/contract/suite.ts';
import { useLiteMatmul } from '../bench/inputs/model-problems.ts';

const presets = ['quick', 'nightly'] as const;
/** One of each format where it comes in several. */
const axes = { granularity: ['channel'], groupSize: [64], element: ['e4m3'], packing: ['2'] };

export default defineSuite({
  summary: 'every weight format, rounded to nearest, with f32 and int8 activations',
  onlyWhenNamed: ['quick'],
  blocks: [
    {
      presets,
      problems: [useLiteMatmul('layer1.fc1', 1)],
      families: ['dense', 'quantized', 'low-rank'],
      backends: ['wasm'],
      axes: { ...axes, element: ['e4m3', 'e5m2'], packing: ['2', '1.6'], activations: ['f32', 'int8'] },
    },
    {
      presets,
      problems: [useLiteMatmul('layer1.fc1', 64)],
      families: ['dense', 'quantized', 'low-rank'],
      backends: ['wasm'],
      axes: { ...axes, activations: ['f32'] },
    },
    {
      presets: ['nightly'],
      problems: ['layer1.fc1', 'layer1.fc2', 'layer1.out'].flatMap((matrix) =>
        [1, 64].map((M) => useLiteMatmul(matrix, M)),
      ),
      families: ['quantized', 'low-rank'],
      axes: { ...axes, activations: ['f32'] },
      cover: 'pairs',
    },
  ],
});
