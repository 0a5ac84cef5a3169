// Other ways to be small than fewer bits, each beside the control that makes the comparison fair: see docs/roads.

import { type Block, type Comparison, defineSuite } from '../bench/contract/suite.ts';
import { useLiteMlp } from '../bench/inputs/model-problems.ts';

const blocks: Omit<Block, 'presets' | 'backends'>[] = [
  { problems: [useLiteMlp(1, 1), useLiteMlp(1, 64)], families: ['dense'] },
  {
    problems: [useLiteMlp(1, 1)],
    families: ['sparse'],
    axes: { skip: ['zeros'], which: ['smallest', 'random'] },
  },
];

const mlp = (technique: string, M: number, end = '') => `*:${technique}:*M=${M},*${end}`;
const bySpeed: readonly Omit<Comparison, 'by'>[] = [
  {
    road: 'sparse activations',
    cases: { is: 'zeros left out, M=1', filter: mlp('skip-zeros-mlp', 1, 'skip=zeros') },
    control: { is: 'as many at random', filter: mlp('skip-zeros-mlp', 1, 'which=random') },
  },
  {
    road: 'sparse activations',
    cases: { is: 'zeros left out, M=1', filter: mlp('skip-zeros-mlp', 1, 'skip=zeros') },
    control: { is: 'no value left out', filter: mlp('separate-mlp', 1) },
  },
  ...[1, 64].map((M) => ({
    road: 'fused kernels',
    cases: { is: `fused, M=${M}`, filter: mlp('fused-mlp', M) },
    control: { is: 'as kernels of their own', filter: mlp('separate-mlp', M) },
  })),
];

export default defineSuite({
  summary: 'other ways to be small than fewer bits, each beside the control that makes the comparison fair',
  onlyWhenNamed: true,
  takesNamedBackends: true,
  blocks: blocks.map((block): Block => ({ presets: ['quick', 'nightly'], backends: ['wasm'], ...block })),
  comparisons: bySpeed.map((comparison): Comparison => ({ ...comparison, by: 'speed' })),
});
