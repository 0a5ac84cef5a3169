import { defineTechnique } from '../../bench/contract/technique.ts';
import { borders } from '../moe/borders.ts';
import { gpuMoe } from '../moe/gpu.ts';
import { tsMoe } from '../moe/ts.ts';
import { wasmMoe } from '../moe/wasm.ts';
import { denseMoe } from '../moe/weights.ts';

export default defineTechnique({
  op: 'moe',
  family: 'sparse',
  summary: 'every row goes through the experts that it chose, each on its rows together',
  source: 'Shazeer et al., arXiv 1701.06538; Gale et al., MegaBlocks, arXiv 2211.15841',
  ...denseMoe,
  kernels: {
    ts: (context) => tsMoe(context, 'chosen'),
    wasm: (context) => wasmMoe(context, 'chosen'),
    gpujs: (context) => gpuMoe(context, 'chosen'),
  },
  borders,
});
