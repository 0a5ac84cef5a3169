// A model as a GGUF file that llama.cpp loads. Keys and layouts: ggml-org/llama.cpp, conversion/llama.py and gguf-py/gguf.
import type { GgufType } from '../../contract/gguf-type.ts';
import { InputError } from '../../contract/input-error.ts';
import type { ModelConfig, ModelWeights } from '../../contract/model.ts';
import { type NewGgufTensor, writeGgufFile } from './gguf-file-write.ts';
import type { GgufMetadata, GgufValue } from './gguf-metadata.ts';
import { ROPE_FACTORS, toGgufName } from './gguf-names.ts';
import { modelTensors } from './model-tensors.ts';
import { llama3Factors } from './rope-factors.ts';
import { headsInPairs, toPairs } from './rotary-pairs.ts';

/** A matrix W [N,K] of the model, rows as Hugging Face has them. */
export interface ModelMatrix {
  readonly name: string;
  readonly N: number;
  readonly K: number;
}

/** How one matrix is stored: as so many bytes a row, row after row. */
export interface MatrixFormat {
  readonly type: GgufType;
  encode(W: Float32Array): Uint8Array;
}

export interface WrittenModel extends ModelWeights {
  readonly name: string;
  /** Left out, llama.cpp takes and gives ids alone. */
  ggufTokenizer?(): GgufMetadata;
}

/**
 * Matrices, the embedding among them, are stored as `formatOf` says, all else in f32. Throws InputError where the model has
 * something that llama.cpp does not run.
 */
export function writeModel(path: string, model: WrittenModel, formatOf: (matrix: ModelMatrix) => MatrixFormat): void {
  refuseWhatLlamaCppLacks(model);
  const tensors = [...modelTensors(model.config)].map(([name, shape]) => newTensor(model, name, shape, formatOf));
  const factors = ropeFactors(model.config);
  writeGgufFile(path, metadataOf(model), [...factors, ...tensors]);
}

function newTensor(
  model: ModelWeights,
  name: string,
  shape: readonly number[],
  formatOf: (matrix: ModelMatrix) => MatrixFormat,
): NewGgufTensor {
  const [N, K] = shape;
  const format = shape.length === 2 ? formatOf({ name, N, K }) : f32;
  const heads = headsInPairs(name, model.config);
  const bytes = () => {
    const rows = format.encode(model.tensor(name));
    return heads === undefined ? rows : toPairs(rows, heads, model.config.headDim);
  };
  return { name: toGgufName(name), shape, type: format.type, bytes };
}

export const f32: MatrixFormat = {
  type: 'F32',
  encode: (W) => new Uint8Array(W.buffer, W.byteOffset, W.byteLength),
};

function ropeFactors({ ropeScaling, ...config }: ModelConfig): NewGgufTensor[] {
  if (ropeScaling?.type !== 'llama3') return [];
  const factors = llama3Factors(config, ropeScaling);
  return [{ name: ROPE_FACTORS, shape: [factors.length], type: 'F32', bytes: () => f32.encode(factors) }];
}

function refuseWhatLlamaCppLacks({ name, config }: WrittenModel): void {
  const { architecture, ropeScaling, hasOutputBias, hasQkvBias, activation, experts } = config;
  const isLlama = architecture === 'llama';
  const lacks = [
    ropeScaling?.type === 'llama3' && !isLlama ? 'the rope scaling of llama3' : [],
    hasOutputBias && !isLlama ? 'a bias after attention' : [],
    hasQkvBias && architecture === 'qwen3' ? 'biases of queries, keys and values' : [],
    experts !== undefined ? 'experts in tensors of their own' : [],
    activation === 'relu' ? 'feed-forwards gated by ReLU' : [],
  ].flat();
  if (lacks.length === 0) return;
  throw new InputError(`${name}: must be what llama.cpp runs as ${architecture}, got ${lacks.join(' and ')}`);
}

function metadataOf({ name, config, ggufTokenizer }: WrittenModel): GgufMetadata {
  const text = (value: string): GgufValue => ({ type: 'string', value });
  const count = (value: number): GgufValue => ({ type: 'uint32', value });
  const real = (value: number): GgufValue => ({ type: 'float32', value });
  const own: Record<string, GgufValue> = {
    vocab_size: count(config.vocabularySize),
    context_length: count(config.contextLength),
    embedding_length: count(config.hiddenSize),
    block_count: count(config.layers),
    feed_forward_length: count(config.feedForwardSize),
    'attention.head_count': count(config.heads),
    'attention.head_count_kv': count(config.keyValueHeads),
    'attention.key_length': count(config.headDim),
    'attention.value_length': count(config.headDim),
    'attention.layer_norm_rms_epsilon': real(config.normEpsilon),
    'rope.dimension_count': count(config.headDim),
    'rope.freq_base': real(config.ropeTheta),
  };
  if (config.ropeScaling?.type === 'linear') {
    own['rope.scaling.type'] = text('linear');
    own['rope.scaling.factor'] = real(config.ropeScaling.factor);
  }
  return new Map([
    ['general.architecture', text(config.architecture)],
    ['general.type', text('model')],
    ['general.name', text(name)],
    ['general.quantization_version', count(2)],
    ...Object.entries(own).map(([key, value]): [string, GgufValue] => [`${config.architecture}.${key}`, value]),
    ...(ggufTokenizer?.() ?? [['tokenizer.ggml.model', text('no_vocab')]]),
  ]);
}
