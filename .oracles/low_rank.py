"""Corrections of a small layer in numpy: low_rank.py FOLDER.

The best of a rank by singular values; the same whitened by activations, as AIoT-MLSys-Lab/SVD-LLM's SVDLLM.py does; and LoftQ's
alternation, by the steps of loftq_init in huggingface/peft's loftq_utils.py. int4 in groups of 8 with f16 scales, the weight
of largest magnitude on -8. All in float64 and rounded to six digits, so that every machine gives the same.
"""

import base64
import json
import sys
from pathlib import Path

import numpy as np

N, K, RANK, GROUP, ROUNDS = 12, 16, 3, 8, 5
# So many times over, the rows of each sixteen say the same, and nothing but 1 % is added to the diagonal of their gram matrix.
ROWS, TIMES = 16, 8
FILE = Path(sys.argv[1]) / "kernels/corrections/low-rank-vectors.json"


def best_of_rank(R):
    U, S, V = np.linalg.svd(R, full_matrices=False)
    return U[:, :RANK] * S[:RANK] @ V[:RANK]


def whitened(R, X):
    H = TIMES * X.T @ X
    H += 0.01 * np.mean(np.diag(H)) * np.eye(K)
    L = np.linalg.cholesky(H)
    return best_of_rank(R @ L) @ np.linalg.inv(L)


def rounded(W):
    groups = W.reshape(-1, GROUP)
    extreme = groups[np.arange(len(groups)), np.abs(groups).argmax(axis=1)]
    scales = (extreme / -8).astype(np.float16).astype(np.float64)[:, None]
    return (scales * np.clip(np.floor(groups / scales + 0.5), -8, 7)).reshape(W.shape)


def loftq(W):
    """What is left after each round: ‖W − Q − LR‖²."""
    left, target = [], W
    for _ in range(ROUNDS):
        residual = W - rounded(target)
        factors = best_of_rank(residual)
        left.append(((residual - factors) ** 2).sum())
        target = W - factors
    return np.array(left)


def text(array):
    return base64.b64encode((array.round(6) + 0.0).astype("<f4").tobytes()).decode()


random = np.random.default_rng(5)
W = np.round(random.normal(size=(N, K)), 3).astype(np.float32).astype(np.float64)
X = np.round(random.normal(size=(ROWS, K)) * np.exp(random.normal(size=K)), 3).astype(np.float32).astype(np.float64)
answers = {
    **{"N": N, "K": K, "rank": RANK, "group": GROUP, "times": TIMES},
    "W": text(W),
    "X": text(X),
    "svd": text(best_of_rank(W)),
    "activationAware": text(whitened(W, X)),
    "loftq": text(loftq(W)),
}
FILE.parent.mkdir(parents=True, exist_ok=True)
FILE.write_text(json.dumps(answers, indent=2) + "\n")
