// A mixture of experts as a network runs it: only the experts that the router chose, each on its tokens together.
import { type FeedForwardNames, feedForwards, type ModelConfig } from '../contract/model.ts';
import type { PlacedLinear, Step, Transformer } from '../contract/transformer.ts';
import type { Placement } from './running-model.ts';

export interface MixtureParts<Slot> {
  readonly config: ModelConfig;
  readonly transformer: Transformer<Slot>;
  /** Rows [experts, hiddenSize] that score experts. */
  readonly router: Float32Array;
  readonly onExpert?: Placement['onExpert'];
  linear(name: string): { readonly placed: PlacedLinear<Slot>; readonly rows: number };
}

interface Expert<Slot> {
  /** Of its last weights. */
  readonly down: string;
  readonly inputs: readonly Slot[];
  readonly output: Slot;
  readonly run: Step;
  /** That it takes at once. */
  readonly rows: number;
}

/** From rows of `from` to rows of `to`, both [hiddenSize]. `layer` is `model.layers.0`. */
export function mixExperts<Slot>(parts: MixtureParts<Slot>, layer: string, from: Slot, to: Slot): Step {
  const { config, transformer, router, onExpert } = parts;
  const { hiddenSize } = config;
  const experts = feedForwards(config, layer).map((names) => expertOf(parts, names));
  const takeIn = ({ inputs }: Expert<Slot>, row: number, x: Float32Array) => {
    for (const input of inputs) transformer.write(input, row, x);
  };
  return ({ rows }) => {
    const X = Array.from({ length: rows }, (_, row) => transformer.read(from, row, hiddenSize).slice());
    const sums = X.map(() => new Float32Array(hiddenSize));
    const shares = X.map((x) => expertShares(x, router, config));
    for (const [e, expert] of experts.entries()) {
      const own = [...X.keys()].filter((row) => shares[row].has(e));
      for (let first = 0; first < own.length; first += expert.rows) {
        const taken = own.slice(first, first + expert.rows);
        for (const [i, row] of taken.entries()) takeIn(expert, i, X[row]);
        expert.run({ rows: taken.length, position: 0 });
        for (const [i, row] of taken.entries()) {
          const y = transformer.read(expert.output, i, hiddenSize);
          const share = shares[row].get(e)!;
          onExpert?.(expert.down, share, y);
          for (let k = 0; k < hiddenSize; k++) sums[row][k] += share * y[k];
        }
      }
    }
    for (const [row, sum] of sums.entries()) transformer.write(to, row, sum);
  };
}

function expertOf<Slot>({ config, transformer, linear }: MixtureParts<Slot>, names: FeedForwardNames): Expert<Slot> {
  const [gate, up, down] = [names.gate, names.up, names.down].map((name) => linear(name).placed);
  const run = transformer.join([
    [gate.run, up.run],
    [transformer.gate(config.activation, gate.Y, up.Y, config.feedForwardSize, down.X)],
    [down.run],
  ]);
  return { down: names.down, inputs: [gate.X, up.X], output: down.Y, run, rows: linear(names.gate).rows };
}

/** The softmax over the best experts of a token, the first of equal ones first. */
function expertShares(x: Float32Array, router: Float32Array, { experts }: ModelConfig): Map<number, number> {
  const { count, perToken } = experts!;
  const scores = Float64Array.from({ length: count }, (_, e) => {
    let sum = 0;
    for (let k = 0; k < x.length; k++) sum += x[k] * router[e * x.length + k];
    return sum;
  });
  const best = [...scores.keys()].sort((a, b) => scores[b] - scores[a] || a - b).slice(0, perToken);
  const powers = best.map((e) => Math.exp(scores[e] - scores[best[0]]));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return new Map(best.map((e, i) => [e, powers[i] / total]));
}
