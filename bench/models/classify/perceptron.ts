// A multi-layer perceptron with ReLU and softmax, trained by stochastic gradient descent with momentum on minibatches. Matrices lie
// as [K,N] here, so that an input of zero, as four pixels in five are and half of what ReLU leaves, skips a whole row.
import { type Random, shuffled } from '../../statistics/random.ts';

export interface Layer {
  readonly K: number;
  readonly N: number;
  /** [K,N] */
  readonly W: Float32Array;
  /** [N] */
  readonly bias: Float32Array;
}

export interface Examples {
  /** [count,K] */
  readonly X: Float32Array;
  readonly labels: Uint8Array;
}

export interface Training {
  readonly epochs: number;
  readonly batch: number;
  /** At the start; it falls to 0 along a cosine. */
  readonly rate: number;
  readonly momentum: number;
  readonly weightDecay: number;
}

/** Weights drawn as He et al. (arXiv 1502.01852) draw them for ReLU. */
export function newPerceptron(widths: readonly number[], random: Random): Layer[] {
  return widths.slice(1).map((N, i) => {
    const K = widths[i];
    const W = Float32Array.from({ length: K * N }, () => random.gaussian() * Math.sqrt(2 / K));
    return { K, N, W, bias: new Float32Array(N) };
  });
}

/** Trains in place; tells the mean loss of each epoch. */
export function train(
  layers: readonly Layer[],
  { X, labels }: Examples,
  { epochs, batch, rate, momentum, weightDecay }: Training,
  random: Random,
  tell: (epoch: number, loss: number) => void,
): void {
  const gradients = layers.map(zeros);
  const velocities = layers.map(zeros);
  const steps = epochs * Math.ceil(labels.length / batch);
  let step = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = shuffled(labels.keys(), random);
    let loss = 0;
    for (let from = 0; from < order.length; from += batch) {
      const chosen = order.slice(from, from + batch);
      for (const i of chosen) loss += addGradients(layers, rowOf(X, i, layers[0].K), labels[i], gradients);
      const stepRate = (rate * (1 + Math.cos((Math.PI * step++) / steps))) / 2;
      for (const [l, layer] of layers.entries()) {
        descend(layer.W, gradients[l].W, velocities[l].W, stepRate, momentum, weightDecay, chosen.length);
        descend(layer.bias, gradients[l].bias, velocities[l].bias, stepRate, momentum, 0, chosen.length);
      }
    }
    tell(epoch, loss / order.length);
  }
}

function zeros({ K, N }: Layer): Layer {
  return { K, N, W: new Float32Array(K * N), bias: new Float32Array(N) };
}

export function rowOf(X: Float32Array, row: number, K: number): Float32Array {
  return X.subarray(row * K, (row + 1) * K);
}

/** The logits of one example. */
export function logitsOf(layers: readonly Layer[], x: Float32Array): Float32Array {
  return activationsOf(layers, x)[layers.length];
}

/** The input, then each layer's output: rectified, but for the last. */
function activationsOf(layers: readonly Layer[], x: Float32Array): Float32Array[] {
  const activations = [x];
  for (const [l, { K, N, W, bias }] of layers.entries()) {
    const input = activations[l];
    const y = bias.slice();
    for (let k = 0; k < K; k++) {
      const value = input[k];
      if (value === 0) continue;
      for (let n = 0, w = k * N; n < N; n++, w++) y[n] += value * W[w];
    }
    if (l + 1 < layers.length) for (let n = 0; n < N; n++) y[n] = Math.max(0, y[n]);
    activations.push(y);
  }
  return activations;
}

/** Adds the gradients of one example's cross-entropy, which it returns. */
export function addGradients(
  layers: readonly Layer[],
  x: Float32Array,
  label: number,
  gradients: readonly Layer[],
): number {
  const activations = activationsOf(layers, x);
  const probabilities = softmax(activations[layers.length]);
  const loss = -Math.log(probabilities[label]);
  let dY = probabilities;
  dY[label] -= 1;
  for (let l = layers.length - 1; l >= 0; l--) {
    const { K, N, W } = layers[l];
    const input = activations[l];
    const { W: dW, bias: dBias } = gradients[l];
    const dX = new Float32Array(l === 0 ? 0 : K);
    for (let n = 0; n < N; n++) dBias[n] += dY[n];
    for (let k = 0; k < K; k++) {
      const value = input[k];
      if (value === 0) continue;
      for (let n = 0, w = k * N; n < N; n++, w++) dW[w] += value * dY[n];
      if (l === 0) continue;
      let sum = 0;
      for (let n = 0, w = k * N; n < N; n++, w++) sum += W[w] * dY[n];
      dX[k] = sum;
    }
    dY = dX;
  }
  return loss;
}

function softmax(logits: Float32Array): Float32Array {
  const max = logits.reduce((a, b) => Math.max(a, b));
  const exponentials = logits.map((logit) => Math.exp(logit - max));
  const sum = exponentials.reduce((a, b) => a + b);
  return exponentials.map((value) => value / sum);
}

/** One step down the mean of the gradients, which are zeroed. */
function descend(
  weights: Float32Array,
  gradient: Float32Array,
  velocity: Float32Array,
  rate: number,
  momentum: number,
  weightDecay: number,
  count: number,
): void {
  for (let i = 0; i < weights.length; i++) {
    velocity[i] = momentum * velocity[i] + gradient[i] / count + weightDecay * weights[i];
    weights[i] -= rate * velocity[i];
    gradient[i] = 0;
  }
}

/** [K,N] → [N,K] */
export function transposed(W: Float32Array, K: number, N: number): Float32Array {
  return Float32Array.from({ length: N * K }, (_, i) => W[(i % K) * N + Math.floor(i / K)]);
}

/** As a file of f16 keeps it. */
export function roundedToF16({ K, N, W, bias }: Layer): Layer {
  return { K, N, W: new Float32Array(new Float16Array(W)), bias: new Float32Array(new Float16Array(bias)) };
}

/** The class that an example is taken for. */
export function predictionOf(layers: readonly Layer[], x: Float32Array): number {
  const logits = logitsOf(layers, x);
  return logits.indexOf(logits.reduce((a, b) => Math.max(a, b)));
}
