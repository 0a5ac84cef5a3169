"""What blocks of GGUF's types stand for, as the gguf package reads them: blocks of random codes under scales of usual size."""

import base64
import json
import sys
from pathlib import Path

import gguf
import numpy as np
from gguf import GGML_QUANT_SIZES
from gguf import GGMLQuantizationType as Type

# Where the f16 scales of a block lie: any other bytes may have any value.
SCALES = {
    Type.Q4_0: [0],
    Type.Q4_1: [0, 2],
    Type.Q5_0: [0],
    Type.Q5_1: [0, 2],
    Type.Q8_0: [0],
    Type.Q2_K: [80, 82],
    Type.Q3_K: [108],
    Type.Q4_K: [0, 2],
    Type.Q5_K: [0, 2],
    Type.Q6_K: [208],
    Type.IQ4_NL: [0],
}
BLOCKS = 2


def text(array: np.ndarray) -> str:
    return base64.b64encode(array.tobytes()).decode()


def main(folder: Path) -> None:
    random = np.random.default_rng(3)
    vectors = {}
    for type, scales in SCALES.items():
        blocks = random.integers(0, 256, (BLOCKS, GGML_QUANT_SIZES[type][1]), np.uint8)
        for at in scales:
            blocks[:, at : at + 2] = random.standard_normal((BLOCKS, 1)).astype(np.float16).view(np.uint8)
        values = gguf.dequantize(blocks.reshape(-1), type).astype(np.float32)
        vectors[type.name] = {"blocks": text(blocks), "values": text(values)}
    path = folder / "bench/inputs/model-files/gguf-values-vectors.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(vectors, indent=2) + "\n")


main(Path(sys.argv[1]))
