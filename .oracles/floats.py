"""Small floats and the formats made of them, from ml-dtypes and from definitions in numpy: floats.py FOLDER.

The definitions look each number up among all values, in double. Where gguf or bitsandbytes is installed (its library for
CPUs, which needs no torch), what they have of the formats must be the same.
"""

import base64
import ctypes
import hashlib
import importlib.util
import json
import sys
from pathlib import Path
from statistics import NormalDist

import ml_dtypes
import numpy as np

F32 = np.float32
FOLDER = Path(sys.argv[1]) / "kernels/grid"

ELEMENTS = {
    "e2m1": (ml_dtypes.float4_e2m1fn, 4),
    "e4m3": (ml_dtypes.float8_e4m3fn, 8),
    "e5m2": (ml_dtypes.float8_e5m2, 8),
    "f16": (np.float16, 16),
    "bf16": (ml_dtypes.bfloat16, 16),
}


def text(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def values_of(name):
    dtype, bits = ELEMENTS[name]
    codes = np.arange(2**bits, dtype=np.uint16 if bits == 16 else np.uint8)
    with np.errstate(invalid="ignore"):
        return codes.view(dtype).astype(F32)


def largest_of(name):
    return F32(ml_dtypes.finfo(ELEMENTS[name][0]).max)


def codes_by_library(name, inputs):
    dtype, bits = ELEMENTS[name]
    largest = largest_of(name)
    return np.clip(inputs, -largest, largest).astype(dtype).view(np.uint16 if bits == 16 else np.uint8)


def codes_by_definition(name, numbers):
    """The nearest finite value, of two as near the one with the even code; the sign apart."""
    values = values_of(name)
    half = len(values) // 2
    positive = values[:half][np.isfinite(values[:half])].astype(np.float64)
    middles = (positive[:-1] + positive[1:]) / 2
    magnitudes = np.abs(np.asarray(numbers, np.float64))
    below = np.searchsorted(middles, magnitudes, "left")
    above = np.searchsorted(middles, magnitudes, "right")
    codes = np.where(below % 2 == 0, below, above)
    return (codes + half * np.signbit(numbers)).astype(np.uint16 if half > 128 else np.uint8)


def rounding_inputs(name, random):
    """Halfway between all neighbours (of 16 bits, some), one f32 to either side, and past both ends."""
    values = values_of(name)
    positive = values[: len(values) // 2]
    positive = positive[np.isfinite(positive)]
    chosen = np.arange(len(positive) - 1)
    if len(chosen) > 128:
        chosen = np.sort(random.choice(chosen, 160, replace=False))
    middles = ((positive[chosen].astype(np.float64) + positive[chosen + 1]) / 2).astype(F32)
    infinity = F32(np.inf)
    near = [middles, np.nextafter(middles, infinity), np.nextafter(middles, F32(0)), positive[chosen]]
    largest = largest_of(name)
    ends = np.array([0, 1e-45, 1e-40, positive[1] / 4, largest, 3.4e38], F32)
    spread = np.exp(random.uniform(-20, 12, 100)).astype(F32)
    inputs = np.concatenate([*near, ends, spread])
    return np.concatenate([inputs, -inputs])


def small_floats():
    random = np.random.RandomState(4)
    answers = {"e8m0": {"values": text(np.arange(256, dtype=np.uint8).view(ml_dtypes.float8_e8m0fnu).astype(F32))}}
    for name in ELEMENTS:
        inputs = rounding_inputs(name, random)
        codes = codes_by_library(name, inputs)
        assert (codes == codes_by_definition(name, inputs)).all(), name
        values = {} if ELEMENTS[name][1] == 16 else {"values": text(values_of(name))}
        answers[name] = {**values, "inputs": text(inputs), "codes": text(codes)}
    return answers


def matrices():
    random = np.random.RandomState(7)
    K = 320
    gaussian = random.standard_normal((3, K)).astype(F32)
    plain = gaussian * np.array([[1], [0.02], [1]], F32)
    plain[2] *= np.abs(random.standard_normal(K)).astype(F32) ** 2
    mixed = np.zeros((7, K), F32)
    mixed[0] = gaussian[0]
    mixed[1, 64:] = gaussian[1, 64:]
    mixed[1, 100] = 30
    mixed[2] = 0.7
    mixed[3] = 1e-40 * np.sign(gaussian[2])
    mixed[4] = gaussian[2]
    mixed[4, ::64] = 65504
    mixed[4, 7] = -65504
    mixed[5] = (np.arange(K) % 49 - 24) / 4
    mixed[5, ::16] = 6
    mixed[6] = gaussian[0] * F32(1e-9)
    return plain, mixed


def magnitudes(W, block):
    return np.abs(W.reshape(-1, block)).max(axis=1)


def by_groups(name, W, scales, block):
    """Codes of W / scale, 0 where the scale is; and what they stand for."""
    groups = W.reshape(-1, block).astype(np.float64)
    divisors = np.where(scales == 0, 1, scales).astype(np.float64)[:, None]
    codes = codes_by_definition(name, groups / divisors)
    codes = np.where(scales[:, None] == 0, np.zeros_like(codes), codes)
    return {"codes": codes, "decoded": scales.astype(F32)[:, None] * values_of(name)[codes]}


def mx(name, W):
    """OCP MX 1.0, §6.3: the exponent of the largest less that of the largest power of two among elements."""
    largest = magnitudes(W, 32).astype(np.float64)
    emax = {"e2m1": 2, "e4m3": 8, "e5m2": 15}[name]
    exponents = np.frexp(np.where(largest == 0, 2.0**-200, largest))[1] - 1 - emax
    codes = (np.clip(exponents, -127, 127) + 127).astype(np.uint8)
    scales = codes.view(ml_dtypes.float8_e8m0fnu).astype(F32)
    return {"scaleCodes": codes, **by_groups(name, W, scales, 32)}


def nvfp4(W):
    tensor = F32(np.float64(np.abs(W).max()) / (448 * 6))
    codes = codes_by_definition("e4m3", magnitudes(W, 16).astype(np.float64) / (6 * np.float64(tensor)))
    scales = tensor * values_of("e4m3")[codes]
    return {"scales": np.array([tensor]), "scaleCodes": codes, **by_groups("e2m1", W, scales, 16)}


def fp8(name, W, granularity):
    block = W.shape[1] if granularity == "channel" else W.size
    scales = (magnitudes(W, block).astype(np.float64) / largest_of(name)).astype(F32)
    return {"scales": scales, **by_groups(name, W, scales, block)}


def sixteen(name, W):
    codes = codes_by_library(name, W)
    return {"codes": codes, "decoded": values_of(name)[codes]}


# bitsandbytes/backends/utils.py
NF4 = np.array(
    "-1 -.6961928009986877 -.5250730514526367 -.39491748809814453 -.28444138169288635 -.18477343022823334"
    " -.09105003625154495 0 .07958029955625534 .16093020141124725 .24611230194568634 .33791524171829224"
    " .44070982933044434 .5626170039176941 .7229568362236023 1".split(),
    F32,
)


def check_nf4():
    """Quantiles of the normal distribution, 8 parts above 0 and 7 below: create_normal_map() of bitsandbytes/functional.py."""
    quantile = NormalDist().inv_cdf
    above = [quantile(p) for p in np.linspace(0.9677083, 0.5, 9)[:-1]]
    below = [-quantile(p) for p in np.linspace(0.9677083, 0.5, 8)[:-1]]
    values = np.sort([*above, 0, *below])
    assert np.abs(values / values.max() - NF4).max() < 1e-6, "NF4 by its definition"


def dynamic_map():
    """create_dynamic_map() of bitsandbytes/functional.py, in double and rounded once."""
    positive = []
    for decade in range(7):
        bounds = np.linspace(0.1, 1, 2**decade + 1)
        positive.extend((bounds[:-1] + bounds[1:]) / 2 * 10.0 ** (decade - 6))
    return np.sort(np.concatenate([positive, -np.array(positive), [0, 1]])).astype(F32)


def bounded(table, blocks, absmax):
    """quantize_4bit and quantize_blockwise of bitsandbytes/backends/default/ops.py."""
    inverse = F32(1) / np.maximum(absmax, F32(1e-38))
    scaled = np.clip(blocks * inverse[:, None], F32(-1), F32(1))
    return np.searchsorted((table[:-1] + table[1:]) / F32(2), scaled, "left").astype(np.uint8)


def nf4(W):
    blocks = W.reshape(-1, 64)
    absmax = magnitudes(W, 64)
    codes = bounded(NF4, blocks, absmax)
    return {"scales": absmax, "codes": codes, "decoded": absmax[:, None] * NF4[codes]}


def nf4_doubly(W):
    single = nf4(W)
    absmax = single["scales"]
    offset = F32(absmax.astype(np.float64).mean())
    centred = absmax - offset
    table = dynamic_map()
    nested = [centred[i : i + 256] for i in range(0, len(centred), 256)]
    scales = np.array([np.abs(block).max() for block in nested], F32)
    codes = np.concatenate([bounded(table, block[None], scale[None])[0] for block, scale in zip(nested, scales)])
    stored = np.repeat(scales, 256)[: len(codes)] * table[codes] + offset
    check_bitsandbytes(W, single, centred, scales, codes)
    return {
        "scales": scales,
        "scaleCodes": codes,
        "scaleOffset": np.array([offset]),
        "codes": single["codes"],
        "decoded": stored[:, None] * NF4[single["codes"]],
    }


def check_bitsandbytes(W, single, centred, scales, codes):
    spec = importlib.util.find_spec("bitsandbytes")
    if spec is None:
        return
    library = ctypes.CDLL(str(Path(spec.origin).parent / "libbitsandbytes_cpu.so"))
    pointer = lambda array: array.ctypes.data_as(ctypes.c_void_p)
    long = ctypes.c_longlong
    packed = single["codes"].reshape(-1, 2)
    packed = np.ascontiguousarray(packed[:, 0] << 4 | packed[:, 1])
    decoded = np.empty_like(W)
    absmax = np.ascontiguousarray(single["scales"])
    library.cdequantize_blockwise_cpu_nf4_fp32(
        pointer(packed), pointer(absmax), pointer(decoded), long(64), long(W.shape[0]), long(W.shape[1])
    )
    assert (decoded.reshape(-1, 64) == single["decoded"]).all(), "NF4 of bitsandbytes"
    table, own_scales, own_codes = dynamic_map(), np.empty_like(scales), np.empty_like(codes)
    library.cquantize_blockwise_cpu_fp32(
        pointer(table), pointer(centred), pointer(own_scales), pointer(own_codes), long(256), long(len(centred))
    )
    assert (own_scales == scales).all() and (own_codes == codes).all(), "nested blocks of bitsandbytes"
    print("bitsandbytes agrees", file=sys.stderr)


def check_gguf(W, answer):
    """ggml's MXFP4 of numbers among which are no ties: codes of a zero without sign, halves of a block after one another."""
    if importlib.util.find_spec("gguf") is None:
        return
    from gguf.quants import MXFP4

    with np.errstate(all="ignore"):
        blocks = MXFP4.quantize_blocks(W.reshape(-1, 32))
        decoded = MXFP4.dequantize_blocks(blocks)
    assert (blocks[:, 0] == answer["scaleCodes"]).all() and (decoded == answer["decoded"]).all(), "MXFP4 of gguf"


def described(answer):
    """What is stored as it is, of what it stands for a hash of its f32."""
    parts = {part: text(array) for part, array in answer.items() if part != "decoded"}
    return {**parts, "decodedSha256": hashlib.sha256(np.ascontiguousarray(answer["decoded"], F32)).hexdigest()}


def float_formats():
    plain, mixed = matrices()
    check_nf4()
    check_gguf(plain, mx("e2m1", plain))
    tiled = np.concatenate([plain * F32(1 + i / 8) for i in range(18)])
    formats = {
        "mxfp4": lambda W: mx("e2m1", W),
        "mxfp8 e4m3": lambda W: mx("e4m3", W),
        "mxfp8 e5m2": lambda W: mx("e5m2", W),
        "nvfp4": nvfp4,
        **{
            f"fp8 {name} {granularity}": lambda W, name=name, granularity=granularity: fp8(name, W, granularity)
            for name in ("e4m3", "e5m2")
            for granularity in ("channel", "tensor")
        },
        "f16": lambda W: sixteen("f16", W),
        "bf16": lambda W: sixteen("bf16", W),
        "nf4": nf4,
        "nf4 yes": nf4_doubly,
    }
    answers = [
        {"format": name, "matrix": matrix, **described(quantise(W))}
        for name, quantise in formats.items()
        for matrix, W in (("plain", plain), ("mixed", mixed))
    ]
    nested = described(nf4_doubly(tiled))
    del nested["codes"]
    answers.append({"format": "nf4 yes", "matrix": "tiled", **nested})
    shapes = {"plain": plain, "mixed": mixed}
    return {"K": plain.shape[1], "matrices": {name: text(W) for name, W in shapes.items()}, "answers": answers}


FOLDER.mkdir(parents=True, exist_ok=True)
for file, compute in (("small-floats-vectors.json", small_floats), ("float-formats-vectors.json", float_formats)):
    (FOLDER / file).write_text(json.dumps(compute(), indent=2) + "\n")
