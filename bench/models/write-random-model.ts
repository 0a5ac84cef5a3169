// Models of random weights, as folders that Hugging Face's libraries read: for what depends on an architecture or a size and
// not on what a model has learnt.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EMBEDDING, linearLayers, type ModelConfig, otherTensors } from '../contract/model.ts';
import { type NewTensor, writeF16Safetensors } from '../inputs/safetensors-write.ts';
import { type Random, seededRandom } from '../statistics/random.ts';

/** huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct, config.json */
export const SMOLLM2_135M: ModelConfig = {
  architecture: 'llama',
  vocabularySize: 49152,
  hiddenSize: 576,
  feedForwardSize: 1536,
  layers: 30,
  heads: 9,
  keyValueHeads: 3,
  headDim: 64,
  normEpsilon: 1e-5,
  contextLength: 8192,
  ropeTheta: 100_000,
  isHeadTied: true,
  hasQkvBias: false,
  hasOutputBias: false,
  hasQkNorm: false,
};

const END_OF_TEXT = '<|endoftext|>';
/** Letters of a token at most. */
const LONGEST_TOKEN = 8;

/** Writes config.json, model.safetensors (F16) and tokenizer.json. Equal arguments write equal files. */
export function writeRandomModel(folder: string, config: ModelConfig, seed: number): void {
  mkdirSync(folder, { recursive: true });
  const write = (file: string, content: object) => writeFileSync(join(folder, file), JSON.stringify(content, null, 2));
  write('config.json', huggingFaceConfig(config));
  write('tokenizer.json', bytePairTokenizer(config.vocabularySize, seededRandom(seed, 1)));
  writeF16Safetensors(join(folder, 'model.safetensors'), randomTensors(config, seededRandom(seed)));
}

function huggingFaceConfig(config: ModelConfig): object {
  const { architecture, hasQkvBias, hasOutputBias } = config;
  return {
    architectures: [{ llama: 'LlamaForCausalLM', qwen2: 'Qwen2ForCausalLM', qwen3: 'Qwen3ForCausalLM' }[architecture]],
    model_type: architecture,
    vocab_size: config.vocabularySize,
    hidden_size: config.hiddenSize,
    intermediate_size: config.feedForwardSize,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.keyValueHeads,
    head_dim: config.headDim,
    rms_norm_eps: config.normEpsilon,
    max_position_embeddings: config.contextLength,
    rope_theta: config.ropeTheta,
    rope_scaling: ropeScaling(config),
    tie_word_embeddings: config.isHeadTied,
    // Qwen2 has biases on queries, keys and values without saying so.
    ...(architecture === 'qwen2' ? {} : { attention_bias: hasQkvBias || hasOutputBias }),
    hidden_act: 'silu',
    torch_dtype: 'float16',
    bos_token_id: 0,
    eos_token_id: 0,
  };
}

function ropeScaling({ ropeScaling: scaling }: ModelConfig): object | null {
  if (scaling === undefined) return null;
  if (scaling.type === 'linear') return { rope_type: 'linear', factor: scaling.factor };
  return {
    rope_type: 'llama3',
    factor: scaling.factor,
    low_freq_factor: scaling.lowFrequencyFactor,
    high_freq_factor: scaling.highFrequencyFactor,
    original_max_position_embeddings: scaling.originalContextLength,
  };
}

/** Matrices that keep the size of what they multiply, gains around 1 and small biases. */
function randomTensors(config: ModelConfig, { gaussian }: Random): Record<string, NewTensor> {
  const { vocabularySize, hiddenSize } = config;
  const shapes = new Map<string, readonly number[]>([
    [EMBEDDING, [vocabularySize, hiddenSize]],
    ...linearLayers(config).map(({ name, N, K }) => [name, [N, K]] as const),
  ]);
  for (const { name, length } of otherTensors(config)) if (!shapes.has(name)) shapes.set(name, [length]);
  const drawn = [...shapes].map(([name, shape]) => {
    const mean = name.includes('norm') ? 1 : 0;
    const deviation = shape.length === 2 ? 1 / Math.sqrt(shape[1]) : 0.2;
    const values = new Float32Array(shape.reduce((size, length) => size * length));
    for (let i = 0; i < values.length; i++) values[i] = mean + deviation * gaussian();
    return [name, { shape, values }] as const;
  });
  return Object.fromEntries(drawn);
}

/** Byte-level BPE as GPT-2 has it, whose merges join letters at random. */
function bytePairTokenizer(vocabularySize: number, { uniform }: Random): object {
  const bytes = byteLetters();
  const letters = [...'Ġetaoinshrdlucmfwypvbgkjqxz'];
  const merges: [string, string][] = [];
  const tokens = new Set([END_OF_TEXT, ...bytes]);
  const parts = [...letters];
  const draw = () => parts[Math.floor(uniform() * parts.length)];
  while (tokens.size < vocabularySize) {
    const [left, right] = [draw(), draw()];
    const joined = left + right;
    if (joined.length > LONGEST_TOKEN || right.startsWith('Ġ') || tokens.has(joined)) continue;
    tokens.add(joined);
    parts.push(joined);
    merges.push([left, right]);
  }
  const vocab = Object.fromEntries([...tokens].slice(0, vocabularySize).map((token, id) => [token, id]));
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  return {
    version: '1.0',
    added_tokens: [
      {
        id: 0,
        content: END_OF_TEXT,
        special: true,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
      },
    ],
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: byteLevel,
    model: { type: 'BPE', byte_fallback: false, vocab, merges: merges.map((pair) => pair.join(' ')) },
  };
}

/** The letter that stands for each byte: its own where that can be seen, and from Ā on those for the rest. */
function byteLetters(): string[] {
  const isSeen = (byte: number) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(isSeen(byte) ? byte : next++));
}
