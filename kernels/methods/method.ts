// A method chooses which stored values stand for the weights, for any grid format alike.
import type { Calibration } from '../../bench/contract/calibration.ts';
import type { Params } from '../../bench/contract/technique.ts';
import type { Grid } from '../grid/grid.ts';
import type { GridChoice, MatmulShape } from '../grid/layout.ts';

export interface GridMethod {
  readonly summary: string;
  readonly source: string;
  readonly needsCalibration: boolean;
  /** Why it can't choose for such a grid, if so. */
  skip?(grid: Grid, params: Params): string | undefined;
  /** W [N,K] is left as it is. */
  choose(W: Float32Array, shape: MatmulShape, grid: Grid, context: MethodContext): MethodResult;
}

export interface MethodContext {
  readonly calibration?: Calibration;
  /** For GPTQ: the columns whose activations are largest go first. */
  readonly actOrder?: boolean;
}

export interface MethodResult {
  readonly choice: GridChoice;
  /** [K]: what the weights were multiplied by before they were rounded, so that activations must be divided by it. */
  readonly channels?: Float32Array;
}

export function calibrationOf(method: string, { calibration }: MethodContext): Calibration {
  if (calibration === undefined) throw new Error(`${method}: needs calibration activations, got none`);
  return calibration;
}
