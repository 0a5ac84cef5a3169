import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import { MR, multiplyPanels, multiplyRows, NR, trimRows } from '../dense/ts.ts';
import { fillPanels, paddedRows } from '../panels.ts';
import { type DenseMlpWeights, fillMlpPanels } from './weights.ts';

type Context = KernelContext<'mlp', DenseMlpWeights, unknown, undefined>;

/** Product, bias and ReLU, product: three passes, each over all of what the one before left in memory. */
export function tsSeparateMlp(context: Context): PreparedKernel<'mlp'> {
  return tsMlp(context, context.problem.M, (hidden, bias, panels) => {
    biasRelu(hidden, bias, hidden.length);
    if (panels !== hidden) fillPanels(hidden, hidden.length / bias.length, bias.length, MR, panels);
  });
}

/** Rows of X that are taken together, so that their hidden values are still in a cache when the second product reads them. */
const FUSED_ROWS = 8 * MR;

/** Bias and ReLU are done as the hidden values of some rows are put in the order that the second product reads them in. */
export function tsFusedMlp(context: Context): PreparedKernel<'mlp'> {
  return tsMlp(context, Math.min(context.problem.M, FUSED_ROWS), (hidden, bias, panels) => {
    if (panels === hidden) biasRelu(hidden, bias, hidden.length);
    else packRelu(hidden, bias, hidden.length, panels);
  });
}

/**
 * X [M,K] f32, W1 [hidden,K], W2 [N,hidden] f32, both kept in panels as dense weights are → Y [M,N] f32. `between` puts relu(hidden +
 * bias) of `together` rows in panels, which are the same array where there are too few rows for some.
 */
function tsMlp(
  { packed, problem }: Context,
  together: number,
  between: (hidden: Float32Array, bias: Float32Array, panels: Float32Array) => void,
): PreparedKernel<'mlp'> {
  const { M, N, K } = problem;
  const [width, ldY] = [paddedRows(problem.hidden, NR), paddedRows(N, NR)];
  const W1 = new Float32Array(width * K);
  const b1 = new Float32Array(width);
  const W2 = new Float32Array(ldY * width);
  fillMlpPanels(packed, problem, NR, { W1, b1, W2 });
  const isTiled = M >= MR;
  const rows = isTiled ? paddedRows(M, MR) : M;
  const some = isTiled ? paddedRows(together, MR) : M;
  const X = new Float32Array(M * K);
  const panelsOfX = isTiled ? new Float32Array(rows * K) : X;
  const hidden = new Float32Array(some * width);
  const panels = isTiled ? new Float32Array(some * width) : hidden;
  const padded = new Float32Array(rows * ldY);
  const Y = new Float32Array(M * N);
  const multiply = isTiled ? multiplyPanels : multiplyRows;
  const blocks = Array.from({ length: Math.ceil(rows / some) }, (_, i) => {
    const [from, to] = [i * some, Math.min(rows, (i + 1) * some)];
    const own = hidden.subarray(0, (to - from) * width);
    return {
      rows: to - from,
      X: panelsOfX.subarray(from * K, to * K),
      hidden: own,
      panels: isTiled ? panels.subarray(0, (to - from) * width) : own,
      Y: padded.subarray(from * ldY, to * ldY),
    };
  });
  return {
    upload: (activations) => X.set(activations.X),
    run() {
      if (isTiled) fillPanels(X, M, K, MR, panelsOfX);
      for (const block of blocks) {
        multiply(block.X, W1, block.hidden, block.rows, width, K);
        between(block.hidden, b1, block.panels);
        multiply(block.panels, W2, block.Y, block.rows, ldY, width);
      }
      trimRows(padded, ldY, Y, M, N);
    },
    readOutput: () => Y,
    workspaceBytes: hidden.byteLength + (isTiled ? panelsOfX.byteLength + panels.byteLength : 0) + padded.byteLength,
    dispose() {},
  };
}

/** Of hidden [rows, width] so many values → relu(hidden + bias) in place. */
export function biasRelu(hidden: Float32Array, bias: Float32Array, length: number): void {
  for (let at = 0; at < length; at += bias.length) {
    for (let h = 0; h < bias.length; h++) hidden[at + h] = Math.max(0, hidden[at + h] + bias[h]);
  }
}

/** Of hidden [rows, width] so many values → relu(hidden + bias) [rows/MR][width][MR]. */
export function packRelu(hidden: Float32Array, bias: Float32Array, length: number, panels: Float32Array): void {
  const width = bias.length;
  for (let from = 0; from < length; from += MR * width) {
    for (let r = 0; r < MR; r++) {
      let at = from + r;
      for (let h = from + r * width, k = 0; k < width; h++, k++) {
        panels[at] = Math.max(0, hidden[h] + bias[k]);
        at += MR;
      }
    }
  }
}
