// A folder of a small model as Hugging Face's libraries save it, with anything in it changed.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type NewTensor, writeF16Safetensors } from '../safetensors-write.ts';

export const smallConfig = {
  model_type: 'llama',
  vocab_size: 6,
  hidden_size: 8,
  intermediate_size: 12,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  max_position_embeddings: 64,
  tie_word_embeddings: true,
  hidden_act: 'silu',
};

/** Of a config's `rope_scaling`. */
export const llama3 = {
  rope_type: 'llama3',
  factor: 8,
  low_freq_factor: 1,
  high_freq_factor: 4,
  original_max_position_embeddings: 32,
};

export const smallTokenizer = {
  version: '1.0',
  added_tokens: [{ id: 5, content: '<s>', special: true, normalized: false }],
  normalizer: null,
  pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
  post_processor: null,
  decoder: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
  model: { type: 'BPE', vocab: { a: 0, b: 1, Ġ: 2, ab: 3, Ġab: 4 }, merges: ['a b', 'Ġ ab'] },
};

const layer = 'model.layers.0';
export const smallShapes: Readonly<Record<string, readonly number[]>> = {
  'model.embed_tokens.weight': [6, 8],
  'model.norm.weight': [8],
  [`${layer}.input_layernorm.weight`]: [8],
  [`${layer}.post_attention_layernorm.weight`]: [8],
  [`${layer}.self_attn.q_proj.weight`]: [8, 8],
  [`${layer}.self_attn.k_proj.weight`]: [4, 8],
  [`${layer}.self_attn.v_proj.weight`]: [4, 8],
  [`${layer}.self_attn.o_proj.weight`]: [8, 8],
  [`${layer}.mlp.gate_proj.weight`]: [12, 8],
  [`${layer}.mlp.up_proj.weight`]: [12, 8],
  [`${layer}.mlp.down_proj.weight`]: [8, 12],
};

/** The small model's tensors and more of its one layer. */
export function shapesWith(...more: Readonly<Record<string, readonly number[]>>[]) {
  const entries = more.flatMap((each) => Object.entries(each));
  return { ...smallShapes, ...Object.fromEntries(entries.map(([name, shape]) => [`${layer}.${name}`, shape])) };
}

/** Values that tell tensor and place, exact in f16. */
export function tensorsOf(shapes: Readonly<Record<string, readonly number[]>>): Record<string, NewTensor> {
  const entries = Object.entries(shapes).map(([name, shape], number): [string, NewTensor] => {
    const length = shape.reduce((product, extent) => product * extent, 1);
    return [name, { shape, values: Float32Array.from({ length }, (_, i) => 128 * number + i) }];
  });
  return Object.fromEntries(entries);
}

export interface SmallFolder {
  readonly config?: object;
  readonly tokenizer?: object;
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
  /** What else lies in it, or instead. */
  readonly files?: Readonly<Record<string, string>>;
}

export function writeSmallFolder({ config, tokenizer, shapes = smallShapes, files = {} }: SmallFolder = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'tare-model-'));
  const write = (name: string, content: string) => writeFileSync(join(folder, name), content);
  write('config.json', JSON.stringify({ ...smallConfig, ...config }));
  write('tokenizer.json', JSON.stringify({ ...smallTokenizer, ...tokenizer }));
  writeF16Safetensors(join(folder, 'model.safetensors'), tensorsOf(shapes));
  for (const [name, content] of Object.entries(files)) write(name, content);
  return folder;
}
