// How the stored values are chosen: methods, transforms and corrections on the formats people use them with. Speed is that of the
// format; what differs is the drift, and what transforms and corrections take at run time.

import { defineSuite } from '../bench/contract/suite.ts';
import { useLiteMatmul } from '../bench/inputs/model-problems.ts';

// One that narrows, behind ReLU, with the model's largest outliers, and one that widens.
const outliers = useLiteMatmul('layer1.fc2', 64);
const problems = [outliers, useLiteMatmul('layer1.fc1', 64)];
const backends = ['wasm'];
const methods = ['rtn', 'hqq', 'imatrix', 'gptq', 'awq', 'autoround'];
const axes = { groupSize: [64], element: ['e4m3'], granularity: ['channel'] };

export default defineSuite({
  summary: 'GPTQ, AWQ, HQQ, Wanda, SparseGPT, transforms and low-rank corrections on their main formats',
  onlyWhenNamed: ['quick'],
  blocks: [
    {
      presets: ['nightly'],
      problems: [outliers],
      families: ['quantized'],
      techniques: ['int4', 'nf4'],
      backends,
      axes: { ...axes, method: methods },
    },
    {
      presets: ['quick'],
      problems,
      families: ['quantized'],
      techniques: ['fp8', 'int3', 'int4', 'mxfp4', 'nf4', 'q4-k'],
      backends,
      axes: { ...axes, method: methods },
    },
    {
      presets: ['quick', 'nightly'],
      problems: [outliers],
      families: ['quantized'],
      techniques: ['int4'],
      backends,
      axes: { ...axes, method: ['gptq'], actOrder: ['yes'] },
    },
    {
      presets: ['quick', 'nightly'],
      problems: [outliers],
      families: ['sparse'],
      backends,
      axes: { sparsity: [0.5], method: ['magnitude', 'wanda', 'sparsegpt'] },
    },
    {
      presets: ['quick', 'nightly'],
      problems: [outliers],
      families: ['quantized'],
      techniques: ['int4'],
      backends,
      axes: { ...axes, transform: ['smooth', 'hadamard'], activations: ['f32', 'int8'] },
    },
    {
      presets: ['quick', 'nightly'],
      problems: [outliers],
      families: ['quantized'],
      techniques: ['int4'],
      backends,
      axes: { ...axes, correction: ['svd', 'activation-aware', 'loftq'], rank: [32] },
    },
    {
      presets: ['quick', 'nightly'],
      problems: [useLiteMatmul('layer1.fc2', 1)],
      families: ['quantized'],
      techniques: ['int4', 'q8-0'],
      backends,
      axes: { ...axes, activations: ['int8-32'] },
    },
    {
      presets: ['quick'],
      problems,
      families: ['quantized'],
      techniques: ['int3', 'mxfp4'],
      backends,
      axes: { ...axes, transform: ['hadamard'] },
    },
  ],
});
