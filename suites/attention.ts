// Naive against tiled attention: what tiling saves in scratch, and whether it costs time.

import { defineSuite } from '../bench/contract/suite.ts';
import { syntheticAttention, useLiteAttention } from '../bench/inputs/model-problems.ts';

export default defineSuite({
  summary:
    "attention over the model's own Q, K, V and over longer synthetic ones, decode (M=1) and prefill, causal and not",
  blocks: [
    {
      presets: ['quick', 'nightly'],
      problems: [
        useLiteAttention(1, 1, 128, false),
        useLiteAttention(0, 64, 64, false),
        syntheticAttention(2, 192, 192, 64, true),
      ],
      families: ['attention'],
      techniques: ['tiled-attention'],
      axes: { tileSize: [48] },
    },
    {
      presets: ['nightly'],
      problems: [
        useLiteAttention(1, 1, 128, false),
        useLiteAttention(0, 64, 64, false),
        useLiteAttention(1, 64, 128, false),
        useLiteAttention(0, 128, 128, true),
        syntheticAttention(4, 1, 4096, 64, true),
        syntheticAttention(1, 512, 512, 64, false),
        syntheticAttention(1, 1024, 1024, 64, true),
        syntheticAttention(2, 64, 2048, 64, true),
      ],
      families: ['attention'],
      techniques: ['tiled-attention'],
      cover: 'pairs',
    },
  ],
});
