// A perceptron of three layers that reads handwritten digits; its weights and images are written by train.ts.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { classifierShapes, MNIST_WIDTHS } from '../../inputs/classifiers.ts';
import type { Classifier, TestSet } from '../classify/classifier.ts';
import { addBias, rectify } from '../classify/float32-layers.ts';
import { readTensors } from '../classify/read-tensors.ts';

const WIDTHS = MNIST_WIDTHS;

export function openMnistMlp(): Classifier {
  const tensors = readTensors(join(import.meta.dirname, 'model.safetensors'));
  const shape = classifierShapes['mnist-mlp'];
  const { layers } = shape;
  const biases = layers.map(({ name }) => tensors[`${name}.bias`]);
  const last = layers.length - 1;
  return {
    shape,
    classes: Array.from({ length: shape.classes }, (_, digit) => String(digit)),
    weights: (layer) => tensors[`${layer}.weight`],
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
}

/** Every fifth of the 10 000 test images, as rows of label, prediction and 784 pixels from 0 to 255. */
export function mnistTest(): TestSet {
  const bytes = brotliDecompressSync(readFileSync(join(import.meta.dirname, 'test-images.br')));
  const rows = Array.from({ length: bytes.length / (2 + WIDTHS[0]) }, (_, i) =>
    bytes.subarray(i * (2 + WIDTHS[0]), (i + 1) * (2 + WIDTHS[0])),
  );
  return {
    examples: rows.map((row) => Float32Array.from(row.subarray(2), (pixel) => pixel / 255)),
    labels: Uint8Array.from(rows, ([label]) => label),
    predictions: Uint8Array.from(rows, ([, prediction]) => prediction),
  };
}
