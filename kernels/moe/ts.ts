import type { MoeWeights } from '../../bench/contract/problem.ts';
import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import { MR, multiplyPanels, multiplyRows, NR } from '../dense/ts.ts';
import { biasRelu, packRelu } from '../mlp/ts.ts';
import { paddedRows } from '../panels.ts';
import { newRouting, route } from './route.ts';
import { fillMoePanels, panelSizes, type Taken, workOf } from './weights.ts';

/**
 * X [M,K] f32, router [experts,K], W1 [experts,hidden,K] and W2 [experts,K,hidden] f32, each kept in panels as dense weights are → Y [M,K]
 * f32. Expert after expert takes its rows together, so that its weights are read once.
 */
export function tsMoe(
  { packed, problem }: KernelContext<'moe', MoeWeights, unknown, undefined>,
  taken: Taken,
): PreparedKernel<'moe'> {
  const { M, K, experts, topK } = problem;
  const sizes = panelSizes(problem, NR);
  const { width, ldY, ldScores } = sizes;
  const panels = {
    router: new Float32Array(sizes.router),
    W1: new Float32Array(experts * sizes.W1),
    b1: new Float32Array(experts * sizes.b1),
    W2: new Float32Array(experts * sizes.W2),
  };
  fillMoePanels(packed, problem, NR, panels);
  const part = (values: Float32Array, e: number, length: number) => values.subarray(e * length, (e + 1) * length);
  const weightsOf = Array.from({ length: experts }, (_, e) => ({
    W1: part(panels.W1, e, sizes.W1),
    b1: part(panels.b1, e, sizes.b1),
    W2: part(panels.W2, e, sizes.W2),
  }));
  const routing = newRouting(M, experts, topK, taken);
  const { choices, ends, shares, perRow } = routing;
  const most = paddedRows(M, MR);
  const X = new Float32Array(M * K);
  const scores = new Float32Array(M * ldScores);
  const own = new Float32Array(most * K);
  const inner = new Float32Array(most * width);
  const innerPanels = new Float32Array(most * width);
  const outer = new Float32Array(most * ldY);
  const Y = new Float32Array(M * K);

  /** The rows of X that `choices` are of, from the one to the other, through an expert, and their shares of it to those of Y. */
  function runExpert({ W1, b1, W2 }: (typeof weightsOf)[number], from: number, to: number): void {
    const isTiled = to - from >= MR;
    const rows = isTiled ? paddedRows(to - from, MR) : to - from;
    for (let i = from; i < to; i++) {
      const x = Math.floor(choices[i] / perRow) * K;
      const r = i - from;
      const at = isTiled ? (r - (r % MR)) * K + (r % MR) : r * K;
      const step = isTiled ? MR : 1;
      for (let k = 0; k < K; k++) own[at + k * step] = X[x + k];
    }
    if (isTiled) {
      multiplyPanels(own, W1, inner, rows, width, K);
      packRelu(inner, b1, rows * width, innerPanels);
      multiplyPanels(innerPanels, W2, outer, rows, ldY, width);
    } else {
      multiplyRows(own, W1, inner, rows, width, K);
      biasRelu(inner, b1, rows * width);
      multiplyRows(inner, W2, outer, rows, ldY, width);
    }
    for (let i = from; i < to; i++) {
      const y = Math.floor(choices[i] / perRow) * K;
      const share = shares[choices[i]];
      const at = (i - from) * ldY;
      for (let k = 0; k < K; k++) Y[y + k] += share * outer[at + k];
    }
  }

  return {
    upload: (activations) => X.set(activations.X),
    run() {
      multiplyRows(X, panels.router, scores, M, ldScores, K);
      route(scores, ldScores, routing);
      Y.fill(0);
      for (let e = 0, from = 0; e < experts; e++) {
        if (ends[e] > from) runExpert(weightsOf[e], from, ends[e]);
        from = ends[e];
      }
    },
    readOutput: () => Y,
    work: () =>
      workOf(
        problem,
        packed,
        [...ends].map((end, e) => end - (e === 0 ? 0 : ends[e - 1])),
      ),
    workspaceBytes: [scores, own, inner, innerPanels, outer, ...Object.values(routing)].reduce(
      (sum, part) => sum + (typeof part === 'number' ? 0 : part.byteLength),
      0,
    ),
    dispose() {},
  };
}
