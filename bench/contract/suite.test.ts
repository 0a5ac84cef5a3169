import { expect, test } from 'vitest';
import { mustBeNamed, presetNames, type Suite } from './suite.ts';

test.each<[string, Suite['onlyWhenNamed'], string[]]>([
  ['of every run', undefined, []],
  ['of none that does not name it', true, ['smoke', 'quick', 'nightly']],
  ['of a night, and of a quick run that names it', ['quick'], ['quick']],
])('a suite that is part %s', (_, onlyWhenNamed, expected) => {
  const suite = { summary: '', blocks: [], onlyWhenNamed };
  expect(presetNames.filter((preset) => mustBeNamed(suite, preset))).toEqual(expected);
});
