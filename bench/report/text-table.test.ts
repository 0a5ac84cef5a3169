import { expect, test } from 'vitest';
import { definition, textWidth } from './text-table.ts';

test.each([
  ['COLUMNS before the terminal', '132', 90, 132],
  ["the terminal's columns", '', 90, 90],
  ['at least 40', '7', undefined, 40],
  ['at most 200', '1000', undefined, 200],
  ['100 where nothing says how wide', '', undefined, 100],
  ['100 where COLUMNS is no number', 'wide', undefined, 100],
])('the width to write in is %s', (_, asked, terminal, width) => {
  expect(textWidth(asked, terminal)).toBe(width);
});

test('a definition stands beside its term where there is room', () => {
  expect(definition('csr', ['zeros are left out', 'sparsity: 0.5'], 6, 40)).toBe(
    ['csr     zeros are left out', '        sparsity: 0.5'].join('\n'),
  );
});

test('and below it where there is none', () => {
  expect(definition('csr', ['values and their columns, row after row'], 20, 40)).toBe(
    ['csr', '    values and their columns, row after', '    row'].join('\n'),
  );
});
