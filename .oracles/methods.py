"""GPTQ on a small layer, by the steps of IST-DASLab/gptq's gptq.py in numpy: methods.py FOLDER.

int4 with f16 scales, the weight of largest magnitude on -8. A group is one lazy block, so that it is fitted when all errors
before it have been passed on.
"""

import base64
import json
import sys
from pathlib import Path

import numpy as np

N, K, ROWS = 8, 16, 48
FILE = Path(sys.argv[1]) / "kernels/methods/gptq-vectors.json"


def fit(weights):
    extreme = weights[np.arange(len(weights)), np.abs(weights).argmax(axis=1)]
    return (extreme.astype(np.float32) / -8).astype(np.float16).astype(np.float64)


def nearest(weights, scale):
    quotient = weights / scale
    return np.clip(np.sign(quotient) * np.floor(np.abs(quotient) + 0.5), -8, 7)


def gptq(W, X, group, act_order):
    W = W.astype(np.float64)
    H = X.astype(np.float64).T @ X.astype(np.float64)
    static = [fit(W[:, g : g + group]) for g in range(0, K, group)]
    order = np.argsort(-np.diag(H), kind="stable") if act_order else np.arange(K)
    W, H = W[:, order], H[np.ix_(order, order)]
    H = H + 0.01 * np.mean(np.diag(H)) * np.eye(K)
    upper = np.linalg.cholesky(np.linalg.inv(H)).T
    codes, scales = np.zeros((N, K)), list(static)
    for first in range(0, K, group):
        last = first + group
        errors = np.zeros((N, group))
        for i in range(first, last):
            if i == first and not act_order:
                scales[i // group] = fit(W[:, first:last])
            scale = scales[order[i] // group]
            code = nearest(W[:, i], scale)
            codes[:, order[i]] = code + 8
            error = (W[:, i] - scale * code) / upper[i, i]
            W[:, i:last] -= np.outer(error, upper[i, i:last])
            errors[:, i - first] = error
        W[:, last:] -= errors @ upper[first:last, last:]
    stored = np.stack(scales, axis=1)
    return {"codes": "".join(f"{int(code):x}" for code in codes.ravel()), "scales": text(stored)}


def text(array):
    return base64.b64encode(array.astype("<f4").tobytes()).decode()


def layer():
    random = np.random.default_rng(11)
    W = np.round(random.normal(size=(N, K)), 3).astype(np.float32)
    mixing = random.normal(size=(5, K))
    X = random.normal(size=(ROWS, 5)) @ mixing + 0.4 * random.normal(size=(ROWS, K))
    return W, np.round(X * np.exp(0.7 * random.normal(size=K)), 3).astype(np.float32)


W, X = layer()
cases = {
    "rows": gptq(W, X, K, False),
    "rows by activations": gptq(W, X, K, True),
    "groups": gptq(W, X, 8, False),
    "groups by activations": gptq(W, X, 8, True),
}
FILE.parent.mkdir(parents=True, exist_ok=True)
FILE.write_text(json.dumps({"N": N, "K": K, "W": text(W), "X": text(X), "cases": cases}, indent=2) + "\n")
