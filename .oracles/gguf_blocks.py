"""GGUF blocks of hand-made weights, and what they stand for.

Blocks are those of ggml's own library, which the wheel of pywhispercpp carries; the gguf package must give the same bytes
where it quantises the type itself, and it alone says what blocks stand for.
"""

import base64
import ctypes
import json
import sys
from importlib.metadata import files
from pathlib import Path

import gguf
import numpy as np
from gguf import GGML_QUANT_SIZES
from gguf import GGMLQuantizationType as Type

TYPES = (Type.Q8_0, Type.Q4_0, Type.Q4_1, Type.Q4_K, Type.Q5_K, Type.Q6_K, Type.IQ4_NL, Type.TQ1_0, Type.TQ2_0, Type.MXFP4)
TAKES_IMPORTANCE = (Type.Q4_0, Type.Q4_1, Type.Q4_K, Type.Q5_K, Type.Q6_K, Type.IQ4_NL)
WEIGHTS = 256
F16_MAX = 65504


def inputs() -> dict[str, np.ndarray]:
    random = np.random.default_rng(1)
    steps = np.arange(WEIGHTS)
    gaussians = random.standard_normal(WEIGHTS)
    outliers = random.standard_normal(WEIGHTS)
    outliers[[7, 40, 200]] = [30, -50, 12]
    largest = np.where(random.random(WEIGHTS) < 0.5, 1, -1) * F16_MAX
    return {
        "cosines": 0.1 + 2 * np.cos(steps),
        "gaussians": gaussians,
        "outliers": outliers,
        # Of three thousand seeds, ones whose scales and minima ggml moves more than twice for an imatrix, in Q4_K and Q5_K.
        "scales moved thrice, 4 bits": np.random.default_rng(1793).standard_normal(WEIGHTS),
        "scales moved thrice, 5 bits": np.random.default_rng(7).standard_normal(WEIGHTS),
        "one outlier among zeros": np.where(steps == 100, -3, 0),
        "groups of a size of their own": random.standard_normal(WEIGHTS) * 10.0 ** -(steps // 32),
        "above zero": 5 + random.random(WEIGHTS),
        "below zero": -5 - random.random(WEIGHTS),
        "halves": (steps % 31 - 15) / 2,
        "zeros": np.zeros(WEIGHTS),
        "one value": np.full(WEIGHTS, 0.3),
        "one value below zero": np.full(WEIGHTS, -0.7),
        "scales that are subnormal in f16": gaussians * 1e-5,
        "scales that are zero in f16": gaussians * 1e-9,
        "the largest f16": largest,
    }


def ggml_quantizer():
    library = next(file for file in files("pywhispercpp") if "pywhispercpp.libs/libggml-base" in str(file))
    quantize = ctypes.CDLL(str(library.locate())).ggml_quantize_chunk
    floats = ctypes.POINTER(ctypes.c_float)
    whole = ctypes.c_int64
    quantize.argtypes = [ctypes.c_int, floats, ctypes.c_void_p, whole, whole, whole, floats]
    quantize.restype = ctypes.c_size_t

    def blocks(weights: np.ndarray, type: Type, importance: np.ndarray | None = None) -> np.ndarray:
        # Q4_0 and Q4_1 look at the mean square of a row: rows of one block, so that it is that of the block.
        row = 32 if type in (Type.Q4_0, Type.Q4_1) else WEIGHTS
        block, size = GGML_QUANT_SIZES[type]
        out = np.zeros(WEIGHTS // block * size, np.uint8)
        for at in range(0, WEIGHTS, row):
            x = np.ascontiguousarray(weights[at : at + row])
            own = None if importance is None else np.ascontiguousarray(importance[at : at + row])
            quantize(
                type,
                x.ctypes.data_as(floats),
                out.ctypes.data + at // block * size,
                0,
                1,
                row,
                None if own is None else own.ctypes.data_as(floats),
            )
        return out

    return blocks


def text(array: np.ndarray) -> str:
    return base64.b64encode(array.tobytes()).decode()


def main(folder: Path) -> None:
    quantize = ggml_quantizer()
    importance = np.random.default_rng(2).gamma(0.5, size=WEIGHTS).astype(np.float32)
    cases = {}
    for name, values in inputs().items():
        weights = values.astype(np.float32)
        case = {"weights": text(weights), "blocks": {}, "blocksByImportance": {}, "restored": {}}
        for type in TYPES:
            blocks = quantize(weights, type)
            case["blocks"][type.name] = text(blocks)
            try:
                if not np.array_equal(gguf.quantize(weights, type), blocks):
                    raise SystemExit(f"gguf_blocks: gguf and ggml must agree on {type.name} of {name}")
            except NotImplementedError:
                pass
            if type in TAKES_IMPORTANCE:
                case["blocksByImportance"][type.name] = text(quantize(weights, type, importance))
            if name in ("cosines", "outliers"):
                case["restored"][type.name] = text(gguf.dequantize(blocks, type).astype(np.float32))
        cases[name] = case
    vectors = folder / "kernels/grid/gguf-vectors.json"
    vectors.parent.mkdir(parents=True, exist_ok=True)
    vectors.write_text(json.dumps({"importance": text(importance), "cases": cases}, indent=2) + "\n")


main(Path(sys.argv[1]))
