// A perceptron of three layers that reads handwritten digits.
import { classifierShapes, MNIST_WIDTHS } from '../../inputs/classifiers.ts';
import type { Network } from '../classify/classifier.ts';
import { addBias, rectify } from '../classify/float32-layers.ts';

const WIDTHS = MNIST_WIDTHS;

export const mnistMlp: Network = (tensor) => {
  const shape = classifierShapes['mnist-mlp'];
  const { layers } = shape;
  const biases = layers.map(({ name }) => tensor(`${name}.bias`));
  const last = layers.length - 1;
  return {
    shape,
    classes: Array.from({ length: shape.classes }, (_, digit) => String(digit)),
    weights: (layer) => tensor(`${layer}.weight`),
    compose(M, multiply) {
      const X = WIDTHS.slice(0, -1).map((width) => new Float32Array(M * width));
      return ({ inputs }) => {
        X[0].fill(0);
        X[0].set(inputs);
        for (let l = 0; l < last; l++) rectify(multiply(layers[l].name, X[l]), biases[l], X[l + 1]);
        const logits = multiply(layers[last].name, X[last]);
        addBias(logits, biases[last]);
        return logits;
      };
    },
    reference({ inputs, rowStart }, multiply) {
      // An image that is not there is black.
      let X = new Float64Array((rowStart.length - 1) * WIDTHS[0]);
      X.set(inputs);
      for (const [l, { name, N }] of layers.entries()) {
        const Y = multiply(name, X).map((y, i) => y + biases[l][i % N]);
        X = l === last ? Y : Y.map((y) => Math.max(0, y));
      }
      return X;
    },
  };
};
