// Attention over quantised keys and values, one query at a time: what fewer bytes save in time, and what the rotation of keys saves
// in error.

import { type Block, defineSuite } from '../bench/contract/suite.ts';
import { syntheticAttention, useLiteAttention } from '../bench/inputs/model-problems.ts';

const cases: Omit<Block, 'presets'> = {
  problems: [
    ...([0, 1] as const).map((layer) => useLiteAttention(layer, 1, 128, false)),
    ...[64, 128].flatMap((headDim) => [1024, 4096].map((seqLen) => syntheticAttention(4, 1, seqLen, headDim, true))),
  ],
  families: ['attention'],
  techniques: ['tiled-attention', 'kv-int8', 'kv-q4-0'],
  axes: { tileSize: [48], transform: ['none', 'hadamard'] },
};

export default defineSuite({
  summary: 'decode over a cache of 8 and of 4 bits, with and without Hadamard’s matrix on keys, beside f32',
  onlyWhenNamed: ['quick'],
  blocks: [
    { presets: ['quick'], ...cases },
    { presets: ['nightly'], ...cases, cover: 'pairs' },
  ],
});
