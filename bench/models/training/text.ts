// The corpus as tokens, with the tokenizer that is trained on it.
import { createHash } from 'node:crypto';
import { bytePairEncoder, type Merges, trainMerges } from './byte-pair-encoding.ts';
import type { Corpus } from './corpus.ts';

export interface TrainingText {
  readonly corpus: Corpus;
  readonly merges: Merges;
  /** Every chapter and page has the token of an end before it. */
  readonly train: Int32Array;
  readonly heldOut: Int32Array;
  /** Of the training tokens. */
  readonly sha256: string;
}

/** Tokens are the bytes, the merges and, last, the end of a text. */
export function tokenize(corpus: Corpus, vocabularySize: number): TrainingText {
  const merges = trainMerges(corpus.train.join('\n'), vocabularySize - 257);
  const encode = bytePairEncoder(merges);
  const endOfText = vocabularySize - 1;
  const ids: number[] = [];
  for (const page of corpus.train) {
    ids.push(endOfText);
    for (const id of encode(page)) ids.push(id);
  }
  const train = Int32Array.from(ids);
  const sha256 = createHash('sha256').update(train).digest('hex');
  return { corpus, merges, train, heldOut: Int32Array.from(encode(corpus.heldOut)), sha256 };
}
