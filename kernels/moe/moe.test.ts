import { expect, test } from 'vitest';
import { openGpu } from '../../bench/backends/gpujs.ts';
import { openWasm } from '../../bench/backends/wasm.ts';
import { moe } from '../../bench/contract/operations/moe.ts';
import type { MoeProblem, MoeWeights, Op } from '../../bench/contract/problem.ts';
import type { PreparedKernel, Technique } from '../../bench/contract/technique.ts';
import { moeInputs } from '../../bench/inputs/make-inputs.ts';
import allExperts from '../all-experts-moe/technique.ts';
import routed from '../routed-moe/technique.ts';

const problem: MoeProblem = {
  op: 'moe',
  M: 5,
  K: 12,
  hidden: 8,
  experts: 6,
  topK: 2,
  weights: 'synthetic',
  seed: 3,
};
const { weights, activations } = moeInputs(problem);
const runtimes = { ts: undefined, wasm: await openWasm(128, 1), gpujs: await openGpu('cpu') };
type Kind = keyof typeof runtimes;

async function ran(technique: Technique, kind: Kind, own: MoeWeights, X: Float32Array): Promise<PreparedKernel<Op>> {
  const packed = technique.pack(own, problem, {});
  const kernel = await technique.kernels[kind]!({ packed, problem, params: {}, runtime: runtimes[kind] });
  await kernel.upload({ X });
  await kernel.run();
  return kernel;
}

/** Rows of which all score the first two experts highest, and equally many rows that score the last two highest. */
const towards = (experts: readonly number[]): MoeWeights => {
  const router = new Float32Array(problem.experts * problem.K);
  for (const e of experts) router[e * problem.K] = 1;
  return { ...weights, router };
};
const X = activations.X.map((x, i) => (i % problem.K === 0 ? 1 : x));

test.each<Kind>(['ts', 'wasm', 'gpujs'])('%s: of experts with equal scores the first are taken', async (kind) => {
  // Two of three whose scores are the same, bit for bit.
  const tied = towards([1, 3, 4]);
  const untied = towards([1, 3]);
  const expected = moe.reference(problem, untied, { X }, [0, 1, 2, 3, 4]).values;
  const output = await (await ran(routed, kind, tied, X)).readOutput();
  for (const [i, value] of expected.entries()) expect(output[i]).toBeCloseTo(value, 4);
});

test.each<Kind>(['ts', 'wasm', 'gpujs'])('%s: what no row chose costs neither work nor bytes', async (kind) => {
  const { M, K, hidden, experts, topK } = problem;
  const ofRouter = 2 * M * experts * K;
  const kernel = await ran(routed, kind, towards([1, 3]), X);
  expect(kernel.work?.().flops).toBe(ofRouter + 4 * M * topK * hidden * K);
  const perExpert = 4 * hidden * (2 * K + 1);
  expect(kernel.work?.().weightBytes).toBeCloseTo(4 * experts * K + 2 * perExpert, 6);
  const all = await ran(allExperts, kind, towards([1, 3]), X);
  expect(all.work?.()).toEqual({ flops: moe.denseFlops(problem), weightBytes: moe.denseBytes(problem) });
});

test('experts that a row did not choose change nothing where all are computed', async () => {
  const others = towards([1, 3]);
  const spoiled = {
    ...others,
    W2: others.W2.map((w, i) => (Math.floor(i / (problem.K * problem.hidden)) === 5 ? -w : w)),
  };
  const outputs = await Promise.all(
    [others, spoiled].map(async (own) => (await ran(allExperts, 'ts', own, X)).readOutput()),
  );
  expect(outputs[0]).toEqual(outputs[1]);
});
