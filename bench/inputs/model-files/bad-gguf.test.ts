import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ggufBytes } from '../../contract/gguf-type.ts';
import { InputError } from '../../contract/input-error.ts';
import { seededRandom } from '../../statistics/random.ts';
import { type NewGgufTensor, writeGgufFile } from './gguf-file-write.ts';
import { readGgufHeader } from './gguf-header.ts';
import type { GgufValue } from './gguf-metadata.ts';
import { openModel } from './open-model.ts';

const SMALL = join(import.meta.dirname, 'small-llama.gguf');
const path = join(mkdtempSync(join(tmpdir(), 'tare-bad-')), 'bad.gguf');
const bytes = readFileSync(SMALL);
const { metadata, tensors } = readGgufHeader(SMALL);

/** Places in the small file's header. */
const [VERSION, TENSORS, PAIRS, FIRST_KEY, FIRST_TYPE] = [4, 8, 16, 24, 24 + 8 + 'general.architecture'.length];
const HEADER_BYTES = tensors[0].byteOffset;
const firstTensor = bytes.indexOf('token_embd.weight') - 8;
const AXES = firstTensor + 8 + 'token_embd.weight'.length;

function patched(...changes: readonly (readonly [at: number, value: bigint, size: 4 | 8])[]): Buffer {
  const copy = Buffer.from(bytes);
  for (const [at, value, size] of changes) {
    if (size === 4) copy.writeUInt32LE(Number(value), at);
    else copy.writeBigUInt64LE(value, at);
  }
  return copy;
}

test.each<[fault: string, content: Buffer, message: string | RegExp]>([
  [
    'nothing but the magic',
    bytes.subarray(0, 4),
    'file must hold all of its header, got its end after 4 bytes: was it copied in full?',
  ],
  [
    'a header cut short',
    bytes.subarray(0, 500),
    'length of a text must be at most 12, what is left of a file of 500 bytes, got 18',
  ],
  [
    'tensors cut short',
    bytes.subarray(0, bytes.length - 40),
    /^file must hold the \d+ bytes up to the end of blk\.0\.ffn_down\.weight, got \d+: was it copied in full\?$/,
  ],
  ['a version to come', patched([VERSION, 4n, 4]), 'GGUF version must be one of 2 3, got 4'],
  ['the oldest version', patched([VERSION, 1n, 4]), 'GGUF version must be one of 2 3, got 1'],
  ['a big-endian file', patched([VERSION, 0x03000000n, 4]), 'file must be little-endian, got a big-endian one'],
  [
    '2⁶⁴ − 1 tensors',
    patched([TENSORS, 2n ** 64n - 1n, 8]),
    /^tensor_count must be at most \d+, what is left of a file of \d+ bytes, got 18446744073709551615$/,
  ],
  [
    '2⁴⁰ pairs of metadata',
    patched([PAIRS, 2n ** 40n, 8]),
    /^metadata_kv_count must be at most \d+, what is left of a file of \d+ bytes, got 1099511627776$/,
  ],
  [
    'a key longer than the file',
    patched([FIRST_KEY, 2n ** 32n, 8]),
    /^length of a text must be at most \d+, what is left of a file of \d+ bytes, got 4294967296$/,
  ],
  [
    'a value of an unknown type',
    patched([FIRST_TYPE, 13n, 4]),
    'type of general.architecture must be from 0 to 12, got 13',
  ],
  [
    'a list of lists',
    patched([FIRST_TYPE, 9n, 4], [FIRST_TYPE + 4, 9n, 4]),
    'general.architecture must be a value or a list of values, got a list of lists',
  ],
  [
    'a list longer than the file',
    patched([FIRST_TYPE, 9n, 4], [FIRST_TYPE + 4, 4n, 4], [FIRST_TYPE + 8, 2n ** 62n, 8]),
    /^length of general\.architecture must be at most \d+, what is left of a file of \d+ bytes, got 4611686018427387904$/,
  ],
  ['a tensor of too many axes', patched([AXES, 5n, 4]), 'token_embd.weight must have at most 4 axes, got 5'],
  [
    'a tensor larger than the file',
    patched([AXES + 4, 2n ** 60n, 8]),
    /^file must hold the \d+ bytes up to the end of token_embd\.weight, got \d+: was it copied in full\?$/,
  ],
  [
    'a tensor of a removed type',
    patched([AXES + 20, 4n, 4]),
    "type of token_embd.weight must be one of ggml's that are in use, got 4",
  ],
  [
    'rows of half a block',
    patched([AXES + 20, 8n, 4], [AXES + 4, 48n, 8]),
    'rows of token_embd.weight must be a multiple of 32 long as Q8_0, got 48',
  ],
  [
    'an offset past the end',
    patched([AXES + 24, 2n ** 50n, 8]),
    'offset of token_embd.weight must be 0, got 1125899906842624',
  ],
])('%s is refused in one line', (_, content, message) => {
  writeFileSync(path, content);
  expect(() => openModel(path)).toThrow(InputError);
  expect(() => openModel(path)).toThrow(
    typeof message === 'string' ? new InputError(`${path}: ${message}`) : anyPath(message),
  );
});

function anyPath({ source }: RegExp): RegExp {
  return new RegExp(`: ${source.slice(1)}`);
}

const value = (given: GgufValue['value'], type: GgufValue['type'] = 'uint32'): GgufValue => ({ type, value: given });

interface Change {
  readonly metadata?: Readonly<Record<string, GgufValue | undefined>>;
  /** Of a tensor, or without it. */
  readonly tensors?: Readonly<Record<string, Partial<NewGgufTensor> | undefined>>;
}

test.each<[fault: string, change: Change, message: string]>([
  [
    'an unknown architecture',
    { metadata: { 'general.architecture': value('gemma3', 'string') } },
    'metadata: general.architecture must be one of llama qwen2 qwen3, got gemma3',
  ],
  [
    'no architecture',
    { metadata: { 'general.architecture': undefined } },
    'metadata: general.architecture must be one of llama qwen2 qwen3, got undefined',
  ],
  [
    'an alignment of no power of two',
    { metadata: { 'general.alignment': value(48) } },
    'general.alignment must be a power of two, got 48',
  ],
  [
    'an alignment of nothing',
    { metadata: { 'general.alignment': value(0) } },
    'general.alignment must be a power of two, got 0',
  ],
  ['an alignment past the end', { metadata: { 'general.alignment': value(2 ** 31) } }, 'file must hold the 21474'],
  [
    'a part of a model',
    { metadata: { 'split.count': value(3, 'uint16') } },
    'must be a whole model, got one of 3 parts; llama-gguf-split --merge joins them',
  ],
  [
    'experts',
    { metadata: { 'llama.expert_count': value(8) } },
    'metadata: expert_count must be 0, which is all that tare runs, got 8',
  ],
  [
    'a sliding window',
    { metadata: { 'llama.attention.sliding_window': value(64) } },
    'metadata: attention.sliding_window must be 0, which is all that tare runs, got 64',
  ],
  [
    'another scaling',
    { metadata: { 'llama.rope.scaling.type': value('yarn', 'string') } },
    'metadata: rope.scaling.type must be none or linear, which is all that tare runs, got yarn',
  ],
  [
    'heads turned in part',
    { metadata: { 'llama.rope.dimension_count': value(8) } },
    'metadata: rope.dimension_count must be 16, which is all that tare runs, got 8',
  ],
  [
    'layers of several kinds',
    { metadata: { 'llama.attention.head_count': value([4, 2]) } },
    'metadata: attention.head_count must fit, got Invalid input: expected number, received array',
  ],
  [
    'no number of layers',
    { metadata: { 'llama.block_count': undefined } },
    'metadata: block_count must fit, got Invalid input: expected number, received undefined',
  ],
  [
    'more layers than tensors',
    { metadata: { 'llama.block_count': value(2 ** 31) } },
    'must hold 2147483648 layers by its configuration, got 12 tensors',
  ],
  [
    'a tensor that is missing',
    { tensors: { 'blk.0.ffn_up.weight': undefined } },
    'must hold 12 tensors by its configuration, lacks model.layers.0.mlp.up_proj.weight',
  ],
  [
    'a tensor too many',
    { tensors: { 'output_norm.weight': { name: 'output_norm.bias' } } },
    'must hold 12 tensors by its configuration, lacks model.norm.weight',
  ],
  [
    'a shape that contradicts its metadata',
    { metadata: { 'llama.feed_forward_length': value(64) } },
    'model.layers.0.mlp.gate_proj.weight must be [64, 64] by the configuration, got [96, 64]',
  ],
  [
    'a tensor of integers',
    { tensors: { 'output.weight': { type: 'I16' } } },
    'type must be one of F64 F32 F16 BF16 F8_E4M3 F8_E5M2 Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 Q2_K Q3_K Q4_K Q5_K Q6_K IQ4_NL, got output.weight of I16',
  ],
  [
    'unknown rotary factors',
    { tensors: { 'output_norm.weight': { name: 'rope_freqs.weight' } } },
    'rope_freqs.weight must hold the factors of a Llama 3, got others',
  ],
  [
    'two tensors of one name',
    { tensors: { 'output_norm.weight': { name: 'output.weight' } } },
    'names of tensors must be unique, got output.weight twice',
  ],
  [
    'no tokenizer',
    { metadata: { 'tokenizer.ggml.model': undefined } },
    'metadata: tokenizer.ggml.model must be gpt2 or llama, which is all that tare runs, got none',
  ],
  [
    'an unknown tokenizer',
    { metadata: { 'tokenizer.ggml.model': value('t5', 'string') } },
    'metadata: tokenizer.ggml.model must be gpt2 or llama, which is all that tare runs, got t5',
  ],
  [
    'an unknown way to cut texts',
    { metadata: { 'tokenizer.ggml.pre': value('viking', 'string') } },
    'metadata: tokenizer.ggml.pre must be one of gpt-2 smollm llama-bpe qwen2 default, got viking',
  ],
  [
    'no merges',
    { metadata: { 'tokenizer.ggml.merges': undefined } },
    'metadata: tokenizer.ggml.merges must be there, got none',
  ],
  [
    'a merge of one token',
    { metadata: { 'tokenizer.ggml.merges': value(['ab'], 'string') } },
    'metadata: merges must be two tokens with a space between, got ab',
  ],
  [
    'token types for some',
    { metadata: { 'tokenizer.ggml.token_type': value([1, 1], 'int32') } },
    'metadata: token_type must be as many as the 13 tokens, got 2',
  ],
  [
    'a token given twice',
    { metadata: { 'tokenizer.ggml.tokens': value(Array(13).fill('a'), 'string') } },
    'metadata: tokens must be unique, got a twice',
  ],
  [
    'a token of beginning that is none',
    { metadata: { 'tokenizer.ggml.bos_token_id': value(13) } },
    'metadata: ids of tokens must be below 13, got 13',
  ],
  [
    'no token of beginning',
    { metadata: { 'tokenizer.ggml.bos_token_id': undefined } },
    'metadata: tokenizer.ggml.bos_token_id must be there, got none',
  ],
  [
    'more tokens than the embedding has rows',
    {
      metadata: {
        'tokenizer.ggml.tokens': value(
          Array.from({ length: 14 }, (_, i) => `${i}`),
          'string',
        ),
        'tokenizer.ggml.token_type': value(Array(14).fill(1), 'int32'),
      },
    },
    "ids of tokens must be below 13, the rows of the model's embedding, got 13 of 13",
  ],
])('a file with %s is refused in one line', (_, { metadata: values = {}, tensors: changes = {} }, message) => {
  const all = Object.entries({ ...Object.fromEntries(metadata), ...values });
  const own = new Map(all.flatMap(([key, given]) => (given === undefined ? [] : [[key, given] as const])));
  const written = tensors.flatMap(({ name, shape, dtype }) => {
    const size = { name, shape, type: dtype, ...changes[name] };
    return name in changes && changes[name] === undefined
      ? []
      : [{ ...size, bytes: () => new Uint8Array(ggufBytes(size.type, size.shape)) }];
  });
  writeGgufFile(path, own, written);
  expect(() => openModel(path)).toThrow(InputError);
  expect(() => openModel(path)).toThrow(message);
});

test('a file with any bytes of its header changed is read, or refused in one line', () => {
  const { uniform } = seededRandom(1);
  const below = (limit: number) => Math.floor(uniform() * limit);
  const outcomes = { read: 0, refused: 0 };
  for (let i = 0; i < 300; i++) {
    const copy = Buffer.from(bytes);
    for (let changes = 1 + below(3); changes > 0; changes--)
      copy[below(HEADER_BYTES)] = below(2) === 0 ? 255 : below(256);
    writeFileSync(path, copy);
    try {
      openModel(path).tokenizer.encode('abc d');
      outcomes.read++;
    } catch (error) {
      expect(error).toBeInstanceOf(InputError);
      outcomes.refused++;
    }
  }
  expect(outcomes.read).toBeGreaterThan(0);
  expect(outcomes.refused).toBeGreaterThan(100);
});
