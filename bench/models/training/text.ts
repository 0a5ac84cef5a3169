// The corpus as tokens, with the tokenizer that is trained on it.
import { createHash } from 'node:crypto';
import { bytePairEncoder, type Merges, trainMerges } from './byte-pair-encoding.ts';
import { type Corpus, type PassageKind, pagesOf, textOf } from './corpus.ts';

export interface TrainingText {
  readonly corpus: Corpus;
  readonly merges: Merges;
  /** Every chapter and page has the token of an end before it. */
  readonly train: Int32Array;
  readonly trainBytes: number;
  readonly heldOut: Int32Array;
  /** Of the training tokens. */
  readonly sha256: string;
}

/** Tokens are the bytes, the merges of the whole training part and, last, the end of a text. */
export function tokenize(corpus: Corpus, vocabularySize: number, passages?: PassageKind): TrainingText {
  const merges = trainMerges(textOf(corpus.train), vocabularySize - 257);
  const encode = bytePairEncoder(merges);
  const endOfText = vocabularySize - 1;
  const ids: number[] = [];
  const pages = pagesOf(corpus.train, passages);
  for (const { text } of pages) {
    ids.push(endOfText);
    for (const id of encode(text)) ids.push(id);
  }
  const train = Int32Array.from(ids);
  const sha256 = createHash('sha256').update(train).digest('hex');
  const trainBytes = Buffer.byteLength(pages.map(({ text }) => text).join(''));
  return {
    corpus,
    merges,
    train,
    trainBytes,
    heldOut: Int32Array.from(encode(textOf(corpus.heldOut, passages))),
    sha256,
  };
}
