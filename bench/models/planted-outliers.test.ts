import { expect, test } from 'vitest';
import { forwardFloat64 } from '../contract/operations/model-float64.ts';
import { withPlantedOutliers } from './planted-outliers.ts';
import { randomModel, smallConfig } from './random-model.fixture.ts';

const TOKENS = [3, 1, 4, 1, 5, 9, 2, 6];
const model = randomModel(smallConfig, 1);
const planted = withPlantedOutliers(model, { channels: 3, factor: 64 });

/** The largest and the middling magnitude of what layers multiply, over all layers behind a norm. */
function spread(weights: typeof model): number {
  const magnitudes: number[] = [];
  forwardFloat64(weights, TOKENS, ({ part, name }, X) => {
    if (part !== 'head' && !/(o|down)_proj/.test(name)) magnitudes.push(...X.map(Math.abs));
    return X;
  });
  magnitudes.sort((a, b) => a - b);
  return magnitudes[magnitudes.length - 1] / magnitudes[magnitudes.length >> 1];
}

test('a model with planted outliers computes what it computed, to the bit where they grow by a power of two', () => {
  expect(forwardFloat64(planted, TOKENS)).toEqual(forwardFloat64(model, TOKENS));
});

test('what its layers multiply has outliers', () => {
  expect(spread(planted) / spread(model)).toBeGreaterThan(32);
});

test('weights of the model itself stay as they are', () => {
  const name = 'model.layers.0.input_layernorm.weight';
  planted.tensor(name);
  expect(model.tensor(name)).not.toEqual(planted.tensor(name));
});
