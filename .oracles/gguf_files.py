"""A GGUF file of a small model, written by the gguf package, and the sums of what its tensors hold in Hugging Face's layout."""

import hashlib
import json
import sys
from pathlib import Path

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Type

HIDDEN, FEED_FORWARD, HEADS, KEY_HEADS, HEAD_DIM = 64, 96, 4, 2, 16
TOKENS = ["<|end|>", *(bytes([b]).decode("latin1") for b in b"abcdefgh"), "Ġ", "ab", "abc", "Ġd"]
MERGES = ["a b", "ab c", "Ġ d"]
LAYER = {
    "attn_norm": ("input_layernorm", [HIDDEN], Type.F32),
    "attn_q": ("self_attn.q_proj", [HEADS * HEAD_DIM, HIDDEN], Type.Q8_0),
    "attn_k": ("self_attn.k_proj", [KEY_HEADS * HEAD_DIM, HIDDEN], Type.Q5_1),
    "attn_v": ("self_attn.v_proj", [KEY_HEADS * HEAD_DIM, HIDDEN], Type.Q5_0),
    "attn_output": ("self_attn.o_proj", [HIDDEN, HEADS * HEAD_DIM], Type.Q4_1),
    "ffn_norm": ("post_attention_layernorm", [HIDDEN], Type.F32),
    "ffn_gate": ("mlp.gate_proj", [FEED_FORWARD, HIDDEN], Type.Q4_0),
    "ffn_up": ("mlp.up_proj", [FEED_FORWARD, HIDDEN], Type.BF16),
    "ffn_down": ("mlp.down_proj", [HIDDEN, FEED_FORWARD], Type.F16),
}
MODEL = {
    "token_embd": ("model.embed_tokens", [len(TOKENS), HIDDEN], Type.F32),
    "output_norm": ("model.norm", [HIDDEN], Type.F32),
    "output": ("lm_head", [len(TOKENS), HIDDEN], Type.F16),
}


def permuted(weights: np.ndarray, heads: int) -> np.ndarray:
    """As llama.cpp's conversion of Llama does it."""
    return weights.reshape(heads, 2, weights.shape[0] // heads // 2, -1).swapaxes(1, 2).reshape(weights.shape)


def restored(weights: np.ndarray, heads: int) -> np.ndarray:
    return weights.reshape(heads, weights.shape[0] // heads // 2, 2, -1).swapaxes(1, 2).reshape(weights.shape)


def main(folder: Path) -> None:
    random = np.random.default_rng(4)
    path = folder / "bench/inputs/model-files/small-llama.gguf"
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(1)
    writer.add_context_length(128)
    writer.add_embedding_length(HIDDEN)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KEY_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(20000)
    writer.add_rope_dimension_count(HEAD_DIM)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(TOKENS)
    writer.add_token_types([3] + [1] * (len(TOKENS) - 1))
    writer.add_token_merges(MERGES)
    writer.add_bos_token_id(0)
    writer.add_add_bos_token(True)
    sums = {}
    tensors = {f"blk.0.{name}": (f"model.layers.0.{other}", *rest) for name, (other, *rest) in LAYER.items()}
    for name, (other, shape, type) in {**MODEL, **tensors}.items():
        weights = random.standard_normal(shape).astype(np.float32)
        heads = {"attn_q": HEADS, "attn_k": KEY_HEADS}.get(name.removeprefix("blk.0."))
        stored = gguf.quantize(weights if heads is None else permuted(weights, heads), type)
        writer.add_tensor(f"{name}.weight", stored, raw_dtype=type)
        values = gguf.dequantize(stored, type).reshape(shape).astype(np.float32)
        values = values if heads is None else np.ascontiguousarray(restored(values, heads))
        sums[f"{other}.weight"] = hashlib.sha256(values.tobytes()).hexdigest()
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    (path.parent / "small-llama-sums.json").write_text(json.dumps(sums, indent=2) + "\n")


main(Path(sys.argv[1]))
