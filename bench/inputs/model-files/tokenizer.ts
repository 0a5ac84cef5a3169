// A tokenizer as Hugging Face's tokenizer.json describes it.
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { InputError } from '../../contract/input-error.ts';
import type { Tokenizer } from '../../contract/model.ts';

/** What tokenizer.json holds, as far as it is looked at here; @huggingface/tokenizers reads the rest. */
export interface TokenizerJson {
  readonly model: {
    readonly type?: string;
    readonly vocab: Readonly<Record<string, number>>;
    readonly merges: readonly (readonly [string, string])[];
    readonly unk_token?: string | null;
    readonly byte_fallback?: boolean;
    readonly ignore_merges?: boolean;
  };
  readonly added_tokens: readonly AddedToken[];
  readonly normalizer: Part | null;
  readonly pre_tokenizer: Part | null;
  readonly post_processor: Part | null;
  readonly decoder: Part | null;
}

export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
}

/** One of many kinds, of which each has its own fields. */
export interface Part {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** Each byte is a character of its own, and nothing else is done. */
export const BYTES: Part = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false };

/** Cuts out what each pattern matches, one after the other, and turns the pieces into bytes. */
export function splitsInto(patterns: readonly string[]): Part {
  const splits = patterns.map((Regex) => ({ type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false }));
  return { type: 'Sequence', pretokenizers: [...splits, BYTES] };
}

/** Puts a token before every text. */
export function beginningWith(token: string): Part {
  const template = [{ SpecialToken: { id: token, type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }];
  return { type: 'TemplateProcessing', single: template, pair: template };
}

export interface OwnTokenizer extends Tokenizer {
  /** What stands before every text. */
  readonly beginning: readonly number[];
}

/** Throws InputError on kinds that @huggingface/tokenizers doesn't run, and on tokens that the model has no embedding for. */
export function makeTokenizer(where: string, json: TokenizerJson, vocabularySize: number): OwnTokenizer {
  checkVocabulary(where, json, vocabularySize);
  const tokenizer = construct(where, json);
  const plain = (text: string) => tokenizer.encode(text, { add_special_tokens: false }).ids;
  const beginning = tokensBefore(plain('a'), tokenizer.encode('a').ids);
  return {
    beginning,
    encode: (text) => [...beginning, ...plain(text)],
    decode: (ids) => {
      const own = beginning.every((id, i) => ids[i] === id) ? ids.slice(beginning.length) : [...ids];
      return own.length === 0 ? '' : tokenizer.decode([...own], { clean_up_tokenization_spaces: false });
    },
  };
}

function construct(where: string, json: TokenizerJson): HuggingFaceTokenizer {
  try {
    return new HuggingFaceTokenizer(json, {});
  } catch (error) {
    const { message } = error instanceof Error ? error : new Error(String(error));
    throw new InputError(`${where}: must be a tokenizer that @huggingface/tokenizers runs, got ${message}`);
  }
}

/** What stands before a text's own ids among those with special tokens. */
function tokensBefore(plain: readonly number[], withSpecial: readonly number[]): number[] {
  const begins = (at: number) => plain.every((id, i) => withSpecial[at + i] === id);
  return withSpecial.slice(
    0,
    withSpecial.findIndex((_, at) => begins(at)),
  );
}

function checkVocabulary(where: string, { model, added_tokens }: TokenizerJson, vocabularySize: number): void {
  let [largest, token] = [-1, ''];
  const see = (id: number, content: string) => {
    if (id > largest) [largest, token] = [id, content];
  };
  for (const [content, id] of Object.entries(model.vocab)) see(id, content);
  for (const { id, content } of added_tokens) see(id, content);
  if (largest < vocabularySize) return;
  throw new InputError(
    `${where}: ids of tokens must be below ${vocabularySize}, the rows of the model's embedding, got ${largest} of ${token}`,
  );
}
