import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { huggingFaceTokenizer } from './hugging-face-tokenizer.ts';
import { preTokenizers } from './pre-tokenizers.ts';
import { makeTokenizer } from './tokenizer.ts';
import { vectors } from './tokenizer-vectors.fixture.ts';

const { texts, byteLevel } = vectors;
const folder = mkdtempSync(join(tmpdir(), 'tare-tokenizer-'));

/** As the models' own tokenizer.json have them. */
const bytes = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true };
const digits = { type: 'Digits', individual_digits: true };
const split = (Regex: string) => ({ type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false });
const ways = {
  'gpt-2': { ...bytes, use_regex: true },
  smollm: { type: 'Sequence', pretokenizers: [digits, bytes] },
  'llama-bpe': {
    type: 'Sequence',
    pretokenizers: [split(preTokenizers['llama-bpe'].patterns[0]), { ...bytes, use_regex: false }],
  },
  qwen2: { type: 'Sequence', pretokenizers: [split(preTokenizers.qwen2.patterns[0]), { ...bytes, use_regex: false }] },
};

function jsonOf(way: keyof typeof ways): object {
  return {
    added_tokens: [{ id: 0, content: '<|end|>', special: true, normalized: false }],
    normalizer: way === 'qwen2' ? { type: 'NFC' } : null,
    pre_tokenizer: ways[way],
    post_processor: { ...bytes, use_regex: true },
    decoder: bytes,
    model: {
      type: 'BPE',
      vocab: Object.fromEntries(byteLevel.tokens.map((token, id) => [token, id])),
      merges: byteLevel.merges,
      ignore_merges: way === 'llama-bpe',
    },
  };
}

const names = Object.keys(ways) as (keyof typeof ways)[];
test.each(names)("%s's tokenizer.json gives the ids that Hugging Face's tokenizers give", (way) => {
  const tokenizer = makeTokenizer('t', huggingFaceTokenizer(folder, jsonOf(way)), 420);
  expect(texts.map((text) => tokenizer.encode(text))).toEqual(byteLevel.ids[way]);
});

test.each([
  [
    "puts its token before every text where tokenizer_config.json of Llama's own class says so",
    'LlamaTokenizerFast',
    true,
    [0],
  ],
  ['puts none where that says so', 'LlamaTokenizer', false, []],
  ['is as tokenizer.json has it by any other class', 'PreTrainedTokenizerFast', true, []],
])('%s', (_, tokenizer_class, add_bos_token, beginning) => {
  const config = { tokenizer_class, add_bos_token, bos_token: { content: '<|end|>' } };
  writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify(config));
  expect(makeTokenizer('t', huggingFaceTokenizer(folder, jsonOf('gpt-2')), 420).beginning).toEqual(beginning);
});
