// How techniques store a matrix in a GGUF file.
import type { Calibration } from '../../contract/calibration.ts';
import { DEFAULT_SEED } from '../../contract/case.ts';
import type { Params, Technique } from '../../contract/technique.ts';
import type { MatrixFormat, ModelMatrix } from './write-model.ts';

export type GgufTechnique = Technique & Required<Pick<Technique, 'gguf'>>;

export function isOfGguf(technique: Technique): technique is GgufTechnique {
  return technique.gguf !== undefined;
}

/** Why the technique can't store such a matrix, if so. */
export function whyNotStored(technique: GgufTechnique, matrix: ModelMatrix, params: Params = {}): string | undefined {
  return technique.skip?.(problemOf(matrix), params);
}

/** The packed weights as the file has them; `calibration` is for methods that look at activations. */
export function matrixFormat(
  technique: GgufTechnique,
  matrix: ModelMatrix,
  params: Params = {},
  calibration?: Calibration,
): MatrixFormat {
  const problem = problemOf(matrix);
  const { gguf } = technique;
  return {
    type: gguf.type,
    encode: (W) => gguf.encode(technique.pack({ W }, problem, params, calibration), problem, params),
  };
}

function problemOf({ name, N, K }: ModelMatrix) {
  return { op: 'matmul', M: 1, N, K, weights: name, seed: DEFAULT_SEED } as const;
}
