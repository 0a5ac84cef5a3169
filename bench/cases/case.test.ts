import { expect, test } from 'vitest';
import type { MatmulProblem } from '../contract/problem.ts';
import { defineSuite } from '../contract/suite.ts';
import { expandCases, matchesFilter } from './case.ts';
import { KERNELS_DIR, loadTechniques } from './registry.ts';

const problem: MatmulProblem = { op: 'matmul', M: 1, N: 1536, K: 512, weights: 'use-lite/layer0.fc1', seed: 0 };
const suite = defineSuite({
  summary: '',
  blocks: [{ presets: ['quick'], problems: [problem], families: ['quantized'], axes: { groupSize: [64] } }],
});
const selection = {
  suites: new Map([['quantized', suite]]),
  techniques: await loadTechniques([KERNELS_DIR]),
  backends: ['ts'],
  defaultBackends: ['ts'],
  preset: 'quick',
  seed: 0,
} as const;

test('a case id spells suite, technique, backend, problem and parameters', () => {
  const ids = expandCases(selection).map(({ id }) => id);
  expect(ids).toContain('quantized:int4:ts:M=1,N=1536,K=512,weights=use-lite/layer0.fc1,groupSize=64');
});

test('axes the block narrows are narrowed, others keep all their values', () => {
  const techniques = expandCases(selection).map(({ technique, params }) =>
    [technique, ...Object.values(params)].join(' '),
  );
  expect(techniques).toEqual([
    'int4 64',
    'int8 channel f32',
    'int8 channel int8',
    'int8 tensor f32',
    'int8 tensor int8',
  ]);
});

test('the baseline is the uncompressed technique at the same place', () => {
  expect(expandCases(selection)[0].baselineId).toBe('quantized:dense:ts:M=1,N=1536,K=512,weights=use-lite/layer0.fc1');
});

test('another seed is another case', () => {
  expect(expandCases({ ...selection, seed: 7 })[0].id).toMatch(/,seed=7,groupSize=64$/);
});

test('blocks of other presets are left out', () => {
  expect(expandCases({ ...selection, preset: 'nightly' })).toEqual([]);
});

test.each([
  ['int4', true],
  ['M=1,', true],
  ['*int4*K=512*', true],
  ['int4*', false],
  ['quantized:int?:ts:*', true],
  ['use-lite/layer0.fc1', true],
  ['layer0xfc1', false],
  ['*layer0xfc1*', false],
])('filter %s', (filter, matches) => {
  expect(matchesFilter('quantized:int4:ts:M=1,N=2,K=512,weights=use-lite/layer0.fc1', filter)).toBe(matches);
});

test('a block that names backends gets those of them that were chosen, defaults or not', () => {
  const [block] = suite.blocks;
  const suites = new Map([['peers', defineSuite({ ...suite, blocks: [{ ...block, backends: ['ort-node', 'ts'] }] })]]);
  const cases = expandCases({
    ...selection,
    suites,
    backends: ['ts', 'ort-node', 'wasm'],
    defaultBackends: ['ts', 'wasm'],
  });
  expect(new Set(cases.map((entry) => entry.backend))).toEqual(new Set(['ts', 'ort-node']));
});
