import { expect, test } from 'vitest';
import { seededRandom } from '../../statistics/random.ts';
import { addGradients, newPerceptron, predictionOf, train, transposed } from './perceptron.ts';

const TRAINING = { epochs: 200, batch: 4, rate: 0.1, momentum: 0.9, weightDecay: 0 };

/** What neither layer alone can tell: whether two inputs differ. */
const either = {
  X: Float32Array.of(0, 0, 0, 1, 1, 0, 1, 1),
  labels: Uint8Array.of(0, 1, 1, 0),
};

test('gradients are the slopes of the loss', () => {
  const layers = newPerceptron([3, 5, 4], seededRandom(3));
  const x = Float32Array.of(0.5, -1, 2);
  const zeros = () => layers.map(({ K, N }) => ({ K, N, W: new Float32Array(K * N), bias: new Float32Array(N) }));
  const gradients = zeros();
  addGradients(layers, x, 2, gradients);
  const STEP = 2 ** -8;
  for (const [l, layer] of layers.entries()) {
    for (const part of ['W', 'bias'] as const) {
      for (const i of layer[part].keys()) {
        const lossAt = (shift: number) => {
          const value = layer[part][i];
          layer[part][i] = value + shift;
          const loss = addGradients(layers, x, 2, zeros());
          layer[part][i] = value;
          return loss;
        };
        const slope = (lossAt(STEP) - lossAt(-STEP)) / (2 * STEP);
        expect(Math.abs(gradients[l][part][i] - slope), `layer ${l} ${part}[${i}]`).toBeLessThan(1e-3);
      }
    }
  }
});

test('learns what takes two layers, to the same weights each time', () => {
  const learn = () => {
    const layers = newPerceptron([2, 8, 2], seededRandom(1));
    train(layers, either, TRAINING, seededRandom(2), () => {});
    return layers;
  };
  const layers = learn();
  const predictions = [0, 1, 2, 3].map((i) => predictionOf(layers, either.X.subarray(2 * i, 2 * i + 2)));
  expect(predictions).toEqual([...either.labels]);
  expect(learn()).toEqual(layers);
});

test('transposing makes columns of rows', () => {
  expect([...transposed(Float32Array.of(1, 2, 3, 4, 5, 6), 2, 3)]).toEqual([1, 4, 2, 5, 3, 6]);
});
