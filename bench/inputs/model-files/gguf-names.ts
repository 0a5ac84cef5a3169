// Names of tensors in GGUF files and those that Hugging Face gives the same ones.
// Source: ggml-org/llama.cpp, gguf-py/gguf/tensor_mapping.py and constants.py.

const ofModel = { token_embd: 'embed_tokens', output_norm: 'norm' };
const ofLayer = {
  attn_norm: 'input_layernorm',
  attn_q: 'self_attn.q_proj',
  attn_k: 'self_attn.k_proj',
  attn_v: 'self_attn.v_proj',
  attn_output: 'self_attn.o_proj',
  attn_q_norm: 'self_attn.q_norm',
  attn_k_norm: 'self_attn.k_norm',
  ffn_norm: 'post_attention_layernorm',
  ffn_gate: 'mlp.gate_proj',
  ffn_up: 'mlp.up_proj',
  ffn_down: 'mlp.down_proj',
};

/** Factors that frequencies of rotary embeddings are divided by; Hugging Face has them in the configuration. */
export const ROPE_FACTORS = 'rope_freqs.weight';

const stems = new Map([
  ['output', 'lm_head'],
  ...Object.entries(ofModel).map(([gguf, other]) => [gguf, `model.${other}`] as const),
]);
const layerStems = new Map(Object.entries(ofLayer));
const ggufStems = new Map([...stems].map(([gguf, other]) => [other, gguf]));
const ggufLayerStems = new Map([...layerStems].map(([gguf, other]) => [other, gguf]));

/** `blk.0.attn_q.weight` is `model.layers.0.self_attn.q_proj.weight`. Names of no such tensor stay as they are. */
export function fromGgufName(name: string): string {
  const { layer, stem, kind } =
    /^(?:blk\.(?<layer>\d+)\.)?(?<stem>\w+)\.(?<kind>weight|bias)$/.exec(name)?.groups ?? {};
  const other = layer === undefined ? stems.get(stem) : layerStems.get(stem);
  if (other === undefined) return name;
  return layer === undefined ? `${other}.${kind}` : `model.layers.${layer}.${other}.${kind}`;
}

export function toGgufName(name: string): string {
  const { layer, stem, kind } =
    /^(?:model\.layers\.(?<layer>\d+)\.)?(?<stem>.+)\.(?<kind>weight|bias)$/.exec(name)?.groups ?? {};
  const gguf = layer === undefined ? ggufStems.get(stem) : ggufLayerStems.get(stem);
  if (gguf === undefined) throw new Error(`tensor: must be of a model of the Llama family, got ${name}`);
  return layer === undefined ? `${gguf}.${kind}` : `blk.${layer}.${gguf}.${kind}`;
}
