import { expect, test } from 'vitest';
import { seededRandom } from '../../statistics/random.ts';
import { startedWeights } from './adapters.ts';
import { adapterNames, initialWeights, type Parameter, parametersOf } from './parameters.ts';
import { type Adapters, type Recipe, recipeOf } from './recipes.ts';

const moby = recipeOf('moby');
const config = { ...moby.config, layers: 1, hiddenSize: 64, feedForwardSize: 64, heads: 2, headDim: 32 };
const base = initialWeights(config, seededRandom(1));
const layer = parametersOf(config).find(({ name }) => name.endsWith('o_proj.weight'))!;

async function started(start: Adapters['start']) {
  const adapters = { rank: 16, start };
  const recipe: Recipe = {
    ...moby,
    config,
    adapters,
    start: { from: 'moby', format: { technique: 'int3', params: { groupSize: 64 } } },
  };
  const weights = await startedWeights(recipe, base, seededRandom(2));
  const named = new Map(parametersOf(config, adapters).map((parameter) => [parameter.name, parameter]));
  const of = ({ offset, length }: Parameter) => weights.subarray(offset, offset + length);
  const { down, up } = adapterNames(layer.name);
  return {
    W: of(layer),
    A: of(named.get(down)!),
    B: of(named.get(up)!),
    embedding: of(named.get('model.embed_tokens.weight')!),
  };
}

const original = base.subarray(layer.offset, layer.offset + layer.length);
const distance = (a: Float32Array) => Math.hypot(...a.map((value, i) => value - original[i]));

test('adapters that start at zero leave the rounded weights as they are, and the embedding is not rounded', async () => {
  const { W, A, B, embedding } = await started('zero');
  expect(distance(W)).toBeGreaterThan(0);
  expect(new Set(W.subarray(0, 64)).size).toBeLessThanOrEqual(8);
  expect(B.every((value) => value === 0)).toBe(true);
  expect(A.some((value) => value !== 0)).toBe(true);
  expect(embedding).toEqual(base.subarray(0, embedding.length));
});

test('adapters that start from the residual bring the weights nearer to what they were', async () => {
  const { W, A, B } = await started('residual');
  const sums = W.map((value, i) => {
    const [n, k] = [Math.floor(i / 64), i % 64];
    return (
      value + Array.from({ length: 16 }, (_, r) => B[n * 16 + r] * A[r * 64 + k]).reduce((sum, each) => sum + each)
    );
  });
  expect(distance(sums)).toBeLessThan(0.8 * distance(W));
});
