import { defineGrid } from '../grid/format.ts';
import { f16 } from '../grid/small-floats.ts';
import { unscaled } from '../grid/unscaled.ts';

export default defineGrid({
  summary: 'weights as 16-bit floats: 11 significant bits up to 65504, where they saturate; ties to even',
  source: 'IEEE 754-2019, binary16',
  axes: {},
  grid: (_, { K }) => unscaled(f16, K),
  gguf: 'F16',
  minSqnrDb: () => 60,
});
