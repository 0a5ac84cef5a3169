// Fewer bits a weight: int8 with and without int8 activations, int4 in groups.

import { defineSuite } from '../bench/contract/suite.ts';
import { layerMatrices, quickMatmuls, syntheticMatmul, useLiteMatmul } from '../bench/inputs/model-problems.ts';

export default defineSuite({
  summary: 'int8 and int4 layers at decode (M=1) and prefill shapes',
  blocks: [
    {
      presets: ['quick', 'nightly'],
      problems: quickMatmuls,
      families: ['quantized'],
      axes: { granularity: ['channel'], groupSize: [64] },
    },
    {
      presets: ['nightly'],
      problems: [
        ...layerMatrices.flatMap((matrix) => [1, 64, 512].map((M) => useLiteMatmul(matrix, M))),
        syntheticMatmul(1, 4096, 4096),
      ],
      families: ['quantized'],
    },
  ],
});
