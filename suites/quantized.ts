// Fewer bits a weight: int8 with and without int8 activations, int4 in groups. All other formats are in the suite `formats`.

import { defineSuite } from '../bench/contract/suite.ts';
import { nightlyMatmuls, quickMatmuls } from '../bench/inputs/model-problems.ts';

export default defineSuite({
  summary: 'int8 and int4 layers at decode (M=1) and prefill shapes',
  blocks: [
    {
      presets: ['quick', 'nightly'],
      problems: quickMatmuls,
      families: ['quantized'],
      techniques: ['int8', 'int4'],
      axes: { granularity: ['channel'], groupSize: [64] },
    },
    {
      presets: ['nightly'],
      problems: nightlyMatmuls,
      families: ['quantized'],
      techniques: ['int8', 'int4'],
      cover: 'pairs',
    },
  ],
});
