import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';
import { expect, test } from 'vitest';
import { readHeader } from '../inputs/safetensors.ts';
import { SMOLLM2_135M, writeRandomModel } from './write-random-model.ts';

const small = {
  ...SMOLLM2_135M,
  vocabularySize: 400,
  hiddenSize: 64,
  feedForwardSize: 96,
  layers: 1,
  headDim: 16,
  heads: 4,
};
const tokenizer = (folder: string) => JSON.parse(readFileSync(join(folder, 'tokenizer.json'), 'utf8'));

function written(config: typeof SMOLLM2_135M, seed: number): string {
  const folder = join(mkdtempSync(join(tmpdir(), 'random-model-')), 'model');
  writeRandomModel(folder, config, seed);
  return folder;
}

test('a folder has the tensors that its options call for, and equal seeds write equal ones', () => {
  const options = {
    ...small,
    keyValueHeads: 2,
    isHeadTied: false,
    hasQkvBias: true,
    hasOutputBias: true,
    hasQkNorm: true,
  };
  const folder = written(options, 3);
  const shapes = Object.fromEntries(
    readHeader(join(folder, 'model.safetensors')).map(({ name, shape }) => [
      name.replace('model.layers.0.', ''),
      shape,
    ]),
  );
  expect(shapes).toEqual({
    'model.embed_tokens.weight': [400, 64],
    'input_layernorm.weight': [64],
    'post_attention_layernorm.weight': [64],
    'self_attn.q_proj.weight': [64, 64],
    'self_attn.k_proj.weight': [32, 64],
    'self_attn.v_proj.weight': [32, 64],
    'self_attn.o_proj.weight': [64, 64],
    'self_attn.q_proj.bias': [64],
    'self_attn.k_proj.bias': [32],
    'self_attn.v_proj.bias': [32],
    'self_attn.o_proj.bias': [64],
    'self_attn.q_norm.weight': [16],
    'self_attn.k_norm.weight': [16],
    'mlp.gate_proj.weight': [96, 64],
    'mlp.up_proj.weight': [96, 64],
    'mlp.down_proj.weight': [64, 96],
    'model.norm.weight': [64],
    'lm_head.weight': [400, 64],
  });
  const weights = (seed: number) => readFileSync(join(written(options, seed), 'model.safetensors'));
  expect(weights(3).equals(readFileSync(join(folder, 'model.safetensors')))).toBe(true);
  expect(weights(4).equals(weights(3))).toBe(false);
});

test('any text comes back from its tokens, of which merges make fewer than bytes', () => {
  const folder = written(small, 1);
  const own = new Tokenizer(tokenizer(folder), {});
  const text = 'The whale, he said — “naïve” …\n\t42 times the rest of the rest';
  const { ids } = own.encode(text);
  expect(own.decode(ids)).toBe(text);
  expect(ids.length).toBeLessThan(Buffer.byteLength(text));
});
