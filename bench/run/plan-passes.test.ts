import { expect, test } from 'vitest';
import { selectCases } from '../cases/select.ts';
import { isBaseline, placeOf, planPasses } from './plan-passes.ts';

const chosen = { suite: [], technique: [], filter: [], kernels: [], seed: 0 };
const { cases } = await selectCases({ ...chosen, preset: 'quick', backend: ['ts', 'wasm', 'gpujs-webgpu'] });
const options = { passes: 4, casesPerProcess: 2, seed: 1 };
const plan = planPasses(cases, options);

test('every pass measures every case once', () => {
  for (const batches of plan) expect(new Set(batches.flat())).toEqual(new Set(cases));
  for (const batches of plan) expect(batches.flat()).toHaveLength(cases.length);
});

test('cases share a process with at most one other, of their backend and problem and of another technique', () => {
  const shared = plan.flat().filter((batch) => batch.length > 1);
  expect(shared.length).toBeGreaterThan(0);
  for (const batch of shared) {
    expect(batch).toHaveLength(2);
    const [first, second] = batch;
    expect([second.backend, second.problem.weights, second.problem.M]).toEqual([
      first.backend,
      first.problem.weights,
      first.problem.M,
    ]);
    expect(first.technique).not.toBe(second.technique);
  }
});

test('cases on a device have a process of their own', () => {
  expect(plan.flat().filter((batch) => batch[0].backend === 'gpujs-webgpu' && batch.length > 1)).toEqual([]);
});

test('in two passes every case comes first in its process once', () => {
  const firsts = plan.slice(0, 2).flatMap((batches) => batches.map(([first]) => first));
  expect(new Set(firsts)).toEqual(new Set(cases));
});

test('whom a case follows is drawn anew from pass to pass', () => {
  const followed = plan.map((batches) => new Set(batches.map((batch) => batch.map(({ id }) => id).join(' '))));
  expect(followed[2]).not.toEqual(followed[0]);
  expect(planPasses(cases, options)).toEqual(plan);
});

test('the baseline of a problem is measured before what it is the baseline of, where there is but one pass', () => {
  const [only] = planPasses(cases, { passes: 1, casesPerProcess: 1, seed: 1 });
  const order = only.flat();
  const others = order.filter((entry) => !isBaseline(entry));
  expect(others.length).toBeGreaterThan(0);
  for (const entry of others) {
    const baseline = order.findIndex((other) => isBaseline(other) && placeOf(other) === placeOf(entry));
    expect(baseline).toBeGreaterThanOrEqual(0);
    expect(baseline).toBeLessThan(order.indexOf(entry));
  }
});
