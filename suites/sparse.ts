// Zeros: where dropping weights starts to pay, unstructured and 2 of 4.

import { defineSuite } from '../bench/contract/suite.ts';
import { nightlyMatmuls, quickMatmuls } from '../bench/inputs/model-problems.ts';

export default defineSuite({
  summary: 'pruned layers, CSR and 2:4, at decode (M=1) and prefill shapes',
  blocks: [
    {
      presets: ['quick', 'nightly'],
      problems: quickMatmuls,
      families: ['sparse'],
      axes: { sparsity: [0.5, 0.9] },
    },
    {
      presets: ['nightly'],
      problems: nightlyMatmuls,
      families: ['sparse'],
      cover: 'pairs',
    },
  ],
});
