import { describe, expect, test } from 'vitest';
import { unigramTokeniser, type Vocabulary } from './unigram.ts';

// Six reserved symbols, then ids 6, 7, …
const reserved: Vocabulary = ['<unk>', '<s>', '</s>', 'x1', 'x2', 'x3'].map((piece) => [piece, 0] as const);
const tokeniser = (...pieces: Vocabulary) => unigramTokeniser([...reserved, ...pieces]);

describe('unigramTokeniser', () => {
  test('takes the segmentation of the greatest total score, not the longest pieces', () => {
    const abc = tokeniser(['▁', -1], ['a', -1], ['b', -1], ['c', -1], ['▁ab', -9], ['▁a', -1.5], ['bc', -1.5]);
    expect(abc.encode('abc')).toEqual([11, 12]);
  });

  test('writes a mark for each space and one before the text', () => {
    const marks = tokeniser(['▁', -1], ['a', -1]);
    expect(marks.encode('a  a')).toEqual([6, 7, 6, 6, 7]);
  });

  test('folds compatibility characters before matching', () => {
    const folded = tokeniser(['▁', -1], ['f', -1], ['i', -1], ['A', -1], ['³', -1], ['3', -1]);
    expect(folded.encode('ﬁＡ³')).toEqual([6, 7, 8, 9, 11]);
  });

  test('joins neighbouring unknown characters into one token, a surrogate pair being one character', () => {
    const marks = tokeniser(['▁', -1], ['a', -1]);
    expect(marks.encode('🎉龘a🎉 龘')).toEqual([6, 0, 7, 0, 6, 0]);
  });

  test('never matches a reserved symbol', () => {
    expect(tokeniser(['▁', -1], ['1', -1]).encode('x1')).toEqual([6, 0, 7]);
  });

  test('gives no token for no text', () => {
    expect(tokeniser(['▁', -1]).encode('')).toEqual([]);
  });

  test('takes a piece without a score, as the published vocabulary has seven, for certain', () => {
    const colon = tokeniser(['▁', -1], [':', null], ['▁:', -0.5]);
    expect(colon.encode(':')).toEqual([8]);
    expect(tokeniser(['▁', -0.25], [':', null], ['▁:', -0.5]).encode(':')).toEqual([6, 7]);
  });
});
