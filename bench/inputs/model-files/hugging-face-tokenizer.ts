// tokenizer.json, and what tokenizer_config.json beside it says otherwise.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { checked, mustBe } from './config-rules.ts';
import { readJson } from './json-file.ts';
import { GPT_2 } from './pre-tokenizers.ts';
import { beginningWith, type Part, splitsInto, type TokenizerJson } from './tokenizer.ts';

/** Older files write `a b`. */
function pairOf(merge: string): [string, string] {
  const [left, right] = merge.split(' ');
  return [left, right];
}

const Id = z.int().nonnegative();
const PartJson = z.looseObject({ type: z.string() });
const Json = z.looseObject({
  model: z.looseObject({
    vocab: z.record(z.string(), Id),
    merges: z.array(
      z.union([
        z.tuple([z.string(), z.string()]),
        z
          .string()
          .regex(/^[^ ]+ [^ ]+$/)
          .transform(pairOf),
      ]),
    ),
    unk_token: z.string().nullish(),
    byte_fallback: z.boolean().optional(),
    ignore_merges: z.boolean().optional(),
  }),
  added_tokens: z.array(z.looseObject({ id: Id, content: z.string(), special: z.boolean() })).default([]),
  normalizer: PartJson.nullable().default(null),
  pre_tokenizer: PartJson.nullable().default(null),
  post_processor: PartJson.nullable().default(null),
  decoder: PartJson.nullable().default(null),
});
/** Named by its text or described as an added token is. */
const Token = z.union([z.string(), z.object({ content: z.string() }).transform(({ content }) => content)]);
const Config = z.looseObject({
  tokenizer_class: z.string().nullish(),
  add_bos_token: z.boolean().nullish(),
  bos_token: Token.nullish(),
});

/** Throws InputError where it is none, or of a model other than byte pairs. */
export function huggingFaceTokenizer(folder: string, json: unknown): TokenizerJson {
  const where = join(folder, 'tokenizer.json');
  const { model } = checked(where, z.looseObject({ model: z.looseObject({ type: z.string().optional() }) }), json);
  mustBe(where, 'model.type', model.type, ['BPE']);
  const tokenizer = checked(where, Json, json);
  refuseSplits(where, tokenizer.pre_tokenizer);
  return withOwnBeginning(folder, { ...tokenizer, pre_tokenizer: withUnicodeSpaces(tokenizer.pre_tokenizer) });
}

/** @huggingface/tokenizers takes these for isolated pieces, and blanks for no borders. */
function refuseSplits(where: string, part: Part | null): void {
  const inner = part?.pretokenizers;
  if (Array.isArray(inner)) for (const each of inner) refuseSplits(where, each);
  if (part?.type === 'Metaspace') mustBe(where, 'split', part.split, [false]);
  if (part?.type === 'Split') mustBe(where, 'behavior', part.behavior, ['Isolated', 'Removed']);
}

/**
 * @huggingface/tokenizers takes JavaScript's blanks where a byte-level part splits by its own pattern: a byte order mark is one,
 * U+0085 is none. Patterns that are spelled it translates.
 */
function withUnicodeSpaces(part: Part | null): Part | null {
  if (part?.type === 'Sequence' && Array.isArray(part.pretokenizers)) {
    return { ...part, pretokenizers: part.pretokenizers.map(withUnicodeSpaces) };
  }
  if (part?.type !== 'ByteLevel' || part.add_prefix_space || part.use_regex === false) return part;
  return splitsInto([GPT_2]);
}

/** Llama's own class of tokenizers sets the token of beginning by its configuration, whatever tokenizer.json has. */
function withOwnBeginning(folder: string, tokenizer: TokenizerJson): TokenizerJson {
  const file = join(folder, 'tokenizer_config.json');
  if (!existsSync(file)) return tokenizer;
  const { tokenizer_class, add_bos_token, bos_token } = checked(file, Config, readJson(file));
  if (!tokenizer_class?.includes('Llama') || typeof add_bos_token !== 'boolean') return tokenizer;
  const post_processor = add_bos_token && bos_token ? beginningWith(bos_token) : null;
  return { ...tokenizer, post_processor };
}
