// The networks of bench/models that classify, as far as suites need to know them.
import { DEFAULT_SEED } from '../contract/case.ts';
import type { ClassifierShape, ClassifyProblem } from '../contract/problem.ts';
import { MATRICES, useLiteMatrixNames } from './use-lite/use-lite-matrices.ts';

export const MNIST_WIDTHS = [784, 256, 128, 10];
/** WordNet's lexicographer files of nouns, but for that of the tops of all hierarchies. */
export const SUPERSENSES = [
  ...['act', 'animal', 'artifact', 'attribute', 'body', 'cognition', 'communication', 'event', 'feeling', 'food'],
  ...['group', 'location', 'motive', 'object', 'person', 'phenomenon', 'plant', 'possession', 'process', 'quantity'],
  ...['relation', 'shape', 'state', 'substance', 'time'],
];

const PARTS = { qkv: 'attn', out: 'attn', tanh: 'head' } as const;

/** Universal Sentence Encoder lite and a logistic probe, which stays as it is. */
const supersense: ClassifierShape = {
  layers: useLiteMatrixNames.map((name) => {
    const part = PARTS[name.split('.').pop() as keyof typeof PARTS] ?? 'ffn';
    return { name, part, N: MATRICES[name].N, K: MATRICES[name].K, each: name === 'tanh' ? 'example' : 'row' };
  }),
  classes: SUPERSENSES.length,
  width: 1,
  // The shipped glosses have 13 tokens in the mean, so that tokens are what fills a call.
  rowsPerExample: 8,
  // The embedding, timescales, four norms, a bias for each matrix, the probe.
  otherBytes:
    4 * (8002 * 256 + 128 + 2 * (256 + 3 * 512)) +
    4 * useLiteMatrixNames.reduce((sum, name) => sum + MATRICES[name].N, 0) +
    4 * SUPERSENSES.length * 513,
};

/** A perceptron that reads handwritten digits. */
const mnistMlp: ClassifierShape = {
  layers: MNIST_WIDTHS.slice(1).map((N, l) => {
    const part = l === MNIST_WIDTHS.length - 2 ? 'head' : 'ffn';
    return { name: `layer${l}`, part, N, K: MNIST_WIDTHS[l], each: 'row' };
  }),
  classes: 10,
  width: MNIST_WIDTHS[0],
  rowsPerExample: 1,
  otherBytes: 4 * MNIST_WIDTHS.slice(1).reduce((sum, N) => sum + N, 0),
};

export const classifierShapes = { supersense, 'mnist-mlp': mnistMlp } as const;
export type ClassifierName = keyof typeof classifierShapes;

/** A call of M images, or of glosses that have M tokens together. */
export function classifyProblem(weights: ClassifierName, M: number): ClassifyProblem {
  return { op: 'classify', M, weights, seed: DEFAULT_SEED, network: classifierShapes[weights] };
}
