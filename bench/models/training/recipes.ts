// What the models that are shipped with tare are made of, and how they are trained.
import type { ModelConfig } from '../../contract/model.ts';
import type { BatchShape } from './memory.ts';

export interface Recipe {
  readonly name: string;
  readonly config: ModelConfig;
  readonly batch: BatchShape;
  readonly optimizer: OptimizerSettings;
  readonly seed: number;
}

/** AdamW under a rate that warms up, stays, and falls to 0 at the end, so that a run can go on from before its fall. */
export interface OptimizerSettings {
  readonly peakRate: number;
  readonly warmUpSteps: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Of matrices; gains of norms don't decay. */
  readonly weightDecay: number;
  /** Gradients of a greater norm are scaled to this one. */
  readonly clipNorm: number;
}

const moby: Recipe = {
  name: 'moby',
  config: {
    architecture: 'llama',
    vocabularySize: 1024,
    hiddenSize: 256,
    feedForwardSize: 512,
    layers: 3,
    heads: 4,
    keyValueHeads: 2,
    headDim: 64,
    normEpsilon: 1e-5,
    contextLength: 256,
    ropeTheta: 10000,
    isHeadTied: true,
    hasQkvBias: false,
    hasOutputBias: false,
    hasQkNorm: false,
    activation: 'silu',
  },
  batch: { shards: 2, sequences: 4 },
  optimizer: {
    peakRate: 2.5e-3,
    warmUpSteps: 200,
    beta1: 0.9,
    beta2: 0.95,
    epsilon: 1e-8,
    weightDecay: 0.1,
    clipNorm: 1,
  },
  seed: 1,
};

export const recipes: Readonly<Record<string, Recipe>> = { moby };
