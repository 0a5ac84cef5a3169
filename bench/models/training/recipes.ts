// What the models that are shipped with tare are made of, and how they are trained.
import type { ModelConfig } from '../../contract/model.ts';
import type { Params } from '../../contract/technique.ts';
import type { PassageKind } from './corpus.ts';

/** What a step of training computes. */
export interface NetworkSettings {
  readonly config: ModelConfig;
  readonly batch: BatchShape;
  readonly optimizer: OptimizerSettings;
  /** Names of the weights that learn: all of them where not said. */
  readonly trained?: RegExp;
  readonly adapters?: Adapters;
  readonly teacher?: Teacher;
  /** Of networks with experts: what an even choice of them counts in the loss, which is 1 where it is even. */
  readonly balance?: number;
}

/** A trained model from whose predictions a network learns beside the text (Hinton et al., arXiv 1503.02531). */
export interface Teacher {
  /** Its recipe, by whose name its weights lie beside the model that is trained. */
  readonly name: string;
  readonly config: ModelConfig;
  /** What logits of both are divided by. */
  readonly temperature: number;
  /** Of the teacher in the loss; the text has the rest. */
  readonly share: number;
}

/** Two thin factors beside each linear layer of the stack: Y += (X·Aᵀ)·Bᵀ. */
export interface Adapters {
  /** A multiple of 16. */
  readonly rank: number;
  /** B of zeros, or the best approximation of what the base's format left out: LoftQ, arXiv 2310.08659, of one round. */
  readonly start: 'zero' | 'residual';
}

export interface Format {
  readonly technique: string;
  readonly params: Params;
}

export interface Recipe extends NetworkSettings {
  readonly name: string;
  /** Of the run whose weights are shipped. */
  readonly seed: number;
  readonly steps: number;
  /** The last of them, over which the rate falls to 0. */
  readonly decay: number;
  /** What of the texts it learns from and is scored on: all of them where not said. The tokenizer is the same. */
  readonly passages?: PassageKind;
  /** The recipe whose weights it starts from, which lie beside it; as a format leaves those of linear layers, if one is named. */
  readonly start?: { readonly from: string; readonly format?: Format };
  /** Recipes that its loss is held against. */
  readonly controls?: readonly string[];
}

/** A batch is cut into shards, each with gradients of its own, so that sums are the same for any number of threads. */
export interface BatchShape {
  readonly shards: number;
  /** Of a shard, each of `contextLength` tokens. */
  readonly sequences: number;
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
  steps: 26_000,
  decay: 4000,
};

/** A third of moby's bytes. */
const narrow: ModelConfig = {
  ...moby.config,
  hiddenSize: 128,
  feedForwardSize: 256,
  layers: 4,
  heads: 2,
  keyValueHeads: 1,
};
/** As many bytes as moby, most of them in feed-forwards. */
const wide: ModelConfig = { ...narrow, feedForwardSize: 1024 };
/** As many bytes again, of which each token goes through those of `narrow`. */
const mixture: ModelConfig = { ...narrow, feedForwardSize: 128, experts: { count: 8, perToken: 2 } };
/** Adapters beside weights that stay as they are. */
const adapting = {
  ...moby,
  optimizer: { ...moby.optimizer, peakRate: 1e-3, warmUpSteps: 50, weightDecay: 0 },
  trained: /\.lora_[AB]\./,
  steps: 600,
  decay: 300,
};
const int3: Format = { technique: 'int3', params: { groupSize: 64 } };
const nf4: Format = { technique: 'nf4', params: {} };
const zero: Adapters = { rank: 16, start: 'zero' };
/** Of all that are held against each other. */
const compared = { ...moby, steps: 4000, decay: 1000 };

const all: readonly Recipe[] = [
  moby,
  { ...moby, name: 'moby-small', config: narrow, steps: 12_000, decay: 3000 },
  { ...compared, name: 'moby-narrow', config: narrow },
  {
    ...compared,
    name: 'moby-student',
    config: narrow,
    teacher: { name: 'moby', config: moby.config, temperature: 2, share: 0.5 },
    controls: ['moby-narrow'],
  },
  { ...compared, name: 'moby-wide', config: wide },
  { ...compared, name: 'moby-moe', config: mixture, balance: 0.01, controls: ['moby-narrow', 'moby-wide'] },
  { ...compared, name: 'moby-relu', config: { ...wide, activation: 'relu' }, controls: ['moby-wide'] },
  { ...adapting, name: 'moby-int3-adapters', start: { from: 'moby', format: int3 }, adapters: zero },
  {
    ...adapting,
    name: 'moby-int3-loftq',
    start: { from: 'moby', format: int3 },
    adapters: { rank: 16, start: 'residual' },
    controls: ['moby-int3-adapters'],
  },
  { ...adapting, name: 'moby-nf4-adapters', start: { from: 'moby', format: nf4 }, adapters: zero },
  { ...compared, name: 'moby-glosses', config: narrow, passages: 'entry' },
  {
    ...adapting,
    name: 'moby-chapters-adapters',
    config: narrow,
    passages: 'chapter',
    start: { from: 'moby-glosses', format: nf4 },
    adapters: zero,
    controls: ['moby-chapters-tuned'],
  },
  {
    ...adapting,
    name: 'moby-chapters-tuned',
    config: narrow,
    passages: 'chapter',
    trained: undefined,
    start: { from: 'moby-glosses' },
  },
];

export const recipes: ReadonlyMap<string, Recipe> = new Map(all.map((recipe) => [recipe.name, recipe]));

/** Throws where there is none of that name. */
export function recipeOf(name: string): Recipe {
  const recipe = recipes.get(name);
  if (recipe === undefined) throw new Error(`recipe: must be one of ${[...recipes.keys()].join(' ')}, got ${name}`);
  return recipe;
}

/** What a run is called: by its recipe, and by its seed where that is another than the recipe's. */
export function runName({ name, seed }: Recipe, ofSeed: number): string {
  return ofSeed === seed ? name : `${name}-seed${ofSeed}`;
}

/** Name of the model beside which its held-out and calibration text lie: moby, for all that learn from all passages. */
export function textsBeside({ name, passages }: Recipe): string {
  return passages === undefined ? moby.name : name;
}
