// What the uncompressed layers cost: the ground the other suites stand on.

import { defineSuite } from '../bench/contract/suite.ts';
import { nightlyMatmuls, quickMatmuls } from '../bench/inputs/model-problems.ts';

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
      problems: nightlyMatmuls,
      families: ['dense'],
      cover: 'pairs',
    },
  ],
});
