// Faults planted into kernels that hold to the contract, which must say of each what is wrong and nothing else.
import { expect, test } from 'vitest';
import type { MatmulActivations, MatmulProblem, Op } from '../bench/contract/problem.ts';
import type { PreparedKernel, Technique } from '../bench/contract/technique.ts';
import { checkContract } from './contract.ts';
import dense from './dense/technique.ts';
import int8 from './int8/technique.ts';
import naiveAttention from './naive-attention/technique.ts';

type MakeKernel = NonNullable<Technique['kernels']['ts']>;

/** What the contract finds wrong with the TypeScript kernel of a technique. */
async function failuresOf(technique: Technique): Promise<string[]> {
  const techniques = new Map([['planted', technique]]);
  const task = { techniques, kind: 'ts', runtime: undefined, mustHaveAll: true, trials: 'common' } as const;
  return (await checkContract(task)).flatMap(({ failures }) => failures);
}

function withKernel(
  technique: Technique,
  make: (own: MakeKernel, ...args: Parameters<MakeKernel>) => ReturnType<MakeKernel>,
) {
  return { ...technique, kernels: { ts: (context) => make(technique.kernels.ts!, context) } } satisfies Technique;
}

function planted(technique: Technique, plant: (kernel: PreparedKernel<Op>) => Partial<PreparedKernel<Op>>): Technique {
  return withKernel(technique, async (own, context) => {
    const kernel = await own(context);
    return { ...kernel, ...plant(kernel) };
  });
}

/** A kernel whose output is altered after each run. */
function altered(technique: Technique, alter: (output: Float32Array) => unknown): Technique {
  return planted(technique, (kernel) => ({
    async readOutput() {
      const output = (await kernel.readOutput()).slice();
      alter(output);
      return output;
    },
  }));
}

const withoutLastColumn = withKernel(dense, async (own, context) => {
  const kernel = await own(context);
  const { N } = context.problem as MatmulProblem;
  return { ...kernel, readOutput: async () => (await kernel.readOutput()).map((y, i) => (i % N === N - 1 ? 0 : y)) };
});

const withScalesOfNeighbours = withKernel(int8, (own, context) => {
  const packed = context.packed as { scales: Float32Array };
  const { length } = packed.scales;
  return own({
    ...context,
    packed: { ...packed, scales: packed.scales.map((_, n) => packed.scales[(n + 1) % length]) },
  });
});

const summedInF16 = withKernel(dense, async (own, context) => {
  const { N, K } = context.problem as MatmulProblem;
  const { values: W } = context.packed as { values: Float32Array };
  const kernel = await own(context);
  let Y = new Float32Array();
  const product = (X: Float32Array, at: number) => {
    let sum = 0;
    for (let k = 0; k < K; k++) sum = Math.f16round(sum + X[Math.floor(at / N) * K + k] * W[(at % N) * K + k]);
    return sum;
  };
  return {
    ...kernel,
    upload(activations) {
      const { X } = activations as MatmulActivations;
      Y = Float32Array.from({ length: (X.length / K) * N }, (_, at) => product(X, at));
    },
    readOutput: () => Y,
  };
});

const takingActivationsOnce = planted(dense, ({ upload }) => {
  let isTaken = false;
  return {
    upload(activations) {
      if (!isTaken) void upload(activations);
      isTaken = true;
    },
  };
});

const writingToActivations = planted(dense, ({ upload }) => ({
  upload(activations) {
    void upload(activations);
    (activations as MatmulActivations).X.fill(0);
  },
}));

const writingToWeights = withKernel(dense, async (own, context) => {
  const kernel = await own(context);
  const { values } = context.packed as { values: Float32Array };
  return {
    ...kernel,
    run() {
      void kernel.run();
      values.fill(0);
    },
  };
});

let reads = 0;
const otherAtEveryRun = altered(dense, (Y) => {
  Y[0] *= 1 + (reads++ % 2) * 2 ** -22;
});

test.each([dense, int8, naiveAttention])('a kernel without faults holds to it: $summary', async (technique) => {
  expect(await failuresOf(technique)).toEqual([]);
});

test.each<{ fault: string; technique: Technique; says: RegExp }>([
  { fault: 'no kernel', technique: { ...dense, kernels: {} }, says: /^has no ts kernel$/ },
  { fault: 'a last column of zeros', technique: withoutLastColumn, says: /output\[\d+\]: must be .*, got 0 \(/ },
  { fault: "a neighbour's scale", technique: withScalesOfNeighbours, says: /output\[\d+\]: must be / },
  { fault: 'sums in f16', technique: summedInF16, says: /output\[\d+\]: must be .* are off|too few bits/ },
  {
    fault: 'an output in f16',
    technique: altered(dense, (Y) => Y.set(Y.map(Math.f16round))),
    says: /output\[\d+\]: must be .* are off|too few bits/,
  },
  {
    fault: 'NaN in one value',
    technique: altered(naiveAttention, (O) => O.fill(Number.NaN, -1)),
    says: /got NaN \(1 of \d+ values are off\)$/,
  },
  {
    fault: 'activations that are taken once',
    technique: takingActivationsOnce,
    says: /^with fresh activations, output\[/,
  },
  {
    fault: 'an output of its own at every run',
    technique: otherAtEveryRun,
    says: /^a further run must give the same output$/,
  },
  {
    fault: 'activations that are written to',
    technique: writingToActivations,
    says: /^activations must be left as they were$/,
  },
  {
    fault: 'weights that are written to',
    technique: writingToWeights,
    says: /^packed weights must be left as they were$/,
  },
  {
    fault: 'half of the operations',
    technique: { ...dense, flops: (packed, problem) => dense.flops(packed, problem) / 2 },
    says: /^flops: must lie between /,
  },
  {
    fault: 'twice the operations',
    technique: { ...naiveAttention, flops: (packed, problem) => 2 * naiveAttention.flops(packed, problem) },
    says: /^flops: must lie between /,
  },
  {
    fault: 'scratch that is not said',
    technique: planted(dense, () => ({ workspaceBytes: 0 })),
    says: /^workspaceBytes: must lie between /,
  },
  {
    fault: 'scratch that is not there',
    technique: planted(dense, ({ workspaceBytes = 0 }) => ({ workspaceBytes: 2 * workspaceBytes })),
    says: /^workspaceBytes: must lie between /,
  },
  {
    fault: 'half a byte of scratch',
    technique: planted(dense, () => ({ workspaceBytes: 0.5 })),
    says: /^workspaceBytes: must be a count, got 0\.5$/,
  },
  {
    fault: 'scales that are not counted',
    technique: { ...int8, bytes: (packed) => ({ ...int8.bytes(packed), scales: 0 }) },
    says: /^bytes: must be \d+, got \d+$/,
  },
  {
    fault: 'an axis that is wrongly said not to be stored',
    technique: { ...int8, unstored: ['granularity'] },
    says: /^unstored: must not change what is stored, got granularity$/,
  },
  {
    fault: 'weights that lose more than the budget',
    technique: { ...int8, minSqnrDb: () => 90 },
    says: /^unpack: W must keep 90 dB, got /,
  },
])('$fault is told', async ({ technique, says }) => {
  const failures = await failuresOf(technique);
  expect(failures).not.toEqual([]);
  expect(failures.filter((failure) => !says.test(failure))).toEqual([]);
});
