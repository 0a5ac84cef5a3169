// tokenizer.json of a byte-level BPE as GPT-2 has it.

export const END_OF_TEXT = '<|endoftext|>';

/** Token i has id i; one of them is the end of a text. Merges come in the order in which they apply. */
export function byteLevelTokenizer(tokens: readonly string[], merges: readonly (readonly [string, string])[]): object {
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  return {
    version: '1.0',
    added_tokens: [
      {
        id: tokens.indexOf(END_OF_TEXT),
        content: END_OF_TEXT,
        special: true,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
      },
    ],
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: byteLevel,
    model: {
      type: 'BPE',
      byte_fallback: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: merges.map((pair) => pair.join(' ')),
    },
  };
}

/** The letter that stands for each byte: its own where that can be seen, and from Ā on those for the rest. */
export function byteLetters(): string[] {
  const isSeen = (byte: number) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(isSeen(byte) ? byte : next++));
}
