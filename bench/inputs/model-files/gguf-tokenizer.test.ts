// Against Hugging Face's tokenizers and SentencePiece: `npm run oracles` computes the ids anew.
import { expect, test } from 'vitest';
import type { GgufMetadata, GgufValue, Scalar, ScalarType } from './gguf-metadata.ts';
import { TOKENIZER, tokenizerOfGguf } from './gguf-tokenizer.ts';
import { makeTokenizer } from './tokenizer.ts';
import vectors from './tokenizer-vectors.json' with { type: 'json' };

const { texts, byteLevel, sentencePiece } = vectors;

function metadataOf(values: Readonly<Record<string, Scalar | readonly Scalar[]>>): GgufMetadata {
  // Types are of no matter to what reads them.
  const type: ScalarType = 'string';
  return new Map(Object.entries(values).map(([key, value]): [string, GgufValue] => [TOKENIZER + key, { type, value }]));
}

function tokenizerOf(values: Readonly<Record<string, Scalar | readonly Scalar[]>>) {
  return makeTokenizer('m.gguf', tokenizerOfGguf('m.gguf', metadataOf(values)), 420);
}

const bytePairs = {
  model: 'gpt2',
  pre: 'smollm',
  tokens: byteLevel.tokens,
  merges: byteLevel.merges,
  token_type: byteLevel.tokens.map((_, id) => (id === 0 ? 3 : 1)),
};
const pieces = {
  model: 'llama',
  tokens: sentencePiece.tokens,
  scores: sentencePiece.scores,
  token_type: sentencePiece.token_type,
  bos_token_id: 1,
  add_bos_token: false,
};

test.each(Object.entries(byteLevel.ids))('%s cuts texts as Hugging Face does', (pre, ids) => {
  const tokenizer = tokenizerOf({ ...bytePairs, pre, add_bos_token: false });
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
  for (const text of texts.map((each) => each.replace('\ufeff', ''))) {
    expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
  }
});
