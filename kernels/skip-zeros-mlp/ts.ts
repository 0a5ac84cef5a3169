import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import { MR as LANES, multiplyPanels as multiplySparse } from '../csr/ts.ts';
import { MR, multiplyPanels, multiplyRows, NR } from '../dense/ts.ts';
import { fillPanels, paddedRows } from '../panels.ts';
import { MASK_STRIDE, type SkippingWeights } from './pack.ts';
import { workOf } from './work.ts';

/** X [M,K] f32, W1 [hidden,K] in panels as dense weights are, W2 [N,hidden] as [N/8][hidden][8] → Y [M,N] f32. */
export function tsSkipZeros({
  packed,
  problem,
}: KernelContext<'mlp', SkippingWeights, unknown, undefined>): PreparedKernel<'mlp'> {
  const { M, N, K, hidden } = problem;
  const width = paddedRows(hidden, NR);
  const isTiled = M >= MR;
  const rows = isTiled ? paddedRows(M, MR) : M;
  const W1 = new Float32Array(width * K);
  fillPanels(packed.W1, hidden, K, NR, W1);
  const W2 = new Float64Array(paddedRows(N, LANES) * hidden);
  fillPanels(packed.W2, N, hidden, LANES, W2);
  const X = new Float32Array(M * K);
  const panels = isTiled ? new Float32Array(rows * K) : X;
  const inner = new Float32Array(rows * width);
  const kept = {
    values: new Float32Array(M * hidden),
    colIdx: new Uint16Array(M * hidden),
    rowPtr: new Uint32Array(M + 1),
  };
  // The sparse product has the weights' side as its rows: its output is Y transposed.
  const turned = new Float32Array(paddedRows(N, LANES) * M);
  const Y = new Float32Array(M * N);
  return {
    upload: (activations) => X.set(activations.X),
    run() {
      if (isTiled) {
        fillPanels(X, M, K, MR, panels);
        multiplyPanels(panels, W1, inner, rows, width, K);
      } else multiplyRows(X, W1, inner, M, width, K);
      keepHidden(inner, width, packed, kept);
      multiplySparse(W2, kept, turned, N, M, hidden);
      for (let n = 0; n < N; n++) for (let m = 0; m < M; m++) Y[m * N + n] = turned[n * M + m];
    },
    readOutput: () => Y,
    work: () => workOf(problem, packed, (m) => kept.colIdx.subarray(kept.rowPtr[m], kept.rowPtr[m + 1])),
    workspaceBytes:
      (isTiled ? panels.byteLength : 0) +
      inner.byteLength +
      kept.values.byteLength +
      kept.colIdx.byteLength +
      kept.rowPtr.byteLength +
      turned.byteLength +
      W2.byteLength -
      packed.W2.byteLength,
    dispose() {},
  };
}

/** Rows of the first product → of relu(hidden + bias) what is kept, as the rows of a sparse matrix. */
function keepHidden(
  inner: Float32Array,
  width: number,
  { b1, threshold: [threshold], mask }: SkippingWeights,
  { values, colIdx, rowPtr }: { values: Float32Array; colIdx: Uint16Array; rowPtr: Uint32Array },
): void {
  const hidden = b1.length;
  let at = 0;
  for (let m = 0; m + 1 < rowPtr.length; m++) {
    let turn = (m * MASK_STRIDE) % hidden;
    for (let h = 0; h < hidden; h++) {
      const value = Math.max(0, inner[m * width + h] + b1[h]);
      if (mask === undefined ? value > threshold : mask[turn] === 1) {
        values[at] = value;
        colIdx[at++] = h;
      }
      turn = turn + 1 === hidden ? 0 : turn + 1;
    }
    rowPtr[m + 1] = at;
  }
}
