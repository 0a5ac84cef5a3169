import { expect, test } from 'vitest';
import { makeInputs } from '../../inputs/make-inputs.ts';
import { syntheticMatmul } from '../../inputs/model-problems.ts';
import type { BridgeCase, BridgeChoice } from './bridge.ts';
import { BRIDGE_VERSION } from './bridge.ts';
import { side } from './side.ts';

const choice: BridgeChoice = {
  preset: 'quick',
  suite: [],
  technique: ['int8', 'naive-attention'],
  backend: ['ts', 'chromium-webgpu'],
  filter: [],
  seed: 0,
};

test('other versions of tare read these names: they may be joined by more, none may go', async () => {
  expect([BRIDGE_VERSION, side.version]).toEqual([1, 1]);
  const cases = await side.cases(choice);
  const [matmul, attention] = ['matmul', 'attention'].map((op) => cases.find(({ problem }) => problem.op === op));
  expect(matmul).toMatchObject({
    id: expect.stringMatching(/^[\w-]+:int8:ts:/),
    suite: expect.any(String),
    technique: 'int8',
    params: { granularity: expect.any(String), activations: expect.any(String) },
    backend: 'ts',
    baselineId: expect.stringMatching(/^[\w-]+:dense:ts:/),
    problemKey: expect.stringMatching(/^M=\d+,N=\d+,K=\d+,weights=/),
    neutral: { granularity: 'channel', activations: 'f32' },
    irregularAccess: false,
  });
  expect(Object.keys(matmul?.problem ?? {}).sort()).toEqual(['K', 'M', 'N', 'op', 'seed', 'weights']);
  expect(Object.keys(attention?.problem ?? {})).toEqual(
    expect.arrayContaining(['op', 'M', 'seqLen', 'heads', 'headDim', 'causal', 'weights', 'seed']),
  );
  const models = { ...choice, suite: ['models'], technique: ['q4-0'] };
  await expect(side.cases({ ...models, backend: ['wasm'] })).rejects.toThrow('ab: must have layers to compare');
  await expect(side.cases({ ...choice, technique: ['nothing'] })).rejects.toMatchObject({ name: 'InputError' });
});

const problem = syntheticMatmul(3, 5, 32);
const entry: BridgeCase = {
  id: 'x',
  suite: 'x',
  baselineId: 'x',
  technique: 'dense',
  params: { order: 'rows' },
  neutral: { order: 'rows' },
  backend: 'ts',
  problem,
  problemKey: 'M=3,N=5,K=32,weights=synthetic',
  irregularAccess: false,
};

test.each<[string, Partial<BridgeCase>, object | undefined]>([
  ['an axis it lacks, neutral', {}, {}],
  ['an axis it lacks, otherwise', { params: { order: 'columns' } }, undefined],
  ['a technique it lacks', { technique: 'newer' }, undefined],
  ['a backend it lacks', { backend: 'newer' }, undefined],
  ['a kind it has no kernel for', { backend: 'tfjs', technique: 'csr', params: { sparsity: 0.5 } }, undefined],
  ['something of the problem it does not know', { problemKey: 'M=3,N=5,K=32,batch=8,weights=synthetic' }, undefined],
])('a case of another version with %s', async (_, changed, expected) => {
  expect(await side.paramsFor({ ...entry, ...changed })).toEqual(expected);
});

test('a prepared kernel is checked before and after, and found out where it stops computing', async () => {
  const prepared = await side.prepare({ ...entry, params: {} }, makeInputs(problem), 1);
  if ('skip' in prepared) throw new Error(prepared.skip);
  expect(await prepared.check()).toMatch(/^output\[0\]: must be/);
  await prepared.run();
  expect(await prepared.check()).toBeUndefined();
  const first = await prepared.readOutput();
  expect(await prepared.checkAgain(first)).toBeUndefined();
  expect(await prepared.checkAgain(first)).toMatch(/^after timing, output\[0\]: must be/);
  prepared.dispose();
});

test('a choice that is made is part of a case, a neutral one is not spelled', async () => {
  const asked = {
    ...choice,
    technique: ['csr'],
    backend: ['ts'],
    axes: { method: ['wanda', 'magnitude'], sparsity: ['0.5'] },
  };
  const cases = await side.cases(asked);
  expect(new Set(cases.map(({ params }) => JSON.stringify(params)))).toEqual(
    new Set(['{"sparsity":0.5}', '{"sparsity":0.5,"method":"wanda"}']),
  );
  for (const pruned of cases) {
    expect(pruned.neutral).toMatchObject({ sparsity: 0.3, method: 'magnitude' });
    expect(await side.paramsFor(pruned)).toEqual(pruned.params);
  }
  const params = { sparsity: 0.5, method: 'newer' };
  expect(await side.paramsFor({ ...cases[0], params })).toBeUndefined();
});

test.each([
  [{}, false],
  [{ method: 'wanda' }, true],
])('calibration is asked for where a method looks at it: %j', async (params, expected) => {
  const kernel = { technique: 'sparse-2-4', params, backend: 'ts', problem };
  expect(await side.needsCalibration?.(kernel)).toBe(expected);
});

test('a problem above the limit of a kernel is passed over, not failed', async () => {
  const wide = syntheticMatmul(1, 2, 70_000);
  const kernel = { technique: 'csr', params: { sparsity: 0.9 }, backend: 'wasm', problem: wide };
  const prepared = await side.prepare(kernel, makeInputs(wide), 1);
  expect(prepared).toEqual({ skip: 'csr: on wasm K may be 65536, got 70000' });
});
