import { rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { writeF16Safetensors } from '../safetensors-write.ts';
import { openModel } from './open-model.ts';
import {
  llama3,
  type SmallFolder,
  shapesWith,
  smallShapes,
  tensorsOf,
  writeSmallFolder,
} from './small-folder.fixture.ts';

const qkvBiases = { 'self_attn.q_proj.bias': [8], 'self_attn.k_proj.bias': [4], 'self_attn.v_proj.bias': [4] };
const outputBias = { 'self_attn.o_proj.bias': [8] };
const qkNorms = { 'self_attn.q_norm.weight': [4], 'self_attn.k_norm.weight': [4] };

test('a folder is a model by its own name', () => {
  const folder = writeSmallFolder();
  const model = openModel(folder);
  expect(model.name).toBe(basename(folder));
  expect(model.config).toEqual({
    architecture: 'llama',
    vocabularySize: 6,
    hiddenSize: 8,
    feedForwardSize: 12,
    layers: 1,
    heads: 2,
    keyValueHeads: 1,
    headDim: 4,
    normEpsilon: 1e-5,
    contextLength: 64,
    ropeTheta: 10000,
    ropeScaling: undefined,
    isHeadTied: true,
    hasQkvBias: false,
    hasOutputBias: false,
    hasQkNorm: false,
    activation: 'silu',
  });
  for (const [name, { values }] of Object.entries(tensorsOf(smallShapes))) expect(model.tensor(name)).toEqual(values);
  expect(model.tokenizer.encode('ab ab<s>b')).toEqual([3, 4, 5, 1]);
  expect(model.tokenizer.decode([3, 4, 5, 1])).toBe('ab ab<s>b');
});

test('tensors of shards are read where the index says', () => {
  const folder = writeSmallFolder();
  const tensors = Object.entries(tensorsOf(smallShapes));
  const halves = [tensors.slice(0, 4), tensors.slice(4)];
  for (const [i, half] of halves.entries())
    writeF16Safetensors(join(folder, `part-${i}.safetensors`), Object.fromEntries(half));
  const weight_map = Object.fromEntries(
    halves.flatMap((half, i) => half.map(([name]) => [name, `part-${i}.safetensors`])),
  );
  writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map }));
  rmSync(join(folder, 'model.safetensors'));
  const model = openModel(folder);
  for (const [name, { values }] of tensors) expect(model.tensor(name)).toEqual(values);
});

const llama3Scaling = {
  type: 'llama3',
  factor: 8,
  lowFrequencyFactor: 1,
  highFrequencyFactor: 4,
  originalContextLength: 32,
};

const expertNames: Readonly<Record<string, string>> = { gate_proj: 'w1', up_proj: 'w3', down_proj: 'w2' };
const mixtralShapes = Object.fromEntries(
  Object.entries(smallShapes).flatMap(([name, shape]) => {
    const [, layer, part] = /^(.*)\.mlp\.(.*)\.weight$/.exec(name) ?? [];
    if (layer === undefined) return [[name, shape] as const];
    const block = `${layer}.block_sparse_moe`;
    const experts = [0, 1].map((e) => [`${block}.experts.${e}.${expertNames[part]}.weight`, shape] as const);
    return [[`${block}.gate.weight`, [2, 8]] as const, ...experts];
  }),
);

test.each<[what: string, folder: SmallFolder, config: object]>([
  ['Mistral', { config: { model_type: 'mistral', sliding_window: null } }, { architecture: 'llama' }],
  [
    'Mistral with a window that all of a text fits in',
    { config: { model_type: 'mistral' } },
    { architecture: 'llama' },
  ],
  [
    'Qwen2 with biases it does not tell of',
    { config: { model_type: 'qwen2', sliding_window: 32 }, shapes: shapesWith(qkvBiases) },
    { architecture: 'qwen2', hasQkvBias: true, hasOutputBias: false },
  ],
  [
    'Qwen3 with norms of queries and keys',
    { config: { model_type: 'qwen3', head_dim: 4 }, shapes: shapesWith(qkNorms) },
    { architecture: 'qwen3', hasQkNorm: true, hasQkvBias: false },
  ],
  [
    'Llama with biases',
    { config: { attention_bias: true }, shapes: shapesWith(qkvBiases, outputBias) },
    { hasQkvBias: true, hasOutputBias: true },
  ],
  [
    'Mixtral with its experts',
    { config: { model_type: 'mixtral', num_local_experts: 2, num_experts_per_tok: 1 }, shapes: mixtralShapes },
    { architecture: 'llama', experts: { count: 2, perToken: 1 } },
  ],
  ['feed-forwards gated by ReLU', { config: { hidden_act: 'relu' } }, { activation: 'relu' }],
  [
    'a head of its own',
    { config: { tie_word_embeddings: false }, shapes: { ...smallShapes, 'lm_head.weight': [6, 8] } },
    { isHeadTied: false },
  ],
  [
    'heads of a size of their own',
    {
      config: { head_dim: 6 },
      shapes: shapesWith({
        'self_attn.q_proj.weight': [12, 8],
        'self_attn.k_proj.weight': [6, 8],
        'self_attn.v_proj.weight': [6, 8],
        'self_attn.o_proj.weight': [8, 12],
      }),
    },
    { headDim: 6 },
  ],
  [
    'linear scaling',
    { config: { rope_scaling: { type: 'linear', factor: 4 } } },
    { ropeScaling: { type: 'linear', factor: 4 } },
  ],
  ['the scaling of Llama 3', { config: { rope_scaling: llama3 } }, { ropeScaling: llama3Scaling }],
  [
    'rotary numbers as newer files have them',
    { config: { rope_theta: undefined, rope_parameters: { ...llama3, rope_theta: 500000 } } },
    { ropeScaling: llama3Scaling, ropeTheta: 500000 },
  ],
  ['no scaling by name', { config: { rope_scaling: { rope_type: 'default' } } }, { ropeScaling: undefined }],
  [
    'tensors that are stored beside a tied head and follow from the configuration',
    { shapes: { ...shapesWith({ 'self_attn.rotary_emb.inv_freq': [2] }), 'lm_head.weight': [6, 8] } },
    { isHeadTied: true },
  ],
])('reads %s', (_, folder, config) => {
  expect(openModel(writeSmallFolder(folder)).config).toMatchObject(config);
});
