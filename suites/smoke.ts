// One small case of everything, to see that all of it runs and drifts no further than it may.

import { defineSuite } from '../bench/contract/suite.ts';
import { useLiteAttention, useLiteMatmul } from '../bench/inputs/model-problems.ts';

export default defineSuite({
  summary: 'one small case of every technique on every backend',
  blocks: [
    {
      presets: ['smoke'],
      problems: [useLiteMatmul('layer0.out', 4)],
      families: ['dense', 'sparse', 'quantized'],
      techniques: ['csr', 'int4', 'int8', 'mxfp4', 'q4-k', 'sparse-2-4'],
      axes: { sparsity: [0.9], granularity: ['channel'], activations: ['int8'], groupSize: [64] },
    },
    {
      presets: ['smoke'],
      problems: [useLiteAttention(0, 16, 16, true)],
      families: ['attention'],
      techniques: ['tiled-attention'],
      axes: { tileSize: [48] },
    },
  ],
});
