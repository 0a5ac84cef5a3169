// Against Hugging Face's tokenizers and SentencePiece: `npm run oracles` computes the ids anew.
import { expect, test } from 'vitest';
import { tokenizerOfGguf } from './gguf-tokenizer.ts';
import { makeTokenizer } from './tokenizer.ts';
import { bytePairs, metadataOf, pieces, type Values, vectors } from './tokenizer-vectors.fixture.ts';

const { texts, byteLevel, sentencePiece } = vectors;

function tokenizerOf(values: Values) {
  return makeTokenizer('m.gguf', tokenizerOfGguf('m.gguf', metadataOf(values)), 420);
}

test.each(Object.entries(byteLevel.ids))('%s cuts texts as Hugging Face does', (pre, ids) => {
  const tokenizer = tokenizerOf({ ...bytePairs, pre });
  expect(texts.map((text) => tokenizer.encode(text))).toEqual(ids);
});

test('scores merge as SentencePiece does', () => {
  const tokenizer = tokenizerOf(pieces);
  expect(texts.map((text) => tokenizer.encode(text))).toEqual(sentencePiece.ids);
});

test.each([
  ['byte pairs', bytePairs],
  ['SentencePiece', pieces],
])('%s give texts back', (_, values) => {
  const tokenizer = tokenizerOf(values);
  // @huggingface/tokenizers drops a byte order mark that it decodes from single bytes.
  for (const text of texts.map((each) => each.replaceAll('\ufeff', ''))) {
    expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
  }
});
