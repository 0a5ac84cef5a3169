// What the uncompressed layers cost: the ground the other suites stand on.

import { defineSuite } from '../bench/contract/suite.ts';
import { layerMatrices, quickMatmuls, syntheticMatmul, useLiteMatmul } from '../bench/inputs/model-problems.ts';

export default defineSuite({
  summary: 'uncompressed f32 layers at decode (M=1) and prefill shapes',
  blocks: [
    {
      presets: ['quick', 'nightly'],
      problems: quickMatmuls,
      families: ['dense'],
    },
    {
      presets: ['nightly'],
      problems: [
        ...layerMatrices.flatMap((matrix) => [1, 64, 512].map((M) => useLiteMatmul(matrix, M))),
        // 64 MiB of weights: past the last-level cache of most machines.
        syntheticMatmul(1, 4096, 4096),
      ],
      families: ['dense'],
    },
  ],
});
