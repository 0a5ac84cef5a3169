import { defineTechnique } from '../../bench/contract/technique.ts';
import { borders } from '../mlp/borders.ts';
import { gpuSeparateMlp, wgslSeparateMlp } from '../mlp/gpu.ts';
import { tsSeparateMlp } from '../mlp/ts.ts';
import { wasmSeparateMlp } from '../mlp/wasm.ts';
import { denseMlp } from '../mlp/weights.ts';

export default defineTechnique({
  op: 'mlp',
  family: 'dense',
  summary: 'product, bias and ReLU, product, each a kernel of its own: the baseline of every mlp',
  source: 'Vaswani et al., Attention Is All You Need, §3.3, arXiv 1706.03762',
  ...denseMlp,
  kernels: { ts: tsSeparateMlp, wasm: wasmSeparateMlp, gpujs: gpuSeparateMlp, wgsl: wgslSeparateMlp },
  borders,
});
