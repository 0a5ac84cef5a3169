import { expect, test } from 'vitest';
import { ownParams } from './own-params.ts';

const groupSize = [32, 64];
const method = ['rtn', 'gptq'];
const GROUPS = { axes: { groupSize } };
const WITH_AXIS = { axes: { groupSize, method } };
const WITH_CHOICE = { axes: { groupSize }, choices: { method } };

test.each([
  ['the same axes', { groupSize: 64 }, { groupSize: 32 }, GROUPS, { groupSize: 64 }],
  ['an axis head adds, neutral', { groupSize: 64, method: 'rtn' }, { method: 'rtn' }, GROUPS, { groupSize: 64 }],
  ['an axis head adds, otherwise', { groupSize: 64, method: 'gptq' }, { method: 'rtn' }, GROUPS, undefined],
  ['an axis head adds, unspelled', { groupSize: 64 }, { method: 'rtn' }, GROUPS, { groupSize: 64 }],
  ['an axis head drops', { groupSize: 64 }, {}, WITH_AXIS, { groupSize: 64, method: 'rtn' }],
  ['a value base lacks', { groupSize: 128 }, { groupSize: 32 }, GROUPS, undefined],
  ['an axis of a value that base spells first', {}, {}, { axes: { tile: [48, 96] } }, { tile: 48 }],
  ['a choice both have, neutral', { groupSize: 64 }, { method: 'rtn' }, WITH_CHOICE, { groupSize: 64 }],
  [
    'a choice both have',
    { groupSize: 64, method: 'gptq' },
    { method: 'rtn' },
    WITH_CHOICE,
    { groupSize: 64, method: 'gptq' },
  ],
  ['a choice base does not know', { groupSize: 64, method: 'awq' }, { method: 'rtn' }, WITH_CHOICE, undefined],
  ['a choice head drops', { groupSize: 64 }, {}, WITH_CHOICE, { groupSize: 64 }],
  ['a choice that was an axis, neutral', { groupSize: 64, method: 'rtn' }, {}, WITH_CHOICE, { groupSize: 64 }],
  ['a choice that was an axis', { groupSize: 64, method: 'gptq' }, {}, WITH_CHOICE, { groupSize: 64, method: 'gptq' }],
  ['an axis that became a choice', { groupSize: 64 }, { method: 'rtn' }, WITH_AXIS, { groupSize: 64, method: 'rtn' }],
  [
    'an axis that became a choice by another value',
    { groupSize: 64 },
    { method: 'gptq' },
    WITH_AXIS,
    { groupSize: 64, method: 'gptq' },
  ],
  ['a choice whose neutral value changed', { groupSize: 64 }, { method: 'none' }, WITH_CHOICE, { groupSize: 64 }],
])('%s: what base is given', (_, params, neutral, technique, expected) => {
  expect(ownParams({ params, neutral }, technique)).toEqual(expected);
});

test.each([WITH_AXIS, WITH_CHOICE])('parameters are spelled in the order of axes, then of choices: %j', (technique) => {
  const own = ownParams({ params: { method: 'gptq', groupSize: 32 }, neutral: {} }, technique);
  expect(Object.keys(own ?? {})).toEqual(['groupSize', 'method']);
});
