// Y[M,K] = Σ share · mlp(X[M,K]) over the experts that a router scores highest for each row, as Mixtral has them: Jiang et al.,
// arXiv 2401.04088, §2.1
import { F32_ROUNDOFF, F32_SMALLEST, type Operation } from '../operation.ts';
import type { MoeProblem, MoeWeights } from '../problem.ts';
import { addOutputRow, hiddenRow } from './mlp.ts';

/** Of the final store and a scale. */
const FIXED_ROUNDINGS = 8;
/** Roundings of a share: WGSL lets e^x be off by 3 + 2|x| units in the last place, each two roundings, and a quotient by 2.5. */
const SHARE_ROUNDINGS = { fixed: 16, perExponent: 4 };

export const moe: Operation<'moe'> = {
  baseline: 'all-experts-moe',
  layerOp: 'moe',
  identity: ({ M, K, hidden, experts, topK, weights }) => ({ M, K, hidden, experts, topK, weights }),
  freshActivations: ({ X }) => ({ X: X.toReversed().map((x) => -x) }),
  outputShape: ({ M, K }) => ({ rows: M, columns: K }),
  reference(problem, weights, { X }, rows) {
    const { K } = problem;
    const values = new Float64Array(rows.length * K);
    const tolerance = new Float64Array(rows.length * K);
    let errorEnergy = 0;
    for (let r = 0; r < rows.length; r++) {
      const x = X.subarray(rows[r] * K, (rows[r] + 1) * K);
      errorEnergy += addMixture(problem, weights, x, values.subarray(r * K), tolerance.subarray(r * K));
    }
    return { values, tolerance, errorEnergy };
  },
  /** Of all experts on all rows. */
  denseFlops: ({ M, K, hidden, experts }) => 2 * M * experts * K * (1 + 2 * hidden),
  denseBytes: ({ K, hidden, experts }) => 4 * experts * (K + hidden * (2 * K + 1)),
  activationBytes: ({ M, K }) => 8 * M * K,
};

/** The weights of one expert. */
export function expertOf({ W1, b1, W2 }: MoeWeights, { hidden, K }: Pick<MoeProblem, 'hidden' | 'K'>, expert: number) {
  const part = (values: Float32Array, length: number) => values.subarray(expert * length, (expert + 1) * length);
  return { W1: part(W1, hidden * K), b1: part(b1, hidden), W2: part(W2, K * hidden) };
}

/** As f32 may have it: off by `most` at most, and by `random` where roundings fall up and down at random. */
interface Score {
  readonly value: number;
  readonly most: number;
  readonly random: number;
}

/** Adds a row of the output to `values` [K], what it may be off by to `tolerance`, and returns how large the squares of errors may be. */
function addMixture(
  problem: MoeProblem,
  weights: MoeWeights,
  x: Float32Array,
  values: Float64Array,
  tolerance: Float64Array,
): number {
  const { K, hidden, topK } = problem;
  const scores = scoresOf(problem, weights.router, x);
  const order = [...scores.keys()].sort((a, b) => scores[b].value - scores[a].value || a - b);
  const chosen = order.slice(0, topK);
  const first = scores[order[0]].value;
  const total = chosen.reduce((sum, e) => sum + Math.exp(scores[e].value - first), 0);
  const shareOf = (e: number) => Math.exp(scores[e].value - first) / total;
  const unsure = unsureOf(scores, order, topK);
  const roundings =
    SHARE_ROUNDINGS.fixed + SHARE_ROUNDINGS.perExponent * (first - scores[chosen[topK - 1]].value) + topK;
  const near = [...new Set([...chosen, ...unsure])].map((e) => scores[e]);
  // A share is off by what its own score and those that it is divided by are off by, twice where another expert takes a place.
  const offBy = (errors: readonly number[]) => Math.expm1(4 * Math.max(...errors)) + roundings * F32_ROUNDOFF;
  const [most, random] = [offBy(near.map((score) => score.most)), offBy(near.map((score) => score.random))];
  let norm = 0;
  for (const e of new Set([...chosen, ...unsure])) {
    const share = chosen.includes(e) ? shareOf(e) : 0;
    const own = { values: new Float64Array(K), tolerance: new Float64Array(K) };
    const expert = expertOf(weights, problem, e);
    const energy = addOutputRow({ N: K, hidden }, expert, hiddenRow(problem, expert, x, 0), own.values, own.tolerance);
    // In the place of another whose score may be as high, or left out for it.
    const exchanged = unsure.includes(e) ? shareOf(e) * (1 + most) : 0;
    let squares = 0;
    for (let k = 0; k < K; k++) {
      const size = Math.abs(own.values[k]);
      squares += size * size;
      values[k] += share * own.values[k];
      tolerance[k] += share * (1 + most) * own.tolerance[k] + (share * most + exchanged) * size + F32_SMALLEST;
    }
    norm += share * Math.sqrt(energy) + (share * random + exchanged) * Math.sqrt(squares);
  }
  return (norm + K * F32_SMALLEST) ** 2;
}

/** As for one product (see matmul.ts). */
function scoresOf({ K, experts }: MoeProblem, router: Float32Array, x: Float32Array): Score[] {
  return Array.from({ length: experts }, (_, e) => {
    let value = 0;
    let magnitude = 0;
    for (let k = 0; k < K; k++) {
      const product = x[k] * router[e * K + k];
      value += product;
      magnitude += Math.abs(product);
    }
    const off = (roundings: number) => roundings * F32_ROUNDOFF * magnitude + F32_SMALLEST * (K + FIXED_ROUNDINGS);
    return { value, most: off(K + FIXED_ROUNDINGS), random: off(Math.sqrt(K) + FIXED_ROUNDINGS) };
  });
}

/** Experts of which f32 can't tell whether they are among the best: the last of those and others whose scores are as near. */
function unsureOf(scores: readonly Score[], order: readonly number[], topK: number): number[] {
  const [chosen, others] = [order.slice(0, topK), order.slice(topK)];
  const least = Math.min(...chosen.map((e) => scores[e].value - scores[e].most));
  const greatest = Math.max(...others.map((e) => scores[e].value + scores[e].most));
  if (greatest < least) return [];
  const isIn = (e: number) => scores[e].value - scores[e].most <= greatest;
  const isOut = (e: number) => scores[e].value + scores[e].most >= least;
  return [...chosen.filter(isIn), ...others.filter(isOut)];
}
