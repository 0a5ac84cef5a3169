import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { InputError } from '../../contract/input-error.ts';
import { readBytes, withFile } from '../tensor-data.ts';
import { writeGgufFile } from './gguf-file-write.ts';
import { readGgufHeader } from './gguf-header.ts';
import { modelTensors } from './model-tensors.ts';
import { openModel } from './open-model.ts';
import { llama3, type SmallFolder, shapesWith, smallShapes, writeSmallFolder } from './small-folder.fixture.ts';
import { f32, writeModel } from './write-model.ts';

const folder = mkdtempSync(join(tmpdir(), 'tare-gguf-'));
const out = join(folder, 'out.gguf');

test('a file has the bytes that the gguf package writes', () => {
  const path = join(import.meta.dirname, 'small-llama.gguf');
  const { metadata, tensors } = readGgufHeader(path);
  const copies = tensors.map(({ name, shape, dtype, byteOffset, byteLength }) => ({
    name,
    shape,
    type: dtype,
    bytes: () => withFile(path, (file) => readBytes(path, file, byteOffset, byteLength)),
  }));
  writeGgufFile(out, metadata, copies);
  expect(Buffer.compare(readFileSync(out), readFileSync(path))).toBe(0);
});

const qkvBiases = { 'self_attn.q_proj.bias': [8], 'self_attn.k_proj.bias': [4], 'self_attn.v_proj.bias': [4] };
const qkNorms = { 'self_attn.q_norm.weight': [4], 'self_attn.k_norm.weight': [4] };

test.each<[what: string, folder: SmallFolder]>([
  ['Llama', {}],
  [
    'a head of its own',
    { config: { tie_word_embeddings: false }, shapes: { ...smallShapes, 'lm_head.weight': [6, 8] } },
  ],
  ['linear scaling', { config: { rope_scaling: { type: 'linear', factor: 4 } } }],
  ['the scaling of Llama 3', { config: { rope_scaling: llama3 } }],
  ['biases', { config: { attention_bias: true }, shapes: shapesWith(qkvBiases, { 'self_attn.o_proj.bias': [8] }) }],
  ['Qwen2', { config: { model_type: 'qwen2' }, shapes: shapesWith(qkvBiases) }],
  ['Qwen3', { config: { model_type: 'qwen3', head_dim: 4 }, shapes: shapesWith(qkNorms) }],
])('%s comes back as it was written', (_, written) => {
  const model = openModel(writeSmallFolder(written));
  writeModel(out, model, () => f32);
  const read = openModel(out);
  expect(read.config).toEqual({ ...model.config, normEpsilon: Math.fround(model.config.normEpsilon) });
  for (const name of modelTensors(model.config).keys()) expect(read.tensor(name)).toEqual(model.tensor(name));
  expect(read.tokenizer.encode('ab ab<s>b')).toEqual([3, 4, 5, 1]);
});

test('rows of queries lie in adjacent pairs for Llama alone', () => {
  const rowsOf = (model_type: string, shapes = smallShapes) => {
    const model = openModel(writeSmallFolder({ config: { model_type }, shapes }));
    writeModel(out, model, () => f32);
    const tensor = readGgufHeader(out).tensors.find(({ name }) => name === 'blk.0.attn_q.weight')!;
    const bytes = withFile(out, (file) => readBytes(out, file, tensor.byteOffset, tensor.byteLength));
    const first = model.tensor('model.layers.0.self_attn.q_proj.weight')[0];
    return [...new Float32Array(bytes.buffer)].filter((__, i) => i % 8 === 0).map((value) => (value - first) / 8);
  };
  expect(rowsOf('llama')).toEqual([0, 2, 1, 3, 4, 6, 5, 7]);
  expect(rowsOf('qwen2', shapesWith(qkvBiases))).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});

test('what llama.cpp does not run of an architecture is refused', () => {
  const model = openModel(
    writeSmallFolder({ config: { model_type: 'qwen2', rope_scaling: llama3 }, shapes: shapesWith(qkvBiases) }),
  );
  expect(() => writeModel(out, { ...model, name: 'q' }, () => f32)).toThrow(
    new InputError('q: must be what llama.cpp runs as qwen2, got the rope scaling of llama3'),
  );
  const gatedByRelu = openModel(writeSmallFolder({ config: { hidden_act: 'relu' } }));
  expect(() => writeModel(out, { ...gatedByRelu, name: 'r' }, () => f32)).toThrow(
    new InputError('r: must be what llama.cpp runs as llama, got feed-forwards gated by ReLU'),
  );
});

test('a file that can not be finished is not there', () => {
  const model = openModel(writeSmallFolder());
  const other = join(folder, 'other.gguf');
  const wrong = { ...f32, encode: () => new Uint8Array(3) };
  expect(() => writeModel(other, model, () => wrong)).toThrow(/must take 192 bytes as F32, got 3/);
  expect(readdirSync(folder)).toEqual(['out.gguf']);
});

test('a way to cut texts that GGUF has no name for is refused', () => {
  const pre_tokenizer = { type: 'Whitespace' };
  const model = openModel(writeSmallFolder({ tokenizer: { pre_tokenizer } }));
  expect(() => model.ggufTokenizer()).toThrow(/pre_tokenizer must be one of those that GGUF calls gpt-2 .*Whitespace/);
});
