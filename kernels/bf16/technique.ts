import { defineGrid } from '../grid/format.ts';
import { bf16 } from '../grid/small-floats.ts';
import { unscaled } from '../grid/unscaled.ts';

export default defineGrid({
  summary: 'weights as bfloat16: the range of f32 with 8 significant bits; ties to even',
  source: 'Kalamkar et al., A study of BFLOAT16 for deep learning training, arXiv 1905.12322',
  axes: {},
  grid: (_, { K }) => unscaled(bf16, K),
  gguf: 'BF16',
  minSqnrDb: () => 45,
});
