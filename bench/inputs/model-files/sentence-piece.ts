// SentencePiece's byte-pair vocabulary gives each token a score, and the pair that makes the best token is merged first; a
// tokenizer.json lists the pairs themselves, best first.

/** Stands for a space in tokens. */
export const BLANK = '▁';

/**
 * Every pair of tokens that makes a third, in the order they are merged in: by score, then the longer first part. As
 * huggingface/transformers does it, convert_slow_tokenizer.py, generate_merges. `isText` leaves out tokens that no text is made of.
 */
export function mergesOfScores(
  tokens: readonly string[],
  scores: readonly number[],
  isText: (token: string, id: number) => boolean,
): [string, string][] {
  const ids = new Map(tokens.map((token, id) => [token, id] as const).filter(([token, id]) => isText(token, id)));
  const merges = [...ids].flatMap(([token, id]) => {
    const characters = Array.from(token);
    const pairs = characters.slice(1).map((_, i): [string, string] => {
      return [characters.slice(0, i + 1).join(''), characters.slice(i + 1).join('')];
    });
    return pairs
      .filter((pair) => pair.every((part) => ids.has(part)))
      .toReversed()
      .map((pair) => ({ pair, score: scores[id] }));
  });
  return merges.toSorted((a, b) => b.score - a.score).map(({ pair }) => pair);
}

/** Scores under which tokens are merged in this order: a token's is the place of the first pair that makes it. */
export function scoresOfMerges(tokens: readonly string[], merges: readonly (readonly [string, string])[]): number[] {
  const places = new Map<string, number>();
  for (const [i, [left, right]] of merges.entries()) {
    if (!places.has(left + right)) places.set(left + right, -i);
  }
  return tokens.map((token) => places.get(token) ?? -merges.length);
}
