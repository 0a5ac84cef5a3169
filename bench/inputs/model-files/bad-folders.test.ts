import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { InputError } from '../../contract/input-error.ts';
import { openModel } from './open-model.ts';
import { type SmallFolder, shapesWith, smallShapes, smallTokenizer, writeSmallFolder } from './small-folder.fixture.ts';

const LFS = 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n';
const { 'model.norm.weight': _, ...withoutNorm } = smallShapes;
const layers = (...numbers: number[]) =>
  Object.fromEntries(numbers.map((i) => [`model.layers.${i}.self_attn.q_proj.weight`, [8, 8]]));
const index = (weight_map: object) => ({ 'model.safetensors.index.json': JSON.stringify({ weight_map }) });
const tokenizer = (change: object) => ({ tokenizer: { ...smallTokenizer, ...change } });

test.each<[fault: string, folder: SmallFolder, message: string]>([
  [
    'an unknown architecture',
    { config: { model_type: 'gemma3' } },
    'config.json: model_type must be one of llama mistral mixtral qwen2 qwen3, got gemma3',
  ],
  [
    'none at all',
    { config: { model_type: undefined } },
    'config.json: model_type must fit, got Invalid input: expected string, received undefined',
  ],
  [
    'a size that is none',
    { config: { hidden_size: -8 } },
    'config.json: hidden_size must fit, got Too small: expected number to be >0',
  ],
  [
    'a size left out',
    { config: { vocab_size: undefined } },
    'config.json: vocab_size must fit, got Invalid input: expected number, received undefined',
  ],
  [
    'heads that no group of keys divides',
    { config: { num_attention_heads: 4, num_key_value_heads: 3 } },
    'config.json: heads must be a multiple of those of keys, got 4 and 3',
  ],
  ['an odd head', { config: { head_dim: 5 } }, 'config.json: a head must have an even number of dimensions, got 5'],
  [
    'another scaling',
    { config: { rope_scaling: { rope_type: 'yarn', factor: 4 } } },
    'config.json: rope_type must be default or linear or llama3, which is all that tare runs, got yarn',
  ],
  [
    'a scaling without its factor',
    { config: { rope_scaling: { type: 'linear' } } },
    'config.json: factor must fit, got Invalid input: expected number, received undefined',
  ],
  [
    'rotary numbers by kind of layer',
    { config: { rope_parameters: { full_attention: { rope_theta: 1e6 } } } },
    'config.json: rope_parameters.full_attention must fit, got Invalid input',
  ],
  [
    'part of a head turned',
    { config: { partial_rotary_factor: 0.5 } },
    'config.json: partial_rotary_factor must be 1, which is all that tare runs, got 0.5',
  ],
  [
    'a sliding window',
    { config: { model_type: 'mistral', sliding_window: 32 } },
    'config.json: sliding_window must be null, which is all that tare runs, got 32',
  ],
  [
    'a sliding window in use',
    { config: { model_type: 'qwen2', sliding_window: 32, use_sliding_window: true } },
    'config.json: sliding_window must be null, which is all that tare runs, got 32',
  ],
  [
    'layers of several kinds',
    { config: { layer_types: ['sliding_attention'] } },
    'config.json: layer_types must be full_attention, which is all that tare runs, got sliding_attention',
  ],
  [
    'biases in the feed-forward part',
    { config: { mlp_bias: true } },
    'config.json: mlp_bias must be false, which is all that tare runs, got true',
  ],
  [
    'another activation',
    { config: { hidden_act: 'gelu' } },
    'config.json: hidden_act must be silu or swish or relu, which is all that tare runs, got gelu',
  ],
  [
    'weights that are compressed already',
    { config: { quantization_config: { quant_method: 'gptq' } } },
    'config.json: quantization_config must be none, which is all that tare runs, got {"quant_method":"gptq"}',
  ],
  ['a missing tensor', { shapes: withoutNorm }, ': must hold 11 tensors by its configuration, lacks model.norm.weight'],
  [
    'missing layers',
    { config: { num_hidden_layers: 2 } },
    ': must hold 20 tensors by its configuration, lacks model.layers.1.self_attn.q_proj.weight, model.layers.1.self_attn.k_proj.weight, model.layers.1.self_attn.v_proj.weight, … (9 of them)',
  ],
  [
    'more layers than tensors',
    { config: { num_hidden_layers: 1e9 } },
    ': must hold 1000000000 layers by its configuration, got 11 tensors',
  ],
  [
    'a head that is not tied and not there',
    { config: { tie_word_embeddings: false } },
    ': must hold 12 tensors by its configuration, lacks lm_head.weight',
  ],
  [
    'surplus tensors',
    { shapes: { ...smallShapes, ...layers(1, 2, 3, 4) } },
    ': must hold no tensor that its configuration does not tell of, got model.layers.1.self_attn.q_proj.weight, model.layers.2.self_attn.q_proj.weight, model.layers.3.self_attn.q_proj.weight, … (4 of them)',
  ],
  [
    'biases that it does not tell of',
    { shapes: shapesWith({ 'self_attn.o_proj.bias': [8] }) },
    ': must hold no tensor that its configuration does not tell of, got model.layers.0.self_attn.o_proj.bias',
  ],
  [
    'a shape of another size',
    { config: { intermediate_size: 16 } },
    ': model.layers.0.mlp.gate_proj.weight must be [16, 8] by the configuration, got [12, 8]',
  ],
  [
    'a matrix turned over',
    { shapes: shapesWith({ 'mlp.down_proj.weight': [12, 8] }) },
    ': model.layers.0.mlp.down_proj.weight must be [8, 12] by the configuration, got [12, 8]',
  ],
  [
    'a token without an embedding',
    tokenizer({ added_tokens: [{ id: 6, content: '<s>', special: true }] }),
    "tokenizer.json: ids of tokens must be below 6, the rows of the model's embedding, got 6 of <s>",
  ],
  [
    'a tokenizer of another kind',
    tokenizer({ model: { type: 'Unigram', vocab: [['a', 0]] } }),
    'tokenizer.json: model.type must be BPE, which is all that tare runs, got Unigram',
  ],
  [
    'a part of a tokenizer that is not known',
    tokenizer({ normalizer: { type: 'Nmt' } }),
    'tokenizer.json: must be a tokenizer that @huggingface/tokenizers runs, got Unknown Normalizer type: Nmt',
  ],
  [
    'a way to split that would be taken for another',
    tokenizer({ pre_tokenizer: { type: 'Split', pattern: { String: ' ' }, behavior: 'MergedWithPrevious' } }),
    'tokenizer.json: behavior must be Isolated or Removed, which is all that tare runs, got MergedWithPrevious',
  ],
  [
    'a merge of one token',
    tokenizer({ model: { ...smallTokenizer.model, merges: ['ab'] } }),
    'tokenizer.json: model.merges.0 must fit, got Invalid input',
  ],
  ['a config that is no JSON', { files: { 'config.json': '{' } }, 'config.json: must be JSON, got something else'],
  [
    'a config that is a pointer',
    { files: { 'config.json': LFS } },
    'config.json: must be JSON, got a pointer of Git LFS, which stands for the file; `git lfs pull` brings the file itself',
  ],
  [
    'weights that are a pointer',
    { files: { 'model.safetensors': LFS } },
    'model.safetensors: must be a safetensors file, got a pointer of Git LFS, which stands for the file; `git lfs pull` brings the file itself',
  ],
  [
    'a tokenizer that is a pointer',
    { files: { 'tokenizer.json': LFS } },
    'tokenizer.json: must be JSON, got a pointer of Git LFS, which stands for the file; `git lfs pull` brings the file itself',
  ],
  [
    'an index of files that are not there',
    { files: index({ 'model.norm.weight': 'part-1.safetensors' }) },
    'part-1.safetensors: must be a readable file, got ENOENT',
  ],
  [
    'an index that leads elsewhere',
    { files: index({ 'model.norm.weight': '../other.safetensors' }) },
    'model.safetensors.index.json: weight_map must name files beside it, got ../other.safetensors',
  ],
  [
    'an index that a file contradicts',
    { files: index({ 'model.other.weight': 'model.safetensors' }) },
    'model.safetensors: must hold model.other.weight by model.safetensors.index.json, lacks it',
  ],
])('%s is refused in one line', (_fault, folder, message) => {
  const path = writeSmallFolder(folder);
  const separator = message.startsWith(':') ? '' : '/';
  expect(() => openModel(path)).toThrow(new InputError(`${path}${separator}${message}`));
});

test('types of numbers that are not read are named', () => {
  const folder = writeSmallFolder();
  const header = Buffer.from(JSON.stringify(integers()));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const bytes = Object.values(smallShapes).reduce((sum, shape) => sum + shape.reduce((a, b) => a * b), 0);
  writeFileSync(join(folder, 'model.safetensors'), Buffer.concat([length, header, Buffer.alloc(bytes)]));
  expect(() => openModel(folder)).toThrow(
    /dtype must be one of F64 F32 F16 BF16 F8_E4M3 F8_E5M2, got model\.embed_tokens\.weight of I8/,
  );
});

function integers() {
  let end = 0;
  const entries = Object.entries(smallShapes).map(([name, shape]) => {
    const begin = end;
    end += shape.reduce((a, b) => a * b);
    return [name, { dtype: 'I8', shape, data_offsets: [begin, end] }];
  });
  return Object.fromEntries(entries);
}

test.each([
  ['config.json', /: must hold config\.json, got model\.safetensors, tokenizer\.json$/],
  ['model.safetensors', /: must hold model\.safetensors, got config\.json, tokenizer\.json$/],
  [
    'tokenizer.json',
    /: must hold tokenizer\.json, got config\.json, model\.safetensors; AutoTokenizer\.from_pretrained/,
  ],
])('a folder without %s says what it has instead', (name, message) => {
  const folder = writeSmallFolder();
  rmSync(join(folder, name));
  expect(() => openModel(folder)).toThrow(message);
});

test.each([
  ['an empty folder', mkdtempSync(join(tmpdir(), 'tare-empty-')), /: must hold config\.json, got an empty folder$/],
  ['a place that is not there', '/nonexistent', /^\/nonexistent: must be a readable file, got ENOENT$/],
  [
    'weights without their folder',
    join(writeSmallFolder(), 'model.safetensors'),
    /must be a folder with config\.json or a GGUF file, got a safetensors file/,
  ],
  [
    'a configuration without its folder',
    join(writeSmallFolder(), 'config.json'),
    /must be a folder with config\.json or a GGUF file, got a JSON file/,
  ],
])('%s is refused', (_fault, path, message) => {
  expect(() => openModel(path)).toThrow(message);
});
