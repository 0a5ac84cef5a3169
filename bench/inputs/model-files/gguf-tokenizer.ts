// A GGUF file's tokenizer as a tokenizer.json, where that comes to the same tokens; the others are refused by name.
// Keys and their meaning: ggml-org/llama.cpp, src/llama-vocab.cpp.
import { z } from 'zod';
import { InputError } from '../../contract/input-error.ts';
import { visibleText } from '../../contract/visible-text.ts';
import { Count, checked, mustBe } from './config-rules.ts';
import { type GgufMetadata, valuesBelow } from './gguf-metadata.ts';
import { type PreTokenizer, preTokenizers } from './pre-tokenizers.ts';
import { BLANK, mergesOfScores } from './sentence-piece.ts';
import { type AddedToken, BYTES, beginningWith, type Part, splitsInto, type TokenizerJson } from './tokenizer.ts';

export const TOKENIZER = 'tokenizer.ggml.';

/** In `token_type`. */
export const TOKEN_TYPES = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

const Id = z.int().nonnegative();
const Texts = z.array(z.string());
const Vocabulary = z.object({
  model: z.enum(['gpt2', 'llama']),
  pre: z.string().default('default'),
  tokens: Texts.min(1),
  token_type: z.array(Count).optional(),
  merges: Texts.optional(),
  scores: z.array(z.number()).optional(),
  bos_token_id: Id.optional(),
  unknown_token_id: Id.optional(),
  add_bos_token: z.boolean().optional(),
  add_space_prefix: z.boolean().default(true),
});
type Vocabulary = z.infer<typeof Vocabulary>;

/** `where` names the file. Throws InputError on a tokenizer of another kind. */
export function tokenizerOfGguf(path: string, metadata: GgufMetadata): TokenizerJson {
  const where = `${path}: metadata`;
  const values = valuesBelow(metadata, TOKENIZER);
  mustBe(where, `${TOKENIZER}model`, values.model ?? 'none', ['gpt2', 'llama']);
  mustBe(where, `${TOKENIZER}remove_extra_whitespaces`, values.remove_extra_whitespaces, [false]);
  const vocabulary = checked(where, Vocabulary, values);
  checkTokens(where, vocabulary);
  return vocabulary.model === 'gpt2' ? byteLevel(where, vocabulary) : sentencePiece(where, vocabulary);
}

function checkTokens(where: string, { tokens, token_type, scores, bos_token_id, unknown_token_id }: Vocabulary): void {
  for (const [name, list] of Object.entries({ token_type, scores })) {
    if (list === undefined || list.length === tokens.length) continue;
    throw new InputError(`${where}: ${name} must be as many as the ${tokens.length} tokens, got ${list.length}`);
  }
  const known = new Set<string>();
  for (const token of tokens) {
    if (known.has(token)) throw new InputError(`${where}: tokens must be unique, got ${visibleText(token)} twice`);
    known.add(token);
  }
  for (const id of [bos_token_id, unknown_token_id]) {
    if (id === undefined || id < tokens.length) continue;
    throw new InputError(`${where}: ids of tokens must be below ${tokens.length}, got ${id}`);
  }
}

function byteLevel(where: string, vocabulary: Vocabulary): TokenizerJson {
  const { pre, merges } = vocabulary;
  const preTokenizer = preTokenizerNamed(where, pre);
  if (merges === undefined) throw new InputError(`${where}: ${TOKENIZER}merges must be there, got none`);
  const { normalizer, ignoresMerges, addsBeginning } = preTokenizer;
  return {
    added_tokens: addedTokens(vocabulary),
    normalizer: normalizer === undefined ? null : { type: normalizer },
    pre_tokenizer: splitsInto(preTokenizer.patterns),
    post_processor: beginsWith(where, vocabulary, addsBeginning ?? false),
    decoder: BYTES,
    model: {
      type: 'BPE',
      vocab: idsOf(vocabulary.tokens),
      merges: merges.map((merge) => pairOf(where, merge)),
      ignore_merges: ignoresMerges ?? false,
    },
  };
}

function preTokenizerNamed(where: string, name: string): PreTokenizer {
  const found = Object.entries(preTokenizers).find(([own, { aliases }]) => own === name || aliases?.includes(name));
  if (found !== undefined) return found[1];
  const names = Object.keys(preTokenizers).join(' ');
  throw new InputError(`${where}: ${TOKENIZER}pre must be one of ${names}, got ${visibleText(name)}`);
}

function pairOf(where: string, merge: string): [string, string] {
  const space = merge.indexOf(' ', 1);
  if (space > 0) return [merge.slice(0, space), merge.slice(space + 1)];
  throw new InputError(`${where}: merges must be two tokens with a space between, got ${visibleText(merge)}`);
}

function sentencePiece(where: string, vocabulary: Vocabulary): TokenizerJson {
  const { tokens, token_type = [], scores, add_space_prefix, unknown_token_id = 0 } = vocabulary;
  if (scores === undefined) throw new InputError(`${where}: ${TOKENIZER}scores must be there, got none`);
  const isText = (_: string, id: number) => (token_type[id] ?? TOKEN_TYPES.normal) === TOKEN_TYPES.normal;
  const replace = (from: string, to: string) => ({ type: 'Replace', pattern: { String: from }, content: to });
  const prepend = add_space_prefix ? [{ type: 'Prepend', prepend: BLANK }] : [];
  const strip = add_space_prefix ? [{ type: 'Strip', content: ' ', start: 1, stop: 0 }] : [];
  return {
    added_tokens: addedTokens(vocabulary),
    normalizer: { type: 'Sequence', normalizers: [...prepend, replace(' ', BLANK)] },
    pre_tokenizer: null,
    post_processor: beginsWith(where, vocabulary, true),
    decoder: {
      type: 'Sequence',
      decoders: [replace(BLANK, ' '), { type: 'ByteFallback' }, { type: 'Fuse' }, ...strip],
    },
    model: {
      type: 'BPE',
      vocab: idsOf(tokens),
      merges: mergesOfScores(tokens, scores, isText),
      unk_token: tokens[unknown_token_id],
      byte_fallback: true,
    },
  };
}

function idsOf(tokens: readonly string[]): Record<string, number> {
  return Object.fromEntries(tokens.map((token, id) => [token, id]));
}

/** Tokens that are found in a text before it is cut into pieces. */
function addedTokens({ tokens, token_type = [] }: Vocabulary): AddedToken[] {
  const { unknown, control, userDefined } = TOKEN_TYPES;
  return tokens.flatMap((content, id) => {
    const type = token_type[id];
    if (type !== control && type !== userDefined && type !== unknown) return [];
    return [{ id, content, special: type !== userDefined, normalized: false }];
  });
}

function beginsWith(where: string, { tokens, bos_token_id, add_bos_token }: Vocabulary, isUsual: boolean): Part | null {
  if (!(add_bos_token ?? isUsual)) return null;
  if (bos_token_id === undefined) throw new InputError(`${where}: ${TOKENIZER}bos_token_id must be there, got none`);
  return beginningWith(tokens[bos_token_id]);
}
