// Weights and images of the perceptron that reads handwritten digits, as train.ts wrote them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { MNIST_WIDTHS } from '../../inputs/classifiers.ts';
import type { TestSet } from '../classify/classifier.ts';
import { readTensors } from '../classify/read-tensors.ts';

const WIDTHS = MNIST_WIDTHS;

/** All by their names. */
export function mnistTensors(): (name: string) => Float32Array {
  const tensors = readTensors(join(import.meta.dirname, 'model.safetensors'));
  return (name) => tensors[name];
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
