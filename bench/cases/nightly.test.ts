import { describe, expect, test } from 'vitest';
import { backends } from '../backends/backend.ts';
import type { Case } from '../contract/case.ts';
import { operationOf } from '../contract/operations.ts';
import type { Problem } from '../contract/problem.ts';
import { mustBeNamed } from '../contract/suite.ts';
import { paramGrid } from '../contract/technique.ts';
import { expandCases } from './case.ts';
import { effortOf } from './preset.ts';
import { KERNELS_DIR, loadSuites, loadTechniques } from './registry.ts';

const techniques = await loadTechniques([KERNELS_DIR]);
const suites = new Map([...(await loadSuites())].filter(([, suite]) => !mustBeNamed(suite, 'nightly')));
const all = backends.map(({ id }) => id);
const usual = backends.filter(({ onlyWhenNamed }) => !onlyWhenNamed).map(({ id }) => id);
const night = (names: Iterable<string>, defaultBackends = usual) => {
  const wanted = new Set(names);
  const chosen = new Map([...techniques].filter(([id]) => wanted.has(id)));
  return expandCases({ suites, techniques: chosen, backends: all, defaultBackends, preset: 'nightly', seed: 0 });
};
const cases = night(techniques.keys());

/** What a shape asks of a kernel: how many rows share the weights, and which way the matrix lies. */
function shapeOf(problem: Problem): string {
  switch (problem.op) {
    case 'matmul': {
      const { M, N, K } = problem;
      const form = N * K >= 2 ** 24 ? 'large' : N > K ? 'widening' : N < K ? 'narrowing' : 'square';
      return `${M === 1 ? 'decode' : M < 128 ? 'sentence' : 'text'} ${form}`;
    }
    case 'attention': {
      const { M, seqLen, causal } = problem;
      const rows = M === 1 ? 'decode' : M < seqLen ? 'late queries' : 'prefill';
      return `${rows} ${causal ? 'causal' : 'full'} ${seqLen >= 512 ? 'long' : 'short'}`;
    }
    case 'model':
      return problem.phase;
    case 'mlp':
    case 'moe':
    case 'classify':
      return 'batch';
    default:
      return problem satisfies never;
  }
}

const settingOf = ({ technique, params }: Pick<Case, 'technique' | 'params'>) => JSON.stringify([technique, params]);

/** Suites that put each technique to every backend and class of shapes; others say what else there is. */
const THOROUGH = ['dense', 'sparse', 'quantized', 'attention'];
const isThorough = (id: string) => cases.some(({ technique, suite }) => technique === id && THOROUGH.includes(suite));

describe.each(['matmul', 'attention'] as const)('a night of %s has', (op) => {
  const own = cases.filter(({ problem, suite }) => problem.op === op && THOROUGH.includes(suite));
  const settings = [...techniques].flatMap(([technique, { axes, op: theirs }]) =>
    theirs === op && isThorough(technique) ? paramGrid(axes).map((params) => settingOf({ technique, params })) : [],
  );
  const shapes = [...new Set(own.map(({ problem }) => shapeOf(problem)))];
  const pairs = (a: (entry: Case) => string, b: (entry: Case) => string) =>
    new Set(own.map((entry) => `${a(entry)} | ${b(entry)}`));
  const every = (a: readonly string[], b: readonly string[]) =>
    new Set(a.flatMap((one) => b.map((other) => `${one} | ${other}`)));
  const shape = ({ problem }: Case) => shapeOf(problem);
  const backend = (entry: Case) => entry.backend;

  test('every technique, with each choice of its parameters, on every backend', () => {
    expect(pairs(settingOf, backend)).toEqual(every(settings, usual));
  });

  test('every technique, with each choice of its parameters, at every class of shapes', () => {
    expect(shapes.length).toBeGreaterThanOrEqual(6);
    expect(pairs(settingOf, shape)).toEqual(every(settings, shapes));
  });

  test('every backend at every class of shapes', () => {
    expect(pairs(backend, shape)).toEqual(every(usual, shapes));
  });
});

test('every format and every technique is measured on every backend', () => {
  const shipped = [...techniques].filter(([, { family }]) => family !== 'yardstick').map(([id]) => id);
  const missing = shipped.flatMap((id) =>
    usual
      .filter((backend) => !cases.some((entry) => entry.technique === id && entry.backend === backend))
      .map((backend) => `${id} ${backend}`),
  );
  expect(missing).toEqual([]);
});

test('every method, transform and correction is measured', () => {
  const chosen = new Set(cases.flatMap(({ params }) => Object.entries(params).map((param) => param.join('='))));
  const choices = [...techniques.values()].flatMap(({ choices = {} }) => Object.entries(choices));
  // Of a user's model with adapters alone: none is shipped.
  chosen.add('correction=learned');
  const missing = choices
    .filter(([choice]) => ['method', 'transform', 'correction', 'activations'].includes(choice))
    .flatMap(([choice, [, ...values]]) => values.map((value) => `${choice}=${value}`));
  expect(missing.filter((value) => !chosen.has(value))).toEqual([]);
});

test('a new technique leaves the cases of the others as they are', () => {
  const without = [...techniques.keys()].filter((id) => id !== 'csr');
  const ids = (list: readonly Case[]) => list.map(({ id }) => id);
  expect(ids(night(without))).toEqual(ids(cases.filter(({ technique }) => technique !== 'csr')));
});

test('fewer backends leave the cases of the others as they are', () => {
  const ids = (list: readonly Case[]) => list.map(({ id }) => id);
  expect(ids(night(techniques.keys(), ['wasm']))).toEqual(ids(cases.filter(({ backend }) => backend === 'wasm')));
});

test('a backend that has to be named gets its share', () => {
  const own = night(techniques.keys(), ['wasm-256']);
  for (const technique of ['dense', 'int8', 'csr'])
    expect(own.filter((entry) => entry.technique === technique).length).toBeGreaterThan(0);
});

/** Rates of the uncompressed work, GFLOP/s, that the slowest technique of each backend reaches on a 2-core Zen 3. */
const SLOWEST_GFLOPS: Readonly<Record<string, number>> = {
  ts: 1.5,
  wasm: 15,
  'wasm-mt': 20,
  'gpujs-cpu': 0.7,
  'gpujs-webasm': 1.2,
  'gpujs-webgpu': 0.4,
};
/** Start of a process and of its backend, packing, and the checks before and after, beside references and calls, s. */
const START_S = 0.6;
/** Float64 references of candidate and baseline together. */
const REFERENCES_GFLOPS = 0.3;
const CALLS_PER_SIDE = { warmup: 2, measured: 5, checks: 2 };

test('a night is expected to take between an hour and two', () => {
  const { budget, passes } = effortOf({ preset: 'nightly' });
  const expectedS = (entry: Case) => {
    const gflop = operationOf(entry.problem.op).denseFlops(entry.problem) / 1e9;
    const callS = gflop / SLOWEST_GFLOPS[entry.backend];
    const warmupS = 2 * Math.max(budget.warmupMs / 1000, CALLS_PER_SIDE.warmup * callS);
    const measureS = Math.max(budget.measureMs / 1000, 2 * CALLS_PER_SIDE.measured * callS);
    const checksS = 2 * CALLS_PER_SIDE.checks * callS;
    return passes * (START_S + gflop / REFERENCES_GFLOPS + warmupS + measureS + checksS);
  };
  // An emulated GPU skips what is large and is measured in one pass.
  const onCpu = cases.filter(({ backend }) => backend !== 'gpujs-webgpu');
  const minutes = onCpu.reduce((sum, entry) => sum + expectedS(entry), 0) / 60;
  expect(minutes).toBeGreaterThan(60);
  expect(minutes).toBeLessThan(120);
});
