"""Small models of random weights as GGUF files: gguf_models.py FOLDER.

The gguf package writes the files and ggml's own library quantises, so that nothing of tare has a part in them. Their
vocabulary is that of single bytes.
"""

import ctypes
import sys
from importlib.metadata import files
from pathlib import Path

import numpy as np
from gguf import GGML_QUANT_SIZES, GGUFWriter
from gguf import GGMLQuantizationType as Type

HIDDEN, FEED_FORWARD, HEADS, KEY_VALUE_HEADS, HEAD_DIM, LAYERS = 256, 512, 4, 2, 64, 2
TYPES = (Type.F32, Type.Q8_0, Type.Q4_0, Type.Q4_K, Type.Q6_K)
ARCHITECTURES = ("llama", "qwen2", "qwen3")


def ggml_quantizer():
    library = next(file for file in files("pywhispercpp") if "pywhispercpp.libs/libggml-base" in str(file))
    quantize = ctypes.CDLL(str(library.locate())).ggml_quantize_chunk
    quantize.argtypes = [ctypes.c_int, *[ctypes.c_void_p] * 2, *[ctypes.c_int64] * 3, ctypes.c_void_p]
    quantize.restype = ctypes.c_size_t

    def blocks(weights, type):
        if type == Type.F32:
            return weights
        rows, K = weights.shape
        block, size = GGML_QUANT_SIZES[type]
        out = np.zeros((rows, K // block * size), np.uint8)
        quantize(type, weights.ctypes.data, out.ctypes.data, 0, rows, K, None)
        return out

    return blocks


def byte_letters():
    seen = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = iter(range(256, 512))
    return [chr(byte) if byte in seen else chr(next(rest)) for byte in range(256)]


def write(path, architecture, type, quantize):
    random = np.random.default_rng(5)
    writer = GGUFWriter(path, architecture)
    writer.add_block_count(LAYERS)
    writer.add_context_length(512)
    writer.add_embedding_length(HIDDEN)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KEY_VALUE_HEADS)
    writer.add_key_length(HEAD_DIM)
    writer.add_value_length(HEAD_DIM)
    writer.add_rope_dimension_count(HEAD_DIM)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    tokens = ["<|endoftext|>", *byte_letters()]
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([3] + [1] * 256)
    # llama.cpp takes no vocabulary without merges; no text has these two letters side by side.
    writer.add_token_merges(["ÿ ÿ"])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(0)

    def matrix(name, rows, K):
        weights = (random.standard_normal((rows, K)) * 1.5 / K**0.5).astype(np.float32)
        writer.add_tensor(name, quantize(weights, type), raw_dtype=type)

    def vector(name, length, mean):
        writer.add_tensor(name, (mean + 0.2 * random.standard_normal(length)).astype(np.float32))

    matrix("token_embd.weight", len(tokens), HIDDEN)
    if architecture != "qwen2":
        matrix("output.weight", len(tokens), HIDDEN)
    vector("output_norm.weight", HIDDEN, 1)
    keys = KEY_VALUE_HEADS * HEAD_DIM
    for block in (f"blk.{i}." for i in range(LAYERS)):
        vector(block + "attn_norm.weight", HIDDEN, 1)
        vector(block + "ffn_norm.weight", HIDDEN, 1)
        for name, rows in (("q", HEADS * HEAD_DIM), ("k", keys), ("v", keys)):
            matrix(f"{block}attn_{name}.weight", rows, HIDDEN)
            if architecture == "qwen2":
                vector(f"{block}attn_{name}.bias", rows, 0)
        if architecture == "qwen3":
            vector(block + "attn_q_norm.weight", HEAD_DIM, 1)
            vector(block + "attn_k_norm.weight", HEAD_DIM, 1)
        matrix(block + "attn_output.weight", HIDDEN, HEADS * HEAD_DIM)
        matrix(block + "ffn_gate.weight", FEED_FORWARD, HIDDEN)
        matrix(block + "ffn_up.weight", FEED_FORWARD, HIDDEN)
        matrix(block + "ffn_down.weight", HIDDEN, FEED_FORWARD)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
for architecture in ARCHITECTURES:
    for type in TYPES:
        write(folder / f"{architecture}-{type.name}.gguf", architecture, type, ggml_quantizer())
