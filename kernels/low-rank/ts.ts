import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import type { LowRank } from '../corrections/low-rank.ts';
import { MR, multiplyPanels, multiplyRows, NR, trimRows } from '../dense/ts.ts';
import { fillPanels, paddedRows, widenedRows } from '../panels.ts';

/** X [M,K] f32, down [rank,K], up [N,rank] f32, both kept in panels as dense weights are → Y [M,N] f32. */
export function tsLowRank({
  packed,
  problem: { M, N, K },
}: KernelContext<'matmul', LowRank, unknown, undefined>): PreparedKernel<'matmul'> {
  const rank = packed.down.length / K;
  const width = paddedRows(rank, NR);
  const ldY = paddedRows(N, NR);
  const down = new Float32Array(width * K);
  fillPanels(packed.down, rank, K, NR, down);
  const up = new Float32Array(ldY * width);
  fillPanels(widenedRows(packed.up, N, rank, width), N, width, NR, up);
  const X = new Float32Array(M * K);
  const mr = M < MR ? 1 : MR;
  const rows = paddedRows(M, mr);
  const panels = new Float32Array(mr === 1 ? 0 : rows * Math.max(K, width));
  const thin = new Float32Array(rows * width);
  const padded = new Float32Array(rows * ldY);
  const Y = new Float32Array(M * N);
  const multiply = (A: Float32Array, W: Float32Array, into: Float32Array, ld: number, inner: number) => {
    if (mr === 1) {
      multiplyRows(A, W, into, M, ld, inner);
    } else {
      fillPanels(A, M, inner, MR, panels);
      multiplyPanels(panels, W, into, M, ld, inner);
    }
  };
  return {
    upload: (activations) => X.set(activations.X),
    run() {
      multiply(X, down, thin, width, K);
      multiply(thin, up, padded, ldY, width);
      trimRows(padded, ldY, Y, M, N);
    },
    readOutput: () => Y,
    workspaceBytes: panels.byteLength + thin.byteLength + padded.byteLength,
    dispose() {},
  };
}
