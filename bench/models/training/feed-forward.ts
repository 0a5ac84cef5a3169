// The part of a layer that works on each token alone, forwards and backwards: down · (activation(gate · x) ⊙ up · x).
import type { Exports } from '../../backends/wasm-instance.ts';
import type { ModelConfig } from '../../contract/model.ts';
import type { Linear } from './linear.ts';
import type { LayerMemory, ShardMemory } from './memory.ts';

export interface FeedForward {
  /** From the layer's `feedForwardNormed`, added to `output` [M, hiddenSize]. */
  forward(layer: LayerMemory, name: (tensor: string) => string, output: number): void;
  /** From the shard's `dStream` to its `dNormed`; `scale` is what the loss of a token counts. */
  backward(layer: LayerMemory, name: (tensor: string) => string, scale: number): void;
}

/** Kernels of the gate and of its gradient. */
export const gates = { silu: ['swiglu', 'swigluGradient'], relu: ['reglu', 'regluGradient'] } as const;

export function feedForward(
  kernels: Exports,
  { activation, hiddenSize, feedForwardSize }: ModelConfig,
  linear: Linear,
  { dStream, dNormed, dWide, dNarrow }: ShardMemory,
  M: number,
): FeedForward {
  const [gate, gateGradient] = gates[activation];
  const both = 2 * feedForwardSize;
  return {
    forward({ feedForwardNormed, gateUp, activated }, name, output) {
      linear.forward(feedForwardNormed, name('mlp.gate_proj'), gateUp, M, both, hiddenSize);
      kernels[gate](gateUp, activated, M, feedForwardSize);
      linear.forward(activated, name('mlp.down_proj'), output, M, hiddenSize, feedForwardSize, true);
    },
    backward({ feedForwardNormed, gateUp, activated }, name) {
      linear.backward(activated, name('mlp.down_proj'), dStream, dNarrow, M, hiddenSize, feedForwardSize);
      kernels[gateGradient](gateUp, dNarrow, dWide, M, feedForwardSize);
      linear.backward(feedForwardNormed, name('mlp.gate_proj'), dWide, dNormed, M, both, hiddenSize);
    },
  };
}
