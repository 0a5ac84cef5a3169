import type { MatmulProblem } from '../../bench/contract/problem.ts';
import type { PreparedKernel } from '../../bench/contract/technique.ts';
import type { LowRank } from '../corrections/low-rank.ts';
import type { ActivationRounding } from './choices.ts';
import type { Grid } from './grid.ts';
import type { GridWeights } from './layout.ts';

/** What a grid kernel is told beside the packed weights. */
export interface GridContext<Runtime> {
  readonly packed: GridWeights;
  readonly grid: Grid;
  readonly problem: MatmulProblem;
  readonly activations: ActivationRounding;
  /** Values along K that are transformed together before all else, by Hadamard's matrix; undefined where none are. */
  readonly hadamard: number | undefined;
  /** What is added to the product at last: (X·downᵀ)·upᵀ, of X as the weights meet it. */
  readonly correction: LowRank | undefined;
  readonly runtime: Runtime;
}

export type PrepareGrid<Runtime> = (
  context: GridContext<Runtime>,
) => PreparedKernel<'matmul'> | Promise<PreparedKernel<'matmul'>>;
