import { expect, test } from 'vitest';
import { TOKENIZER, tokenizerOfGguf } from './gguf-tokenizer.ts';
import { ggufVocabulary } from './gguf-vocabulary.ts';
import { makeTokenizer } from './tokenizer.ts';
import { bytePairs, metadataOf, pieces, vectors } from './tokenizer-vectors.fixture.ts';

const SIZE = 423;

test.each([...Object.keys(vectors.byteLevel.ids).map((pre) => ({ ...bytePairs, pre })), pieces])(
  '$model $pre is listed as it was read, with names for rows that no token has',
  (values) => {
    const json = tokenizerOfGguf('m', metadataOf(values));
    const { beginning } = makeTokenizer('m', json, SIZE);
    const listed = ggufVocabulary('m', json, SIZE, { beginning, end: 2 });
    const value = (key: string) => listed.get(TOKENIZER + key)?.value;
    expect(value('model')).toBe(values.model);
    if ('pre' in values) expect(value('pre')).toBe(values.pre);
    expect(value('tokens')).toEqual([...values.tokens, '[PAD420]', '[PAD421]', '[PAD422]']);
    expect(value('token_type')).toEqual([...values.token_type, 5, 5, 5]);
    expect(value('eos_token_id')).toBe(2);
    const again = makeTokenizer('m', tokenizerOfGguf('m', listed), SIZE);
    const first = makeTokenizer('m', json, SIZE);
    for (const text of vectors.texts) expect(again.encode(text)).toEqual(first.encode(text));
  },
);

test('at most one token stands before a text', () => {
  const json = tokenizerOfGguf('m', metadataOf(bytePairs));
  expect(() => ggufVocabulary('m', json, SIZE, { beginning: [0, 1] })).toThrow(
    /at most one token before a text, got <\|end\|> !/,
  );
});
