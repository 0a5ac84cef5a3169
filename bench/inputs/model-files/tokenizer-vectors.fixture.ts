// Vocabularies of GGUF files whose ids of texts are known.
import type { GgufMetadata, GgufValue, Scalar } from './gguf-metadata.ts';
import { TOKENIZER } from './gguf-tokenizer.ts';
import vectors from './tokenizer-vectors.golden.json' with { type: 'json' };

export { vectors };

export type Values = Readonly<Record<string, Scalar | readonly Scalar[]>>;

export function metadataOf(values: Values): GgufMetadata {
  // Types are of no matter to what reads them.
  const entries = Object.entries(values).map(([key, value]): [string, GgufValue] => [
    TOKENIZER + key,
    { type: 'string', value },
  ]);
  return new Map(entries);
}

const { byteLevel, sentencePiece } = vectors;

export const bytePairs = {
  model: 'gpt2',
  pre: 'smollm',
  tokens: byteLevel.tokens,
  merges: byteLevel.merges,
  token_type: byteLevel.tokens.map((_, id) => (id === 0 ? 3 : 1)),
  bos_token_id: 0,
  add_bos_token: false,
};

export const pieces = {
  model: 'llama',
  tokens: sentencePiece.tokens,
  scores: sentencePiece.scores,
  token_type: sentencePiece.token_type,
  bos_token_id: 1,
  add_bos_token: false,
};
