// Examples in, a logit for each of their classes out, by a small network.
import type { Operation } from '../operation.ts';
import type { ClassifierLayer, ClassifierShape, ClassifyProblem } from '../problem.ts';

/** Of Σ reference², what the squared errors of logits come to at most in f32 arithmetic. */
const MOST_NMSE = 1e-10;
/** Where activations are rounded: a value that f32 and float64 round to different steps is off by a hundredth, and so is what follows. */
const MOST_NMSE_ROUNDED = 1e-4;

export const classify: Operation<'classify'> = {
  baseline: 'dense',
  layerOp: 'matmul',
  identity: ({ M, weights }) => ({ M, weights }),
  /** The examples' rows in another order. */
  freshActivations: ({ inputs, rowStart }) => ({ inputs: inputs.toReversed(), rowStart }),
  outputShape: ({ M, network }) => ({ rows: examplesOf(network, M), columns: network.classes }),
  /** As for whole models, no bound holds for single logits, only for their energy. */
  reference({ network: { classes } }, weights, activations, rows) {
    const logits = weights.logits(activations);
    const values = Float64Array.from({ length: rows.length * classes }, (_, i) => {
      return logits[rows[Math.floor(i / classes)] * classes + (i % classes)];
    });
    const energy = values.reduce((sum, value) => sum + value * value, 0);
    const tolerance = new Float64Array(values.length).fill(Number.POSITIVE_INFINITY);
    return { values, tolerance, errorEnergy: energy * (weights.roundsActivations ? MOST_NMSE_ROUNDED : MOST_NMSE) };
  },
  denseFlops: (problem) => sumOver(problem, (layer) => 2 * rowsOf(layer, problem) * layer.N * layer.K),
  denseBytes: (problem) => problem.network.otherBytes + sumOver(problem, ({ N, K }) => 4 * N * K),
  activationBytes: ({ M, network }) => 4 * (M * network.width + examplesOf(network, M) * network.classes),
};

/** Examples that a call of M rows of input has room for. */
export function examplesOf({ rowsPerExample }: ClassifierShape, M: number): number {
  return Math.ceil(M / rowsPerExample);
}

/** Rows that a layer multiplies in a call. */
export function rowsOf({ each }: ClassifierLayer, { M, network }: Pick<ClassifyProblem, 'M' | 'network'>): number {
  return each === 'row' ? M : examplesOf(network, M);
}

function sumOver({ network }: ClassifyProblem, of: (layer: ClassifierLayer) => number): number {
  return network.layers.reduce((sum, layer) => sum + of(layer), 0);
}
