import { describe, expect, test } from 'vitest';
import { matchesFilter } from '../contract/case-filter.ts';
import type { MatmulProblem } from '../contract/problem.ts';
import { defineSuite } from '../contract/suite.ts';
import { mobyProblem } from '../inputs/moby.ts';
import { type CaseSelection, expandCases } from './case.ts';
import { KERNELS_DIR, loadTechniques } from './registry.ts';

const problem: MatmulProblem = { op: 'matmul', M: 1, N: 1536, K: 512, weights: 'use-lite/layer0.fc1', seed: 0 };
const suite = defineSuite({
  summary: '',
  blocks: [{ presets: ['quick'], problems: [problem], families: ['quantized'], axes: { groupSize: [64] } }],
});
const few = ['csr', 'dense', 'int4', 'int8', 'q4-k', 'sparse-2-4', 'tiled-attention'];
const selection = {
  suites: new Map([['quantized', suite]]),
  techniques: new Map([...(await loadTechniques([KERNELS_DIR]))].filter(([id]) => few.includes(id))),
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
    'q4-k',
  ]);
});

test('what is asked of axes goes before the block, and choices are made only where they are named', () => {
  const settings = (axes: CaseSelection['axes']) => {
    const named = expandCases({ ...selection, axes }).filter(({ technique }) =>
      ['int4', 'int8', 'q4-k'].includes(technique),
    );
    return named.map(({ technique, params }) => [technique, ...Object.values(params)].join(' '));
  };
  const ofInt8 = ['int8 channel f32', 'int8 channel int8', 'int8 tensor f32', 'int8 tensor int8'];
  expect(settings({ groupSize: [32, 128] })).toEqual(['int4 32', 'int4 128', ...ofInt8, 'q4-k']);
  expect(settings({ method: ['rtn', 'gptq'] })).toEqual(['int4 64', 'int4 64 gptq', ...ofInt8, 'q4-k', 'q4-k gptq']);
  // None of int8's granularities and of int4's group sizes.
  expect(settings({ granularity: ['row'], groupSize: [48] })).toEqual(['q4-k']);
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

test('backends that are named take the place of a block’s own where the suite says so, and only where they are named', () => {
  const [block] = suite.blocks;
  const taking = defineSuite({ ...suite, takesNamedBackends: true, blocks: [{ ...block, backends: ['ts'] }] });
  const backendsOf = (more: Partial<CaseSelection>) => [
    ...new Set(expandCases({ ...selection, suites: new Map([['s', taking]]), ...more }).map((entry) => entry.backend)),
  ];
  const named = { backends: ['wasm'], defaultBackends: ['wasm'] };
  expect(backendsOf({ ...named, namedBackends: ['wasm'] })).toEqual(['wasm']);
  expect(backendsOf({ backends: ['ts', 'wasm'], defaultBackends: ['ts', 'wasm'] })).toEqual(['ts']);
});

describe('a selection', () => {
  const [block] = suite.blocks;
  const casesOf = (blocks: typeof suite.blocks, more: Partial<CaseSelection> = {}) =>
    expandCases({ ...selection, suites: new Map([['s', defineSuite({ ...suite, blocks })]]), ...more });
  const wide: MatmulProblem = { ...problem, M: 64 };

  test('where each layer has a technique of its own, one case stands beside the uncompressed model', () => {
    const model = mobyProblem({ phase: 'decode', M: 1, context: 8 });
    const plan = { model: 'moby', name: 'mine', layers: {} };
    const cases = casesOf([{ ...block, families: ['dense', 'quantized'], problems: [{ ...model, plan }] }]);
    expect(cases.map(({ technique, params }) => ({ technique, params }))).toEqual([
      { technique: 'dense', params: { plan: 'mine' } },
    ]);
    expect(cases[0].id).not.toBe(cases[0].baselineId);
  });

  test('has how a model keeps keys and values as a choice, which its baseline does not make', () => {
    const model = mobyProblem({ phase: 'decode', M: 1, context: 8 });
    const cases = casesOf([{ ...block, families: ['dense'], problems: [model, problem] }], {
      axes: { kv: ['f32', 'int8'] },
    });
    expect(cases.map(({ params }) => params)).toEqual([{}, { kv: 'int8' }, {}]);
    expect(cases[1].baselineId).toBe(cases[0].id);
  });

  test('goes problem by problem, in each technique by technique, backend by backend', () => {
    const cases = casesOf(
      [{ ...block, problems: [wide, problem], axes: { granularity: ['channel'], activations: ['f32'] } }],
      {
        defaultBackends: ['ts', 'wasm'],
      },
    );
    const places = cases
      .filter(({ technique }) => technique === 'int8')
      .map(({ problem: { M }, backend }) => `${M} ${backend}`);
    expect(places).toEqual(['64 ts', '64 wasm', '1 ts', '1 wasm']);
    expect(new Set(cases.slice(0, cases.length / 2).map((entry) => entry.problem.M))).toEqual(new Set([64]));
  });

  test('has a case once, though two blocks or two equal problems ask for it', () => {
    const once = casesOf([block]).map(({ id }) => id);
    expect(casesOf([block, block]).map(({ id }) => id)).toEqual(once);
    expect(casesOf([{ ...block, problems: [problem, { ...problem }] }]).map(({ id }) => id)).toEqual(once);
  });

  test('takes techniques of the families and the operation of the block only', () => {
    const families = (names: typeof block.families) =>
      new Set(casesOf([{ ...block, families: names }]).map(({ technique }) => technique));
    expect(families(['dense'])).toEqual(new Set(['dense']));
    expect(families(['sparse'])).toEqual(new Set(['csr', 'sparse-2-4']));
    // Techniques of attention compute no product.
    expect(families(['attention'])).toEqual(new Set());
  });

  test('of a block for one preset only is part of no other', () => {
    const blocks = [block, { ...block, presets: ['nightly'] as const, problems: [wide] }];
    expect(new Set(casesOf(blocks).map((entry) => entry.problem.M))).toEqual(new Set([1]));
    expect(new Set(casesOf(blocks, { preset: 'nightly' }).map((entry) => entry.problem.M))).toEqual(new Set([64]));
  });

  test('computes every matmul on the weights of the user where there are some, each once', () => {
    const mine = { ...problem, weights: 'mine/w', N: 8, K: 8 };
    const cases = casesOf([{ ...block, problems: [problem, wide] }], {
      replace: () => [mine, { ...mine, M: 2 }],
    });
    expect(new Set(cases.map(({ problem: { weights, M } }) => `${weights} ${M}`))).toEqual(
      new Set(['mine/w 1', 'mine/w 2']),
    );
    expect(cases).toHaveLength(2 * casesOf([block]).length);
  });
});

test.each([
  // [id, pattern, whether it is met]: only * and ? mean anything but themselves, and a pattern is of the whole id.
  ['a.b', 'a.?', true],
  ['axb', 'a.?', false],
  ['a+(b)|[c]{1}^$\\', '*+(b)|[c]{1}^$\\', true],
  ['ab', 'a?', true],
  ['a', 'a?', false],
  ['abc', 'a?', false],
  ['xab', 'a*', false],
  ['ab', '*', true],
  ['aXXbYYc', 'a*b*c', true],
  ['aXbXc?', 'a?b?c?', true],
])('the id %s and the pattern %s: %s', (id, pattern, isMet) => {
  expect(matchesFilter(id, pattern)).toBe(isMet);
});
