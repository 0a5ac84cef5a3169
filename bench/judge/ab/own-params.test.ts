import { expect, test } from 'vitest';
import { ownParams } from './own-params.ts';

const GROUPS = { groupSize: [32, 64] };
const WITH_METHOD = { groupSize: [32, 64], method: ['rtn', 'gptq'] };

test.each([
  ['the same axes', { groupSize: 64 }, { groupSize: 32 }, GROUPS, { groupSize: 64 }],
  ['an axis head adds, neutral', { groupSize: 64, method: 'rtn' }, { method: 'rtn' }, GROUPS, { groupSize: 64 }],
  ['an axis head adds, otherwise', { groupSize: 64, method: 'gptq' }, { method: 'rtn' }, GROUPS, undefined],
  ['an axis head adds, unspelled', { groupSize: 64 }, { method: 'rtn' }, GROUPS, { groupSize: 64 }],
  ['an axis head drops', { groupSize: 64 }, {}, WITH_METHOD, { groupSize: 64, method: 'rtn' }],
  ['a value base lacks', { groupSize: 128 }, { groupSize: 32 }, GROUPS, undefined],
  ['an axis of a value that base spells first', {}, {}, { tile: [48, 96] }, { tile: 48 }],
])('%s: what base is given', (_, params, neutral, axes, expected) => {
  expect(ownParams({ params, neutral }, axes)).toEqual(expected);
});

test('parameters are spelled in the order of the axes', () => {
  const own = ownParams({ params: { method: 'gptq', groupSize: 32 }, neutral: {} }, WITH_METHOD);
  expect(Object.keys(own ?? {})).toEqual(['groupSize', 'method']);
});
