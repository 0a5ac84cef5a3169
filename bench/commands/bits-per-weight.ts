// Bits that a technique really keeps for each weight, found by packing and counting.
import { operationOf } from '../contract/operations.ts';
import type { LayerOp, Op, Problem, WeightsOf } from '../contract/problem.ts';
import { type Params, paramGrid, type Technique } from '../contract/technique.ts';
import { calibrationFor } from '../inputs/make-calibration.ts';
import { makeInputs } from '../inputs/make-inputs.ts';
import { syntheticAttention, syntheticMatmul, syntheticMlp, syntheticMoe } from '../inputs/model-problems.ts';

/** Of two sizes: what hangs on the size of the matrix is not the format's. Blocks of up to 4096 weights along K are whole. */
const problems: { readonly [O in LayerOp]: readonly [Problem, Problem] } = {
  matmul: [syntheticMatmul(1, 16, 4096), syntheticMatmul(1, 8, 4096)],
  mlp: [syntheticMlp(1, 16, 16, 4096), syntheticMlp(1, 8, 8, 4096)],
  moe: [syntheticMoe(1, 16, 4096, 2, 1), syntheticMoe(1, 8, 4096, 2, 1)],
  attention: [syntheticAttention(1, 1, 256, 64, false), syntheticAttention(1, 1, 128, 64, false)],
};

/** What scales of whole rows or matrices may differ by from one size to the other. */
const TOLERANCE = 0.01;

export interface BitsPerWeight {
  readonly min: number;
  readonly max: number;
}

/**
 * From the least to the most over the technique's axes, with no choice made. Undefined where that is not the format's to say:
 * where it hangs on how many weights are kept, or on the shape; and where the technique can't pack what is drawn here.
 */
export function bitsPerWeight(technique: Technique): BitsPerWeight | undefined {
  const grid = paramGrid(technique.axes);
  if (new Set(grid.map((params) => technique.columns?.(params).sparsity)).size > 1) return undefined;
  const [large, small] = problems[technique.op];
  const found = grid.flatMap((params) => bitsOf(technique, params, large) ?? []);
  const first = bitsOf(technique, grid[0], small);
  if (found.length === 0 || first === undefined || Math.abs(first / found[0] - 1) > TOLERANCE) return undefined;
  return { min: Math.min(...found), max: Math.max(...found) };
}

function bitsOf(technique: Technique, params: Params, problem: Problem): number | undefined {
  if (technique.skip?.(problem, params) !== undefined) return undefined;
  try {
    const packed = technique.pack(
      structuredClone(weightsOf(problem)),
      problem,
      params,
      calibrationFor(technique, params, problem),
    );
    const { values, indices, scales, corrections = 0 } = technique.bytes(packed);
    return (32 * (values + indices + scales + corrections)) / operationOf(problem.op).denseBytes(problem);
  } catch {
    // A run says what is wrong with a technique; a list goes on to the next.
    return undefined;
  }
}

const drawn = new Map<Problem, WeightsOf<Op>>();

function weightsOf(problem: Problem): WeightsOf<Op> {
  const weights = drawn.get(problem) ?? makeInputs(problem).weights;
  drawn.set(problem, weights);
  return weights;
}
