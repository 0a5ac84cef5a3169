import { describe, expect, test } from 'vitest';
import dense from '../../kernels/dense/technique.ts';
import type { MatmulActivations, Op } from '../contract/problem.ts';
import type { PreparedKernel, Technique } from '../contract/technique.ts';
import { faultyDense } from '../fixtures/faulty-dense.ts';
import { weighCase } from './weigh-case.ts';

const [M, N, K] = [3, 5, 4];
const entry = {
  id: 'c',
  suite: 's',
  technique: 'dense',
  params: {},
  backend: 'ts',
  problem: { op: 'matmul' as const, M, N, K, weights: 'synthetic', seed: 1 },
  baselineId: 'b',
};
const inputs = {
  weights: { W: Float32Array.from({ length: N * K }, (_, i) => Math.sin(i + 1)) },
  activations: { X: Float32Array.from({ length: M * K }, (_, i) => Math.cos(i + 1)) },
};
const place = { kind: 'ts' as const, device: 'cpu' as const, runtime: undefined };
const budget = { warmupMs: 1, measureMs: 6, rounds: 6 };

/** The case with a fault in the candidate or its baseline; counts kernels that were made and not disposed of. */
async function weigh(
  plantCandidate: (kernel: PreparedKernel<Op>) => Partial<PreparedKernel<Op>>,
  plantBaseline: typeof plantCandidate = () => ({}),
  change: Partial<Technique> = {},
) {
  let alive = 0;
  const counted = (plant: typeof plantCandidate) =>
    faultyDense((kernel) => {
      alive++;
      return { ...plant(kernel), dispose: () => void alive-- };
    });
  const technique = { ...counted(plantCandidate), ...change };
  const weighing = { case: entry, technique, dense: counted(plantBaseline), inputs, budget, place };
  const result = await weighCase(weighing).catch((error: Error) => error.message);
  return { result, alive };
}

const throwing = (): never => {
  throw new Error('planted');
};
/** The output with another last value from the given reading on, counted from 0. */
const offFrom =
  (first: number, change = (value: number) => value + 1) =>
  (kernel: PreparedKernel<Op>) => {
    let readings = 0;
    return {
      async readOutput() {
        const output = (await kernel.readOutput()).slice();
        if (readings++ >= first) output[output.length - 1] = change(output[output.length - 1]);
        return output;
      },
    };
  };

test('a case comes to its figures', async () => {
  const { result, alive } = await weigh(() => ({ variant: 'v', arithmetic: 'int8', workspaceBytes: 12 }));
  expect(result).toMatchObject({
    status: expect.stringMatching(/ok|noisy/),
    variant: 'v',
    arithmetic: 'int8',
    workspaceBytes: 12,
    storedBytes: { values: 4 * N * K, indices: 0, scales: 0 },
    flops: 2 * M * N * K,
    drift: { nonfinite: 0 },
    driftBudgetDb: 110,
    driftOk: true,
  });
  expect(alive).toBe(0);
});

test('where the processor tells what it takes, a call has its own part of that and none of the baseline’s', async () => {
  let joules = 0;
  const taking = (each: number) =>
    faultyDense((kernel) => ({
      run() {
        joules += each;
        return kernel.run();
      },
    }));
  const energy = { counter: { packages: 1, readJoules: () => joules }, idleW: 0 };
  const [technique, baseline] = [taking(0.001), taking(0.5)];
  const weighing = { case: entry, technique, dense: baseline, inputs, budget, place: { ...place, energy } };
  expect((await weighCase(weighing)).energyJ).toBeCloseTo(0.001, 9);
  expect(await weighCase({ ...weighing, place })).toMatchObject({ energyJ: undefined });
});

test('a row says what a method looked at and what it left to the layer before, where there is any', async () => {
  const calibration = { X: new Float32Array(2 * K), rows: 2 };
  const technique = { ...dense, folded: () => 'divides its outputs' };
  const looked = await weighCase({ case: entry, technique, dense, inputs: { ...inputs, calibration }, budget, place });
  expect(looked).toMatchObject({ calibrationRows: 2, folded: 'divides its outputs' });
  const blind = await weighCase({ case: entry, technique: dense, dense, inputs, budget, place });
  expect([blind.calibrationRows, blind.folded]).toEqual([undefined, undefined]);
});

test('a technique that keeps less than it promises is over its budget; of the user’s own file nothing is promised', async () => {
  const demanding = { minSqnrDb: () => 300 };
  expect((await weigh(() => ({}), undefined, demanding)).result).toMatchObject({ driftBudgetDb: 300, driftOk: false });
  const problem = { ...entry.problem, file: { path: 'w', values: { dtype: 'F32', byteOffset: 0, byteLength: 80 } } };
  const technique = { ...dense, ...demanding };
  const weighed = await weighCase({ case: { ...entry, problem }, technique, dense, inputs, budget, place });
  expect([weighed.driftBudgetDb, weighed.driftOk]).toEqual([undefined, undefined]);
});

test('on a GPU transfers and its own clock are told, and nothing of the processor is asked', async () => {
  let asked = 0;
  const preemptions = () => asked++;
  const canary = { loadsNs: () => asked++, cycleNs: () => 1 };
  const clocked = faultyDense(() => ({ deviceSpan: async (calls) => ({ begin: 0n, end: BigInt(20_000 * calls) }) }));
  const weighing = { case: entry, technique: clocked, dense: clocked, inputs, budget };
  const onGpu = await weighCase({ ...weighing, place: { ...place, device: 'gpu', preemptions, canary } });
  expect(asked).toBe(0);
  expect(onGpu).toMatchObject({
    core: undefined,
    deviceTime: { ns: 20_000, speedup: 1 },
    transfers: { uploadNs: expect.any(Number), readbackNs: expect.any(Number) },
  });
  const onCpu = await weighCase({ ...weighing, place: { ...place, preemptions, canary } });
  expect(asked).toBeGreaterThan(0);
  expect(onCpu.core?.state).toMatch(/free|shared|mixed/);
  expect(onCpu.transfers).toBeUndefined();
});

test('drift is told of the user’s own file, too', async () => {
  const file = { path: 'w', values: { dtype: 'F32', byteOffset: 0, byteLength: 80 } };
  const weighed = await weighCase({
    case: { ...entry, problem: { ...entry.problem, file } },
    technique: dense,
    dense,
    inputs,
    budget,
    place,
  });
  expect(weighed.drift?.sqnr_db).toBeGreaterThan(100);
});

describe('a kernel is found out', () => {
  const byOneUlp = (value: number) => value * (1 + 2 ** -23);
  test.each([
    ['that is wrong', offFrom(0), undefined, /^output\[14\]: must be/],
    ['whose baseline is wrong', () => ({}), offFrom(0), /^baseline output\[14\]: must be/],
    ['that is wrong after a while', offFrom(1), undefined, /^after timing, output\[14\]: must be/],
    [
      'that does not repeat to the bit',
      offFrom(1, byOneUlp),
      undefined,
      /^after timing, output: must repeat, got other values$/,
    ],
    ['whose baseline is wrong after a while', () => ({}), offFrom(1), /^baseline after timing, output\[14\]/],
    ['that goes wrong on other activations', offFrom(2), undefined, /^with fresh activations, output\[14\]: must be/],
    [
      'that stopped computing',
      (kernel: PreparedKernel<Op>) => {
        let uploads = 0;
        return { upload: (activations: never) => (uploads++ === 0 ? kernel.upload(activations) : undefined) };
      },
      undefined,
      /^with fresh activations, output\[0\]: must be/,
    ],
  ])('%s', async (_, candidate, baseline, reason) => {
    const { result, alive } = await weigh(candidate, baseline);
    expect(result).toEqual({ status: 'incorrect', reason: expect.stringMatching(reason) });
    expect(alive).toBe(0);
  });
});

describe('kernels are disposed of', () => {
  test.each([
    ['the candidate’s upload', () => ({ upload: throwing }), undefined],
    ['the baseline’s upload', () => ({}), () => ({ upload: throwing })],
    ['a run', () => ({ run: throwing }), undefined],
    ['reading the output', () => ({}), () => ({ readOutput: throwing })],
  ])('where %s throws', async (_, candidate, baseline) => {
    expect(await weigh(candidate, baseline)).toEqual({ result: 'planted', alive: 0 });
  });

  test('where the technique itself throws', async () => {
    expect(await weigh(() => ({}), undefined, { flops: throwing })).toEqual({ result: 'planted', alive: 0 });
    expect(await weigh(() => ({}), undefined, { unpack: throwing })).toEqual({ result: 'planted', alive: 0 });
  });
});

test('what a call did is what it did on the activations that were timed, not on those of the check after', async () => {
  const { result } = await weigh((kernel) => {
    let first = 0;
    return {
      upload(activations) {
        first = (activations as MatmulActivations).X[0];
        return kernel.upload(activations);
      },
      work: () => ({ flops: first, weightBytes: 2 * first }),
    };
  });
  expect(result).toMatchObject({ flops: inputs.activations.X[0], weightBytes: 2 * inputs.activations.X[0] });
});
