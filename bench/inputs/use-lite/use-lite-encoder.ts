// Universal Sentence Encoder lite on sentences, with the weights and the vocabulary that ship.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { linear } from './float64-layers.ts';
import { unigramTokeniser, type Vocabulary } from './unigram.ts';
import { openUseLite, useLiteFolder, useLiteKernel } from './use-lite.ts';
import { readUseLiteConstants } from './use-lite-constants.ts';
import { encodeTokens, type MultiplyUseLite, type UseLiteTrace } from './use-lite-layers.ts';

/** The graph drops what follows. */
const MAX_TOKENS = 128;

/** The ids that the encoder sees of each sentence: at most 128. */
export function useLiteTokens(sentences: readonly string[]): number[][] {
  const vocabulary: Vocabulary = JSON.parse(readFileSync(join(useLiteFolder(), 'dist', 'vocab.json'), 'utf8'));
  const tokeniser = unigramTokeniser(vocabulary);
  return sentences.map((sentence) => tokeniser.encode(sentence).slice(0, MAX_TOKENS));
}

/** Runs the encoder: about 5 million multiply-adds a token, so a few milliseconds each. */
export function encodeUseLite(sentences: readonly string[]): UseLiteTrace {
  const model = openUseLite();
  const multiply: MultiplyUseLite = (matrix, X, bias) => linear(X, useLiteKernel(model, matrix), bias);
  return encodeTokens(
    useLiteTokens(sentences),
    readUseLiteConstants((name) => model.read(name).data),
    multiply,
  );
}
