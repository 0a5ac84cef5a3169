// A tokenizer.json as GGUF files list it: tokens by id, their kinds, merges or scores, and the name of how texts are cut.
// Keys and their meaning: ggml-org/llama.cpp, src/llama-vocab.cpp and conversion/base.py.
import { InputError } from '../../contract/input-error.ts';
import { visibleSentence } from '../../contract/visible-text.ts';
import type { GgufMetadata, GgufValue } from './gguf-metadata.ts';
import { TOKEN_TYPES, TOKENIZER } from './gguf-tokenizer.ts';
import { DIGIT, GPT_2, preTokenizers } from './pre-tokenizers.ts';
import { BLANK, scoresOfMerges } from './sentence-piece.ts';
import type { Part, TokenizerJson } from './tokenizer.ts';

/** Ids that files name beside the vocabulary. */
export interface SpecialIds {
  /** Put before every text: one or none. */
  readonly beginning: readonly number[];
  readonly end?: number;
}

/** `where` names the file. Throws InputError where GGUF has no name for the tokenizer's kind. */
export function ggufVocabulary(
  where: string,
  json: TokenizerJson,
  vocabularySize: number,
  { beginning, end }: SpecialIds,
): GgufMetadata {
  const tokens = tokensOf(json, vocabularySize);
  const [first, ...more] = beginning;
  if (more.length > 0) {
    throw new InputError(
      `${where}: must put at most one token before a text, got ${beginning.map((id) => tokens[id]).join(' ')}`,
    );
  }
  const values: Record<string, GgufValue> = {
    ...kindOf(where, json, tokens),
    tokens: { type: 'string', value: tokens },
    token_type: { type: 'int32', value: tokens.map((token, id) => typeOf(json, token, id)) },
    add_bos_token: { type: 'bool', value: first !== undefined },
  };
  for (const [name, id] of Object.entries({ bos_token_id: first, eos_token_id: end })) {
    if (id !== undefined) values[name] = { type: 'uint32', value: id };
  }
  return new Map(Object.entries(values).map(([key, value]) => [TOKENIZER + key, value]));
}

/** Rows of the embedding that no token has are named so by llama.cpp's own conversion. */
function tokensOf({ model, added_tokens }: TokenizerJson, vocabularySize: number): string[] {
  const ids = new Map(Object.entries(model.vocab));
  for (const { content, id } of added_tokens) ids.set(content, id);
  const tokens = Array.from({ length: vocabularySize }, (_, id) => `[PAD${id}]`);
  for (const [token, id] of ids) tokens[id] = token;
  return tokens;
}

function typeOf({ model, added_tokens }: TokenizerJson, token: string, id: number): number {
  const added = added_tokens.find((each) => each.id === id);
  if (model.byte_fallback && token === model.unk_token) return TOKEN_TYPES.unknown;
  if (added !== undefined) return added.special ? TOKEN_TYPES.control : TOKEN_TYPES.userDefined;
  if (model.byte_fallback && /^<0x[0-9A-F]{2}>$/.test(token)) return TOKEN_TYPES.byte;
  return model.vocab[token] === id ? TOKEN_TYPES.normal : TOKEN_TYPES.unused;
}

function kindOf(where: string, json: TokenizerJson, tokens: readonly string[]): Record<string, GgufValue> {
  const { merges } = json.model;
  const text = (value: string): GgufValue => ({ type: 'string', value });
  const prefix = sentencePiecePrefix(json);
  if (prefix !== undefined) {
    return {
      model: text('llama'),
      pre: text('default'),
      scores: { type: 'float32', value: scoresOfMerges(tokens, merges) },
      add_space_prefix: { type: 'bool', value: prefix },
    };
  }
  const pairs = merges.map((pair) => pair.join(' '));
  return { model: text('gpt2'), pre: text(preTokenizerName(where, json)), merges: { type: 'string', value: pairs } };
}

/** Whether a space is put before a text; undefined where blanks are not SentencePiece's. */
function sentencePiecePrefix({ model, normalizer, pre_tokenizer }: TokenizerJson): boolean | undefined {
  if (!model.byte_fallback) return undefined;
  if (pre_tokenizer?.type === 'Metaspace' && normalizer === null) return pre_tokenizer.prepend_scheme !== 'never';
  const steps = normalizer?.type === 'Sequence' ? partsOf(normalizer.normalizers) : [];
  const isBlank = ({ type, content }: Part) => type === 'Replace' && content === BLANK;
  const isPrefix = ({ type, prepend }: Part) => type === 'Prepend' && prepend === BLANK;
  const isKnown =
    pre_tokenizer === null && steps.some(isBlank) && steps.every((step) => isBlank(step) || isPrefix(step));
  return isKnown ? steps.some(isPrefix) : undefined;
}

/** The name of the patterns that a text is cut by. */
function preTokenizerName(where: string, { model, normalizer, pre_tokenizer }: TokenizerJson): string {
  const patterns = patternsOf(pre_tokenizer)?.join('\n');
  const found = Object.entries(preTokenizers).find(
    ([, own]) =>
      own.patterns.join('\n') === patterns &&
      (own.ignoresMerges ?? false) === (model.ignore_merges ?? false) &&
      own.normalizer === normalizer?.type,
  );
  if (found !== undefined) return found[0];
  const given = visibleSentence(JSON.stringify(pre_tokenizer), 200);
  throw new InputError(
    `${where}: pre_tokenizer must be one of those that GGUF calls ${Object.keys(preTokenizers).join(' ')}, got ${given}`,
  );
}

function patternsOf(part: Part | null): readonly string[] | undefined {
  switch (part?.type) {
    case 'Sequence': {
      const inner = partsOf(part.pretokenizers).map(patternsOf);
      return inner.every((patterns) => patterns !== undefined) ? inner.flat() : undefined;
    }
    case 'ByteLevel':
      if (part.add_prefix_space) return undefined;
      return part.use_regex === false ? [] : [GPT_2];
    case 'Digits':
      return part.individual_digits ? [DIGIT] : undefined;
    case 'Split': {
      const { Regex } = Object(part.pattern);
      return part.behavior === 'Isolated' && !part.invert && typeof Regex === 'string' ? [Regex] : undefined;
    }
    default:
      return undefined;
  }
}

function partsOf(list: unknown): readonly Part[] {
  return Array.isArray(list) ? list : [];
}
