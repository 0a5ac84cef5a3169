import { linearLayers, type ModelConfig, type ModelWeights, otherTensors } from '../contract/model.ts';
import { seededRandom } from '../statistics/random.ts';

export const smallConfig: ModelConfig = {
  architecture: 'llama',
  vocabularySize: 53,
  hiddenSize: 24,
  feedForwardSize: 40,
  layers: 2,
  heads: 4,
  keyValueHeads: 2,
  headDim: 6,
  normEpsilon: 1e-5,
  contextLength: 64,
  ropeTheta: 10000,
  isHeadTied: true,
  hasQkvBias: false,
  hasOutputBias: false,
  hasQkNorm: false,
  activation: 'silu',
};

/** Drawn so that activations keep their size from layer to layer and attention looks at some keys more than at others. */
export function randomModel(config: ModelConfig, seed: number): ModelWeights {
  const lengths = new Map(otherTensors(config).map(({ name, length }) => [name, length]));
  for (const { name, N, K } of linearLayers(config)) lengths.set(name, N * K);
  const names = [...lengths.keys()];
  return {
    config,
    tensor(name) {
      const length = lengths.get(name);
      if (length === undefined) throw new Error(`${name}: must be a tensor of the model`);
      const { gaussian } = seededRandom(seed, names.indexOf(name));
      const isNorm = name.includes('norm');
      const deviation = isNorm || name.endsWith('bias') ? 0.3 : 2 / Math.sqrt(config.hiddenSize);
      return Float32Array.from({ length }, () => (isNorm ? 1 : 0) + deviation * gaussian());
    },
  };
}
