// Byte-level byte-pair encoding as GPT-2 has it (Radford et al. 2019, after Sennrich et al. 2016): text is cut into words,
// words into bytes, and bytes are merged in the order in which training found the pairs to be frequent.

/** What cuts words from a text: a word keeps the space before it. */
const WORD = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

/** Tokens 0 to 255 are the bytes; merge i makes token 256 + i of two earlier ones. */
export type Merges = readonly (readonly [left: number, right: number])[];

interface Word {
  tokens: number[];
  readonly count: number;
}

/** The `count` merges that shorten the text most, one after another; of pairs as frequent as each other, the lowest first. */
export function trainMerges(text: string, count: number): Merges {
  const words = countWords(text);
  const merges: [number, number][] = [];
  const pairs = new PairCounts();
  for (const word of words) pairs.addWord(word);
  while (merges.length < count) {
    const best = pairs.mostFrequent();
    if (best === undefined) throw new Error(`merges: the text must yield ${count}, got ${merges.length}`);
    const token = 256 + merges.length;
    merges.push([best.left, best.right]);
    for (const word of best.words) {
      pairs.removeWord(word);
      word.tokens = mergePair(word.tokens, best.left, best.right, token);
      pairs.addWord(word);
    }
  }
  return merges;
}

function countWords(text: string): Word[] {
  const counts = new Map<string, number>();
  for (const [word] of text.matchAll(WORD)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].map(([word, count]) => ({ tokens: [...Buffer.from(word)], count }));
}

interface Pair {
  readonly left: number;
  readonly right: number;
  count: number;
  readonly words: Set<Word>;
}

/** How often each pair of neighbours occurs in the text, and in which words. */
class PairCounts {
  readonly #pairs = new Map<number, Pair>();

  addWord(word: Word): void {
    for (const [left, right] of neighbours(word.tokens)) {
      const key = left * 2 ** 16 + right;
      const pair = this.#pairs.get(key) ?? { left, right, count: 0, words: new Set() };
      pair.count += word.count;
      pair.words.add(word);
      this.#pairs.set(key, pair);
    }
  }

  removeWord(word: Word): void {
    for (const [left, right] of neighbours(word.tokens)) {
      const pair = this.#pairs.get(left * 2 ** 16 + right)!;
      pair.count -= word.count;
      pair.words.delete(word);
    }
  }

  mostFrequent(): { left: number; right: number; words: Word[] } | undefined {
    let best: Pair | undefined;
    for (const pair of this.#pairs.values()) if (pair.count > 0 && comesBefore(pair, best)) best = pair;
    return best && { left: best.left, right: best.right, words: [...best.words] };
  }
}

function comesBefore(pair: Pair, best: Pair | undefined): boolean {
  if (best === undefined || pair.count !== best.count) return best === undefined || pair.count > best.count;
  return pair.left - best.left < 0 || (pair.left === best.left && pair.right < best.right);
}

function neighbours(tokens: readonly number[]): [number, number][] {
  return tokens.slice(1).map((right, i) => [tokens[i], right]);
}

function mergePair(tokens: readonly number[], left: number, right: number, token: number): number[] {
  const merged: number[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const matches = tokens[i] === left && tokens[i + 1] === right;
    merged.push(matches ? token : tokens[i]);
    if (matches) i++;
  }
  return merged;
}

/** Turns text into tokens; words that were seen before are looked up. */
export function bytePairEncoder(merges: Merges): (text: string) => number[] {
  const ranks = new Map(merges.map(([left, right], rank) => [left * 2 ** 16 + right, rank]));
  const known = new Map<string, readonly number[]>();
  const encodeWord = (word: string) => {
    let tokens = [...Buffer.from(word)];
    for (;;) {
      const found = neighbours(tokens).map(([left, right]) => ranks.get(left * 2 ** 16 + right) ?? Infinity);
      const rank = Math.min(...found);
      if (rank === Infinity) return tokens;
      tokens = mergePair(tokens, ...merges[rank], 256 + rank);
    }
  };
  return (text) => {
    const ids: number[] = [];
    for (const [word] of text.matchAll(WORD)) {
      const tokens = known.get(word) ?? encodeWord(word);
      known.set(word, tokens);
      for (const token of tokens) ids.push(token);
    }
    return ids;
  };
}

/** What each token stands for. */
export function tokenBytes(merges: Merges): number[][] {
  const bytes = Array.from({ length: 256 }, (_, byte) => [byte]);
  for (const [left, right] of merges) bytes.push([...bytes[left], ...bytes[right]]);
  return bytes;
}
