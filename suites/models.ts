// Whole models with their linear layers compressed: what a technique costs in perplexity, or in how often a classifier is right, and
// what it buys in tokens per second.

import { type Block, defineSuite } from '../bench/contract/suite.ts';
import { classifyProblem } from '../bench/inputs/classifiers.ts';
import { mobyProblem } from '../bench/inputs/moby.ts';

const decode = mobyProblem({ phase: 'decode', M: 1, context: 128 });
const prefill = mobyProblem({ phase: 'prefill', M: 128, context: 0 });
const outliers = mobyProblem({ phase: 'prefill', M: 128, context: 0 }, true);
// A batch of some twenty glosses, and one of images.
const classifiers = [classifyProblem('supersense', 256), classifyProblem('mnist-mlp', 64)];

const families: Block['families'] = ['dense', 'quantized', 'sparse'];
const backends = ['wasm-mt'];
const axes = { groupSize: [64], granularity: ['channel'], sparsity: [0.5] };

export default defineSuite({
  summary: 'moby and two classifiers, whole: bytes, speed, perplexity, divergence, accuracy',
  onlyWhenNamed: true,
  takesNamedBackends: true,
  blocks: [
    {
      presets: ['smoke', 'quick', 'nightly'],
      problems: [decode],
      families,
      techniques: ['q4-0'],
      backends: ['wasm'],
    },
    { presets: ['nightly'], problems: [decode], families, techniques: ['q4-0'], backends: ['ts'] },
    {
      presets: ['quick', 'nightly'],
      problems: [decode],
      families,
      techniques: ['q8-0', 'q6-k', 'q5-k', 'q4-k', 'q4-0', 'int3', 'int2', 'sparse-2-4'],
      backends,
      axes,
    },
    {
      presets: ['quick', 'nightly'],
      problems: [decode, prefill],
      families,
      techniques: ['q8-0', 'q4-0'],
      backends,
      axes: { ...axes, activations: ['int8'] },
    },
    {
      presets: ['nightly'],
      problems: [decode],
      families,
      techniques: ['int3', 'nf4', 'mxfp4', 'csr', 'sparse-2-4'],
      backends,
      axes: { ...axes, method: ['rtn', 'gptq', 'magnitude', 'wanda', 'sparsegpt'] },
    },
    // How keys and values are kept, beside weights as they are and beside four bits.
    {
      presets: ['nightly'],
      problems: [decode],
      families,
      techniques: ['q4-0'],
      backends,
      axes: {
        ...axes,
        activations: ['f32'],
        kv: ['f32', 'f16', 'int8', 'int8-hadamard', 'q4-0', 'q4-0-hadamard'],
      },
    },
    {
      presets: ['nightly'],
      problems: [decode],
      families,
      techniques: [],
      backends,
      axes: { kv: ['keys-int8', 'keys-int8-hadamard', 'keys-q4-0', 'keys-q4-0-hadamard'] },
    },
    {
      presets: ['nightly'],
      problems: [outliers],
      families,
      techniques: ['q8-0', 'int4'],
      backends,
      axes: { ...axes, activations: ['int8'], transform: ['none', 'smooth', 'hadamard'] },
    },
    {
      presets: ['quick', 'nightly'],
      problems: classifiers,
      families: [...families, 'low-rank'],
      techniques: ['int8', 'int4', 'sparse-2-4', 'low-rank'],
      backends: ['wasm'],
      axes: { ...axes, activations: ['f32'], share: [0.5] },
    },
    {
      presets: ['nightly'],
      problems: classifiers,
      families,
      techniques: ['nf4', 'csr'],
      backends: ['wasm'],
      axes,
    },
  ],
});
