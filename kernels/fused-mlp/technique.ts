import { defineTechnique } from '../../bench/contract/technique.ts';
import { borders } from '../mlp/borders.ts';
import { gpuFusedMlp, wgslFusedMlp } from '../mlp/gpu.ts';
import { tsFusedMlp } from '../mlp/ts.ts';
import { wasmFusedMlp } from '../mlp/wasm.ts';
import { denseMlp } from '../mlp/weights.ts';

export default defineTechnique({
  op: 'mlp',
  family: 'dense',
  summary: 'bias and ReLU where the first product leaves its sums, which the second reads out of a cache',
  source: 'Ansel et al., PyTorch 2, ASPLOS 2024; Li et al., The Deep Learning Compiler, arXiv 2002.03794',
  ...denseMlp,
  kernels: { ts: tsFusedMlp, wasm: wasmFusedMlp, gpujs: gpuFusedMlp, wgsl: wgslFusedMlp },
  borders,
});
