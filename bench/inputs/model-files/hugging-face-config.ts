// A model's configuration out of config.json. Fields and their defaults: huggingface/transformers, configuration_llama.py,
// configuration_mistral.py, configuration_qwen2.py and configuration_qwen3.py.
import { z } from 'zod';
import { InputError } from '../../contract/input-error.ts';
import type { Architecture, ModelConfig, RopeScaling } from '../../contract/model.ts';
import { visibleText } from '../../contract/visible-text.ts';
import { Count, checkConfig, checked, mustBe, Real } from './config-rules.ts';

interface Kind {
  readonly architecture: Architecture;
  /** What holds where the file doesn't say. */
  readonly headDim?: number;
  readonly slidingWindow?: number;
  readonly hasExperts?: boolean;
  readonly biases: (attentionBias: boolean) => Pick<ModelConfig, 'hasQkvBias' | 'hasOutputBias'>;
}

const asSaid = (attentionBias: boolean) => ({ hasQkvBias: attentionBias, hasOutputBias: attentionBias });

/** By `model_type`. */
const kinds: Readonly<Record<string, Kind>> = {
  llama: { architecture: 'llama', biases: asSaid },
  mistral: { architecture: 'llama', slidingWindow: 4096, biases: () => asSaid(false) },
  mixtral: { architecture: 'llama', hasExperts: true, biases: () => asSaid(false) },
  qwen2: { architecture: 'qwen2', biases: () => ({ hasQkvBias: true, hasOutputBias: false }) },
  qwen3: { architecture: 'qwen3', headDim: 128, biases: asSaid },
};

/** No objects in it: those would be rules for kinds of layers apart. */
const Rope = z
  .object({
    rope_type: z.string().optional(),
    type: z.string().optional(),
    rope_theta: Real.optional(),
    factor: Real.optional(),
    low_freq_factor: Real.optional(),
    high_freq_factor: Real.optional(),
    original_max_position_embeddings: Count.optional(),
    partial_rotary_factor: z.number().optional(),
  })
  .catchall(z.union([z.number(), z.string(), z.boolean(), z.null()]));

const Config = z.looseObject({
  vocab_size: Count,
  hidden_size: Count,
  intermediate_size: Count,
  num_hidden_layers: Count,
  num_attention_heads: Count,
  num_key_value_heads: Count.nullish(),
  head_dim: Count.nullish(),
  rms_norm_eps: Real.default(1e-6),
  max_position_embeddings: Count,
  rope_theta: Real.default(10_000),
  rope_scaling: Rope.nullish(),
  rope_parameters: Rope.nullish(),
  tie_word_embeddings: z.boolean().default(false),
  attention_bias: z.boolean().default(false),
  sliding_window: Count.nullish(),
  use_sliding_window: z.boolean().default(false),
  num_local_experts: Count.default(8),
  num_experts_per_tok: Count.default(2),
  layer_types: z.array(z.string()).nullish(),
});
type Config = z.infer<typeof Config>;

const EndIds = z.looseObject({ eos_token_id: z.union([z.int(), z.array(z.int())]).nullish() });

/** The token that ends a text, of several the first. */
export function endToken(where: string, json: unknown): number | undefined {
  const { eos_token_id: id } = checked(where, EndIds, json);
  return [id ?? []].flat()[0];
}

/** `where` names the file. Throws InputError on a model type, or an option of one, that is not run. */
export function huggingFaceConfig(where: string, json: unknown): ModelConfig {
  const kind = kindOf(where, json);
  const config = checked(where, Config, json);
  refuseWhatIsNotRun(where, config, kind);
  const rope = config.rope_parameters ?? config.rope_scaling ?? {};
  const heads = config.num_attention_heads;
  return checkConfig(where, {
    architecture: kind.architecture,
    vocabularySize: config.vocab_size,
    hiddenSize: config.hidden_size,
    feedForwardSize: config.intermediate_size,
    layers: config.num_hidden_layers,
    heads,
    keyValueHeads: config.num_key_value_heads ?? heads,
    headDim: config.head_dim ?? kind.headDim ?? config.hidden_size / heads,
    normEpsilon: config.rms_norm_eps,
    contextLength: config.max_position_embeddings,
    ropeTheta: rope.rope_theta ?? config.rope_theta,
    ropeScaling: ropeScaling(where, rope, config.max_position_embeddings),
    isHeadTied: config.tie_word_embeddings,
    ...kind.biases(config.attention_bias),
    hasQkNorm: kind.architecture === 'qwen3',
    activation: config.hidden_act === 'relu' ? 'relu' : 'silu',
    experts: kind.hasExperts ? { count: config.num_local_experts, perToken: config.num_experts_per_tok } : undefined,
  });
}

function kindOf(where: string, json: unknown): Kind {
  const { model_type } = checked(where, z.looseObject({ model_type: z.string() }), json);
  if (Object.hasOwn(kinds, model_type)) return kinds[model_type];
  const known = Object.keys(kinds).join(' ');
  throw new InputError(`${where}: model_type must be one of ${known}, got ${visibleText(model_type)}`);
}

function refuseWhatIsNotRun(where: string, config: Config, { slidingWindow }: Kind): void {
  mustBe(where, 'hidden_act', config.hidden_act, ['silu', 'swish', 'relu']);
  mustBe(where, 'mlp_bias', config.mlp_bias, [false]);
  mustBe(where, 'partial_rotary_factor', config.partial_rotary_factor, [1]);
  mustBe(where, 'quantization_config', config.quantization_config, ['none']);
  const isSliding = slidingWindow !== undefined || config.use_sliding_window;
  const tokens = config.sliding_window === undefined ? slidingWindow : config.sliding_window;
  const isShort = (tokens ?? Number.POSITIVE_INFINITY) < config.max_position_embeddings;
  mustBe(where, 'sliding_window', isSliding && isShort ? tokens : undefined, ['null']);
  for (const type of config.layer_types ?? []) mustBe(where, 'layer_types', type, ['full_attention']);
}

function ropeScaling(where: string, rope: z.infer<typeof Rope>, contextLength: number): RopeScaling | undefined {
  mustBe(where, 'partial_rotary_factor', rope.partial_rotary_factor, [1]);
  const type = rope.rope_type ?? rope.type ?? 'default';
  mustBe(where, 'rope_type', type, ['default', 'linear', 'llama3']);
  if (type === 'linear') {
    const { factor } = checked(where, z.object({ factor: Real }), rope);
    return factor === 1 ? undefined : { type, factor };
  }
  if (type !== 'llama3') return undefined;
  const Llama3 = z.object({ factor: Real, low_freq_factor: Real, high_freq_factor: Real });
  const { factor, low_freq_factor, high_freq_factor } = checked(where, Llama3, rope);
  return {
    type,
    factor,
    lowFrequencyFactor: low_freq_factor,
    highFrequencyFactor: high_freq_factor,
    originalContextLength: rope.original_max_position_embeddings ?? contextLength,
  };
}
