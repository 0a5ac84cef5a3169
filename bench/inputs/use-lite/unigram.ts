// SentencePiece's unigram tokeniser (Kudo 2018, https://arxiv.org/abs/1804.10959) as Universal Sentence Encoder lite is
// published with it: a reading of the behaviour of `@tensorflow-models/universal-sentence-encoder` 1.3.3, quirks
// included, since the embeddings depend on them.

/** Pieces with their log-probabilities; a piece's id is its place. The seven null scores of the published file count 0. */
export type Vocabulary = readonly (readonly [piece: string, score: number | null])[];

export interface UnigramTokeniser {
  /** The ids of the likeliest segmentation. 0 is unknown; neighbouring unknowns are one token. */
  encode(text: string): number[];
}

/** Ids below this are the unknown, control and user-defined symbols, which no text matches. */
const RESERVED_SYMBOLS = 6;
const UNKNOWN = 0;
/** SentencePiece's stand-in for a space. */
const SPACE = '\u2581';

interface Lattice {
  /** Score of the best way to each position. */
  readonly best: number[];
  /** Id and start of the last piece on that way. */
  readonly lastId: number[];
  readonly lastStart: number[];
}

export function unigramTokeniser(vocabulary: Vocabulary): UnigramTokeniser {
  const idOf = new Map<string, number>();
  let longest = 0;
  for (let id = RESERVED_SYMBOLS; id < vocabulary.length; id++) {
    const piece = vocabulary[id][0];
    idOf.set(piece, id);
    longest = Math.max(longest, [...piece].length);
  }

  const extend = (lattice: Lattice, chars: readonly string[], start: number) => {
    let piece = '';
    let found = false;
    for (let end = start + 1; end <= Math.min(chars.length, start + longest); end++) {
      piece += chars[end - 1];
      const id = idOf.get(piece);
      if (id === undefined) continue;
      found = true;
      offer(lattice, start, end, id, vocabulary[id][1] ?? 0);
    }
    // An unknown character costs nothing, but is offered only where no piece at all begins.
    if (!found) offer(lattice, start, start + 1, UNKNOWN, 0);
  };

  const encode = (text: string): number[] => {
    const chars = [...normalise(text)];
    const lattice = emptyLattice(chars.length);
    for (let start = 0; start < chars.length; start++) extend(lattice, chars, start);
    return walkBack(lattice, chars.length);
  };
  return { encode };
}

function normalise(text: string): string {
  const normalised = text.normalize('NFKC');
  return normalised === '' ? '' : SPACE + normalised.replaceAll(' ', SPACE);
}

// A position that no piece reaches keeps score 0 and is left by one unknown character.
function emptyLattice(length: number): Lattice {
  return {
    best: new Array<number>(length + 1).fill(0),
    lastId: new Array<number>(length + 1).fill(UNKNOWN),
    lastStart: Array.from({ length: length + 1 }, (_, end) => end - 1),
  };
}

// Score 0 means «not reached yet» to the published tokeniser, so a way that truly scores 0 is given up for any later one.
function offer({ best, lastId, lastStart }: Lattice, start: number, end: number, id: number, score: number): void {
  const total = best[start] + score;
  if (best[end] !== 0 && total < best[end]) return;
  best[end] = total;
  lastId[end] = id;
  lastStart[end] = start;
}

function walkBack({ lastId, lastStart }: Lattice, length: number): number[] {
  const ids: number[] = [];
  for (let end = length; end > 0; end = lastStart[end]) {
    const id = lastId[end];
    if (id !== UNKNOWN || ids.at(-1) !== UNKNOWN) ids.push(id);
  }
  return ids.reverse();
}
