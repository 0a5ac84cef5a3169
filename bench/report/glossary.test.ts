import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { KERNELS_DIR, loadTechniques } from '../cases/registry.ts';
import { rowOf } from '../fixtures/run-files.ts';
import { verdicts } from '../judge/compare.ts';
import { formatTerms, lookUp, readGlossary } from './glossary.ts';
import { showReport } from './show-report.ts';

const terms = readGlossary();
const techniques = [...(await loadTechniques([KERNELS_DIR])).keys()];
const matmul = rowOf('int8');
const attention = { ...rowOf('tiled-attention'), op: 'attention' };
const model = { ...rowOf('int8'), op: 'model' };
const { sections } = showReport([matmul, attention, model], {
  name: '',
  best: false,
  minSqnrDb: 20,
  sort: 'time',
  notes: [],
});

describe('the glossary explains', () => {
  test.each([
    ['headings of tables', sections.flatMap(({ headings }) => headings.map((heading) => heading.replace(/ dB$/, '')))],
    ['marks', ['◆', '~', '!', '*', 'x', 'GF/s', 'tok/s', '÷', '±']],
    ['techniques', techniques],
    ['verdicts', [...verdicts]],
    ['outcomes', ['ok', 'noisy', 'drifted', 'skipped', 'unsupported', 'incorrect', 'error', 'timeout', 'oom']],
    [
      'what people ask',
      ['2:4', 'W8A8', 'channel/f32', 'Pareto', 'software adapter', 'sqnr', 'paired', 'drift', 'kld', 'ppl', 'model'],
    ],
  ])('%s', (_, words) => {
    expect(words.filter((word) => lookUp(terms, word).length === 0)).toEqual([]);
  });
});

test('every paragraph of the page but its first is a heading or an entry', () => {
  const page = ['# Words', 'Some words.', '## A group', '**a**, **`b`**: of `c`,\nand more.', '**d, e**: f.'];
  expect(readGlossary(page.join('\n\n'))).toEqual([
    { group: 'A group', words: 'a, b', text: 'of c, and more.' },
    { group: 'A group', words: 'd, e', text: 'f.' },
  ]);
});

test('a word is looked up whole before it is looked up as a part', () => {
  expect(lookUp(terms, 'same').map(({ words }) => words)).toEqual(['same']);
  expect(lookUp(terms, 'adapter').map(({ words }) => words)).toEqual(['software adapter, *']);
});

test.each([40, 80, 200])('it fits %d columns', (width) => {
  const lines = stripVTControlCharacters(formatTerms(terms, width)).split('\n');
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(width);
});
