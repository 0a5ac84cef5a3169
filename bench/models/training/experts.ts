// A mixture of experts in the place of a feed-forward, forwards and backwards: a router chooses a few for each token, and none is
// ever too full to take one.
import type { Exports } from '../../backends/wasm-instance.ts';
import type { Experts, ModelConfig } from '../../contract/model.ts';
import { type FeedForward, gates } from './feed-forward.ts';
import type { Linear } from './linear.ts';
import type { ExpertsMemory, ShardMemory } from './memory.ts';

export interface Router {
  /** Address of a tensor. */
  weight(name: string): number;
  /** Of what keeps experts evenly chosen, where the loss of each token counts 1. */
  readonly balance: number;
}

export function mixtureOfExperts(
  kernels: Exports,
  { activation, hiddenSize: K, feedForwardSize: F }: ModelConfig,
  { count: E, perToken }: Experts,
  linear: Linear,
  { weight, balance }: Router,
  { dStream, dNormed, dWide, dNarrow, dMixed, dShares, dRouted }: ShardMemory,
  M: number,
): FeedForward {
  const [gate, gateGradient] = gates[activation];
  const count = M * perToken;
  const ROUTER = 'block_sparse_moe.gate';

  /** Experts that were chosen, with which of all choices are theirs. */
  function* crowds({ ends }: ExpertsMemory): Generator<{ w1: string; w2: string; first: number; rows: number }> {
    let first = 0;
    for (let e = 0; e < E; e++) {
      const end = Number(kernels.endOfChoices(ends, e));
      const expert = `block_sparse_moe.experts.${e}`;
      if (end > first) yield { w1: `${expert}.w1`, w2: `${expert}.w2`, first, rows: end - first };
      first = end;
    }
  }

  return {
    forward({ feedForwardNormed, gateUp, activated, experts }, name, output) {
      const { probabilities, chosen, shares, choices, ends, gathered, mixed } = experts!;
      kernels.scoreExperts(feedForwardNormed, weight(name(ROUTER)), probabilities, M, K, E);
      kernels.softmaxRows(probabilities, M, E);
      kernels.chooseExperts(probabilities, chosen, shares, M, E, perToken);
      kernels.groupChoices(chosen, choices, ends, count, E);
      kernels.gatherTokens(feedForwardNormed, choices, gathered, count, K, perToken);
      for (const { w1, w2, first, rows } of crowds(experts!)) {
        const [gates, ups] = [gateUp + 8 * first * F, activated + 4 * first * F];
        linear.forward(gathered + 4 * first * K, name(w1), gates, rows, 2 * F, K);
        kernels[gate](gates, ups, rows, F);
        linear.forward(ups, name(w2), mixed + 4 * first * K, rows, K, F);
      }
      kernels.mixExperts(mixed, choices, shares, output, count, K, perToken);
    },
    backward({ feedForwardNormed, gateUp, activated, experts }, name, scale) {
      const { probabilities, chosen, shares, choices, ends, gathered, mixed } = experts!;
      kernels.mixExpertsGradient(dStream, mixed, choices, shares, dMixed, dShares, count, K, perToken);
      const routed = [probabilities, chosen, shares, dShares, ends, dRouted];
      kernels.chooseExpertsGradient(...routed, M, E, perToken, balance * scale);
      linear.backward(feedForwardNormed, name(ROUTER), dRouted, dNormed, M, E, K);
      for (const { w1, w2, first, rows } of crowds(experts!)) {
        const [output, input] = [dMixed + 4 * first * K, gathered + 4 * first * K];
        linear.backward(activated + 4 * first * F, name(w2), output, dNarrow, rows, K, F);
        kernels[gateGradient](gateUp + 8 * first * F, dNarrow, dWide, rows, F);
        linear.backward(input, name(w1), dWide, output, rows, 2 * F, K);
      }
      kernels.scatterTokens(dMixed, choices, dNormed, count, K, perToken);
    },
  };
}
