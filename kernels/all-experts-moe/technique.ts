import { defineTechnique } from '../../bench/contract/technique.ts';
import { borders } from '../moe/borders.ts';
import { gpuMoe } from '../moe/gpu.ts';
import { tsMoe } from '../moe/ts.ts';
import { wasmMoe } from '../moe/wasm.ts';
import { denseMoe } from '../moe/weights.ts';

export default defineTechnique({
  op: 'moe',
  family: 'dense',
  summary: 'every row goes through every expert, and those that it did not choose have no share in the output',
  source: 'Jacobs et al., Adaptive Mixtures of Local Experts, Neural Computation 3, 1991',
  ...denseMoe,
  kernels: {
    ts: (context) => tsMoe(context, 'all'),
    wasm: (context) => wasmMoe(context, 'all'),
    gpujs: (context) => gpuMoe(context, 'all'),
  },
  borders,
});
