// The feed-forward part of a layer as one operation: what is won where nothing goes to memory between its parts.

import { defineSuite } from '../bench/contract/suite.ts';
import { useLiteMlp } from '../bench/inputs/model-problems.ts';

const problems = [useLiteMlp(1, 1), useLiteMlp(1, 64)];

export default defineSuite({
  summary:
    'product, bias, ReLU, product: as kernels of their own, fused, without the zeros; at decode (M=1) and prefill',
  onlyWhenNamed: ['quick'],
  blocks: [
    { presets: ['quick', 'nightly'], problems, families: ['dense', 'sparse'] },
    // More hidden values than a second-level cache holds: what a fused kernel keeps there.
    { presets: ['quick', 'nightly'], problems: [useLiteMlp(1, 512)], families: ['dense'], backends: ['wasm'] },
    {
      // What is skipped at random tells whether it matters which is.
      presets: ['quick'],
      problems,
      families: ['sparse'],
      backends: ['wasm'],
      axes: { skip: ['zeros', 0.95, 0.98], which: ['random'] },
    },
  ],
});
