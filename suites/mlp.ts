// The feed-forward part of a layer as one operation: what is won where nothing goes to memory between its parts.

import { defineSuite } from '../bench/contract/suite.ts';
import { useLiteMlp } from '../bench/inputs/model-problems.ts';

export default defineSuite({
  summary: 'product, bias, ReLU, product: as kernels of their own and fused, at decode (M=1) and prefill',
  onlyWhenNamed: ['quick'],
  blocks: [
    { presets: ['quick', 'nightly'], problems: [useLiteMlp(1, 1), useLiteMlp(1, 64)], families: ['dense', 'sparse'] },
  ],
});
