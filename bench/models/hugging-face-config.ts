// A network's config.json as Hugging Face's libraries read it.
import type { ModelConfig } from '../contract/model.ts';

/** `endOfText` is the token before and after a text. */
export function huggingFaceConfig(config: ModelConfig, endOfText: number): object {
  const { architecture, hasQkvBias, hasOutputBias, experts } = config;
  const kind = experts === undefined ? architecture : 'mixtral';
  return {
    architectures: [`${{ llama: 'Llama', qwen2: 'Qwen2', qwen3: 'Qwen3', mixtral: 'Mixtral' }[kind]}ForCausalLM`],
    model_type: kind,
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
    ...(experts === undefined
      ? {}
      : { num_local_experts: experts.count, num_experts_per_tok: experts.perToken, sliding_window: null }),
    hidden_act: config.activation,
    torch_dtype: 'float16',
    bos_token_id: endOfText,
    eos_token_id: endOfText,
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
