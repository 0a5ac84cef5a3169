// The problems every kernel is tried with: few and small, and between them past the usual ends of tiles and vectors. What
// else a kernel has ends of, its technique names as borders.
import type { Calibration } from '../bench/contract/calibration.ts';
import type {
  ActivationsOf,
  AttentionProblem,
  LayerOp,
  MatmulProblem,
  Op,
  Problem,
  WeightsOf,
} from '../bench/contract/problem.ts';
import type { KernelKind } from '../bench/contract/runtimes/runtimes.ts';
import type { Border, Params, ShapeOf, Technique } from '../bench/contract/technique.ts';
import { type Random, seededRandom } from '../bench/statistics/random.ts';

export interface Trial {
  readonly name: string;
  readonly problem: Problem;
  readonly weights: WeightsOf<Op>;
  readonly activations: ActivationsOf<Op>;
  /** The border it goes past, where it is for one. */
  readonly border?: Border<Op, Params>;
  /** The parameters it is for, where not for all. */
  readonly params?: Border<Op, Params>['params'];
  /** Of the same shape as another, with data that `pack` treats in a way of its own. */
  readonly isOtherData?: true;
}

/** Which trials: all, those without borders, or one a technique. */
export type TrialSet = 'all' | 'common' | 'one';

export function trialsOf({ op, borders }: Technique, kind: KernelKind): readonly Trial[] {
  return [...commonTrials[op], ...(borders?.[kind] ?? []).map((border) => borderTrial(op, border))];
}

/** Few rows and little work: what shares its kernel with another is tried with them. */
export function isBrief({ problem, params, isOtherData }: Trial): boolean {
  if (params !== undefined) return true;
  if (problem.op === 'attention') return problem.seqLen > 1 && problem.M <= 5;
  if (problem.op !== 'matmul' && problem.op !== 'mlp' && problem.op !== 'moe') return false;
  return problem.K > 1 && (problem.M === 1 || problem.M === 3) && !isOtherData;
}

function borderTrial(op: Op, border: Border<Op, Params>): Trial {
  const { shape } = border;
  const name = `border ${Object.entries(shape)
    .map(([size, value]) => `${size}=${value}`)
    .join(' ')}`;
  return { ...smallTrial(op, name, shape), border, params: border.params };
}

function smallTrial(op: Op, name: string, shape: object): Trial {
  if (op === 'matmul') return matmulTrial(name, { ...SMALL, ...shape });
  if (op === 'mlp') return mlpTrial(name, { ...SMALL, hidden: 9, ...shape });
  if (op === 'moe') return moeTrial(name, { M: 3, K: 7, hidden: 9, experts: 3, topK: 2, ...shape });
  return attentionTrial(name, { ...SMALL_ATTENTION, ...shape });
}

const SMALL = { M: 3, N: 5, K: 7 };

/** Where tiles of 48 keys end, and of 96: past half of the keys, so that a first of several parts has none of those after. */
const END_OF_TILE = 192;

const SMALL_ATTENTION = { M: 3, seqLen: 7, heads: 2, headDim: 5, causal: false };

/** Blocks that are transformed are powers of two that divide K. */
const TRANSFORMED: Params = { transform: 'hadamard' };

const commonTrials: { readonly [O in LayerOp]: readonly Trial[] } = {
  matmul: [
    matmulTrial('1×1×1', { M: 1, N: 1, K: 1 }),
    // What lies just below a power of two is rounded up to it, and must not leave the digit it is kept in.
    matmulTrial('M=1, one activation of nearly 8', { M: 1, N: 19, K: 71 }, ({ X }) => X.fill(8 - 2 ** -10, 5, 6)),
    matmulTrial('odd', { M: 3, N: 5, K: 7 }),
    matmulTrial(
      'past a tile along each side, rows of zeros and rows of tiny values',
      { M: 131, N: 67, K: 261 },
      rowsApart,
    ),
    { ...matmulTrial('odd, all zeros', { M: 3, N: 5, K: 7 }, ({ W }) => W.fill(0)), isOtherData: true },
    {
      ...matmulTrial('odd, two rows, equal magnitudes', { M: 2, N: 5, K: 7 }, ({ W }) => W.set(W.map(Math.sign))),
      isOtherData: true,
    },
    { ...matmulTrial('odd, three blocks of 32', { M: 3, N: 5, K: 96 }), params: TRANSFORMED },
    // More than fits the workgroup memory of every GPU.
    { ...matmulTrial('M=1, a block of 8192', { M: 1, N: 5, K: 8192 }), params: TRANSFORMED },
  ],
  mlp: [
    mlpTrial('1×1×1×1', { M: 1, N: 1, K: 1, hidden: 1 }),
    mlpTrial('M=1, odd', { M: 1, N: 19, K: 71, hidden: 37 }),
    mlpTrial('odd', { M: 3, N: 5, K: 7, hidden: 11 }),
    mlpTrial('past a tile along each side, hidden values of zeros', { M: 131, N: 67, K: 43, hidden: 261 }, ({ b1 }) => {
      b1.fill(-100, 3, 200);
    }),
    {
      ...mlpTrial('odd, nothing above zero', { M: 3, N: 5, K: 7, hidden: 9 }, ({ b1 }) => b1.fill(-100)),
      isOtherData: true,
    },
  ],
  moe: [
    moeTrial('1×1×1, one expert', { M: 1, K: 1, hidden: 1, experts: 1, topK: 1 }),
    moeTrial('M=1, odd', { M: 1, K: 19, hidden: 37, experts: 5, topK: 2 }),
    moeTrial('odd', { M: 3, K: 7, hidden: 11, experts: 3, topK: 2 }),
    moeTrial('all experts are taken', { M: 5, K: 8, hidden: 4, experts: 2, topK: 2 }),
    moeTrial('M=1, every third of 70', { M: 1, K: 8, hidden: 12, experts: 70, topK: 23 }),
    moeTrial(
      'past a tile along each side, an expert of all rows and some of none',
      { M: 131, K: 43, hidden: 70, experts: 9, topK: 3 },
      unlikeExperts,
    ),
  ],
  attention: [
    attentionTrial('1×1×1', { M: 1, seqLen: 1, heads: 1, headDim: 1, causal: false }),
    attentionTrial('odd, square, causal', { M: 5, seqLen: 5, heads: 2, headDim: 3, causal: true }),
    // Of the queries that a kernel takes together, the last alone see into the tile from key 288 on.
    attentionTrial('odd, several tiles, causal', { M: 37, seqLen: 302, heads: 4, headDim: 19, causal: true }),
    attentionTrial(
      'one query, heads of unlike scores',
      { M: 1, seqLen: 305, heads: 5, headDim: 21, causal: true },
      unlikeHeads,
    ),
    attentionTrial(
      'several tiles, heads of unlike scores',
      { M: 4, seqLen: 245, heads: 5, headDim: 8, causal: false },
      unlikeHeads,
    ),
  ],
};

type Inputs<O extends Op> = WeightsOf<O> & ActivationsOf<O>;

function matmulTrial(
  name: string,
  shape: ShapeOf<'matmul'>,
  alter?: (inputs: Inputs<'matmul'>, shape: ShapeOf<'matmul'>) => unknown,
): Trial {
  const { M, N, K } = shape;
  const problem: MatmulProblem = { op: 'matmul', ...shape, weights: 'contract', seed: 0 };
  const random = seededRandom(M * 10_007 + N * 101 + K);
  const weights = { W: gaussians(random, N * K) };
  const activations = { X: gaussians(random, M * K) };
  alter?.({ ...weights, ...activations }, shape);
  return { name, problem, weights, activations };
}

function mlpTrial(name: string, shape: ShapeOf<'mlp'>, alter?: (inputs: Inputs<'mlp'>) => unknown): Trial {
  const { M, N, K, hidden } = shape;
  const random = seededRandom(M * 10_007 + N * 101 + K + hidden * 17);
  const weights = {
    W1: gaussians(random, hidden * K),
    b1: gaussians(random, hidden),
    W2: gaussians(random, N * hidden),
  };
  const activations = { X: gaussians(random, M * K) };
  alter?.({ ...weights, ...activations });
  return { name, problem: { op: 'mlp', ...shape, weights: 'contract', seed: 0 }, weights, activations };
}

function moeTrial(
  name: string,
  shape: ShapeOf<'moe'>,
  alter?: (inputs: Inputs<'moe'>, shape: ShapeOf<'moe'>) => unknown,
): Trial {
  const { M, K, hidden, experts } = shape;
  const random = seededRandom(M * 10_007 + experts * 101 + K + hidden * 17);
  const weights = {
    router: gaussians(random, experts * K),
    W1: gaussians(random, experts * hidden * K),
    b1: gaussians(random, experts * hidden),
    W2: gaussians(random, experts * K * hidden),
  };
  const activations = { X: gaussians(random, M * K) };
  alter?.({ ...weights, ...activations }, shape);
  return { name, problem: { op: 'moe', ...shape, weights: 'contract', seed: 0 }, weights, activations };
}

/** All rows have a first value by which the first expert is among their best, and the last two are not; of the opposite rows they are. */
function unlikeExperts({ router, X }: Inputs<'moe'>, { M, K, experts }: ShapeOf<'moe'>): void {
  for (let m = 0; m < M; m++) X[m * K] = 1;
  for (const [e, score] of [
    [0, 40],
    [experts - 2, -80],
    [experts - 1, -80],
  ])
    router[e * K] = score;
}

/** A row of zeros in W and in X, and rows of W whose scales are less than the smallest normal f16 and less than the smallest. */
function rowsApart({ W, X }: Inputs<'matmul'>, { K }: ShapeOf<'matmul'>): void {
  W.fill(0, K, 2 * K);
  X.fill(0, 2 * K, 3 * K);
  for (let k = 0; k < K; k++) {
    W[3 * K + k] *= 1e-6;
    W[4 * K + k] *= 1e-9;
  }
}

function attentionTrial(
  name: string,
  shape: ShapeOf<'attention'>,
  alter?: (inputs: Inputs<'attention'>, shape: ShapeOf<'attention'>) => unknown,
): Trial {
  const problem: AttentionProblem = { op: 'attention', ...shape, weights: 'contract', seed: 0 };
  const { heads, M, seqLen, headDim } = shape;
  const random = seededRandom(M * 10_007 + seqLen * 101 + headDim);
  const [K, V] = [0, 1].map(() => gaussians(random, heads * seqLen * headDim));
  const weights = { K, V };
  const activations = { Q: gaussians(random, heads * M * headDim) };
  alter?.({ ...weights, ...activations }, shape);
  return { name, problem, weights, activations };
}

/**
 * Of five heads the first stays as it is and the second has keys of zeros. The third has scores in the hundreds, which overflow
 * exp unless the maximum is taken off first. In the fourth scores rise by 60 at the end of a tile, and values are as much smaller
 * from there on, so that a sum must be rescaled by e⁻⁶⁰ and not be lost; in the fifth they rise by more than the range of f32.
 * Larger values before it would be too large for f16 scales.
 */
function unlikeHeads({ Q, K, V }: Inputs<'attention'>, { M, seqLen, headDim }: ShapeOf<'attention'>): void {
  const [second, third, fourth, fifth] = [1, 2, 3, 4].map((head) => head * seqLen * headDim);
  K.fill(0, second, third);
  for (let i = third; i < fourth; i++) K[i] *= 100;
  for (let i = fourth + END_OF_TILE * headDim; i < fifth; i++) V[i] *= Math.exp(-60);
  for (let i = 3 * M * headDim; i < 5 * M * headDim; i += headDim) Q[i] = Math.sqrt(headDim);
  for (let j = 0; j < seqLen; j++) {
    K[fourth + j * headDim] = j < END_OF_TILE ? 0 : 60;
    K[fifth + j * headDim] = j < END_OF_TILE ? 0 : 100;
  }
}

/** Rows of calibration beyond the columns of W, so that they tell all columns apart; and how many at most, to save time. */
const MORE_ROWS = 5;
const MOST_ROWS = 300;

/** Activations like the trial's, others than those. */
export function calibrationOf({ problem }: Trial): Calibration {
  if (problem.op !== 'matmul' && problem.op !== 'mlp')
    throw new Error(`calibration: must be for products, got ${problem.op}`);
  const { M, N, K } = problem;
  const rows = Math.min(K + MORE_ROWS, MOST_ROWS);
  return { X: gaussians(seededRandom(M * 10_007 + N * 101 + K, 1), rows * K), rows };
}

function gaussians(random: Random, length: number): Float32Array {
  return Float32Array.from({ length }, () => random.gaussian());
}
