// The activations that llama.cpp's CPU library multiplies with, by the type of the weights: ggml-org/llama.cpp, ggml/src/ggml-quants.c.
import type { RoundActivations } from '../contract/operations/model-float64.ts';

/** `Q8_0`: blocks of 32 beside Q4_0 and Q8_0. `Q8_K`: blocks of 256 beside k-quants. */
export const llamaCppRounding: Readonly<Record<'Q8_0' | 'Q8_K', RoundActivations>> = {
  Q8_0: (_, X) => inBlocks(X, 32, roundQ8Zero),
  Q8_K: (_, X) => inBlocks(X, 256, roundQ8K),
};

function inBlocks(X: Float32Array, size: number, round: (block: Float32Array) => void): Float32Array {
  const rounded = X.slice();
  for (let from = 0; from < X.length; from += size) round(rounded.subarray(from, from + size));
  return rounded;
}

/** Codes by the scale in f32; what they stand for by the scale in f16, as it is stored. */
function roundQ8Zero(block: Float32Array): void {
  const largest = block.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
  const inverse = largest === 0 ? 0 : Math.fround(127 / largest);
  const stored = Math.f16round(Math.fround(largest / 127));
  for (let i = 0; i < block.length; i++) block[i] = stored * nearestEven(Math.fround(block[i] * inverse));
}

/** The value of largest magnitude is −127. */
function roundQ8K(block: Float32Array): void {
  const extreme = block.reduce((max, x) => (Math.abs(x) > Math.abs(max) ? x : max), 0);
  if (extreme === 0) return;
  const inverse = Math.fround(-127 / extreme);
  const scale = Math.fround(1 / inverse);
  for (let i = 0; i < block.length; i++) {
    block[i] = scale * Math.min(127, nearestEven(Math.fround(block[i] * inverse)));
  }
}

function nearestEven(x: number): number {
  const nearest = Math.round(x);
  return nearest - x === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest;
}
