// Texts that moby writes, alone or by drafts of a smaller model.

import { defineSuite } from '../bench/contract/suite.ts';
import { mobyProblem } from '../bench/inputs/moby.ts';

const generate = mobyProblem({ phase: 'generate', M: 64, context: 128 });

export default defineSuite({
  summary: 'texts that a model writes, alone or by drafts of a smaller one (--draft)',
  onlyWhenNamed: true,
  takesNamedBackends: true,
  blocks: [
    {
      presets: ['smoke', 'quick', 'nightly'],
      problems: [generate],
      families: ['dense', 'quantized'],
      techniques: ['q4-0'],
      backends: ['ts', 'wasm', 'wasm-mt'],
    },
  ],
});
