"""Methods on a small layer by the packages that people use them from, on CPU: packages.py FOLDER.

Each package's own routine is called; in float64 where it lets one, so that what comes out doesn't hang on the order of sums.
int4 is symmetric in groups of 16 with f16 scales, the weight of largest magnitude on -8; X are whole numbers.
"""

import base64
import json
import sys
from pathlib import Path

import numpy as np
import torch
from auto_round.algorithms.quantization.sign_round.sign_sgd import SignSGD
from auto_round.algorithms.transforms.awq.base import AWQTransform, ResolvedMapping
from auto_round.algorithms.transforms.awq.config import AWQConfig
from auto_round.wrapper import WrapperLinear
from compressed_tensors.quantization import QuantizationArgs
from hqq.core.quantize import Quantizer
from llmcompressor.modifiers.gptq import gptq_quantize, helpers
from llmcompressor.modifiers.pruning.sparsegpt import sgpt_sparsify
from llmcompressor.modifiers.pruning.wanda import wanda_sparsify
from llmcompressor.modifiers.transform.smoothquant.base import SmoothQuantModifier

# More than the 128 columns after which GPTQ and SparseGPT pass on errors.
N, K, ROWS, GROUP = 6, 144, 200, 16
FILE = Path(sys.argv[1]) / "kernels/methods/packages-vectors.json"
for module in (gptq_quantize, helpers):
    module.GPTQ_PRECISION = torch.float64
sgpt_sparsify.SGPT_PRECISION = torch.float64
wanda_sparsify.WANDA_PRECISION = torch.float64


def draw():
    """Weights, and activations that mix few hidden factors, some channels louder than others."""
    random = np.random.default_rng(23)
    W = np.round(random.normal(size=(N, K)), 3).astype(np.float32)
    mixing = random.normal(size=(K // 8, K)) / np.sqrt(K // 8)
    X = random.normal(size=(ROWS, K // 8)) @ mixing + 0.3 * random.normal(size=(ROWS, K))
    return W, np.clip(np.round(8 * X * np.exp(0.7 * random.normal(size=K))), -127, 127).astype(np.int8)


W, X = draw()
ROWS_OF_X = torch.from_numpy(X.astype(np.float64))


def layer():
    linear = torch.nn.Linear(K, N, bias=False, dtype=torch.float64)
    linear.weight.data = torch.from_numpy(W.astype(np.float64))
    return linear.requires_grad_(False)


def scales_of(weights):
    groups = weights.reshape(N, -1, GROUP) if weights.shape[1] > GROUP else weights.reshape(N, 1, -1)
    extreme = torch.take_along_dim(groups, groups.abs().argmax(-1, keepdim=True), -1)[..., 0]
    return (extreme / -8).half().double()


def gptq(groups_of, **order):
    H, samples = helpers.make_empty_hessian(layer()).double(), torch.zeros(())
    H, samples = helpers.accumulate_hessian(ROWS_OF_X, layer(), H, samples)
    weights = layer().weight.data
    scale = (scales_of(weights) if groups_of == GROUP else row_scales(weights))[None]
    how = {"strategy": "group", "group_size": GROUP, **order} if groups_of == GROUP else {"strategy": "channel"}
    args = QuantizationArgs(num_bits=4, type="int", symmetric=True, **how)
    zeros = torch.zeros_like(scale)
    q, _, fell_back = gptq_quantize.quantize_weight(weights[None].clone(), (H / samples)[None], scale, zeros, None, args)
    assert not fell_back.any()
    return codes((q[0] / scale[0].repeat_interleave(groups_of, 1)).round() + 8)


def row_scales(weights):
    return (torch.take_along_dim(weights, weights.abs().argmax(1, keepdim=True), 1) / -8).half().double()


def wanda(sparsity, *two_of_four):
    linear = layer()
    norms, _ = wanda_sparsify.accumulate_row_scalars(
        ROWS_OF_X, linear, wanda_sparsify.make_empty_row_scalars(linear).double(), 0
    )
    return mask(wanda_sparsify.sparsify_weight(linear, {linear: norms}, sparsity, *two_of_four))


def sparsegpt(sparsity, *two_of_four):
    linear = layer()
    H, _ = sgpt_sparsify.accumulate_hessian(ROWS_OF_X, linear, sgpt_sparsify.make_empty_hessian(linear).double(), 0)
    _, pruned = sgpt_sparsify.sparsify_weight(linear, {linear: H}, sparsity, *two_of_four, 128, 0.01, False)
    return {"mask": mask(pruned), "W": numbers(pruned, 5)}


def hqq(bits, factor):
    """The package stops by the mean error of all groups together; here each group is a tensor of its own."""
    codes_, scales, zeros = [], [], []
    for group in torch.from_numpy(W * np.float32(factor)).reshape(-1, GROUP):
        q, meta = Quantizer.quantize(group[None], nbits=bits, group_size=GROUP, axis=1, device="cpu", bitpack=False)
        codes_.append(q)
        scales.append(meta["scale"])
        zeros.append(meta["zero"])
    return {"codes": codes(torch.cat(codes_)), "scales": numbers(torch.cat(scales), 6), "zeros": numbers(torch.cat(zeros), 4)}


def awq():
    linear = layer()
    params = {"bits": 4, "group_size": GROUP, "sym": True, "data_type": "int"}
    # 21 exponents, of which the last, 1, is not among those of llm-awq.
    transform = AWQTransform(AWQConfig(duo_scaling=False, n_grid=21, apply_clip=True, **params))
    transform._qdq_tool.disable_opt_rtn = True
    transform._parent_args_cache = {linear: [((ROWS_OF_X,), {})]}
    mapping = ResolvedMapping("before", None, ["linear"], [linear], parent=linear, parent_name="")
    channels = transform._grid_search_scales(mapping, ROWS_OF_X.abs().mean(0))
    linear.weight.data = linear.weight.data * channels
    _, most = transform._compute_best_clip(linear, (ROWS_OF_X / channels).float())
    largest = linear.weight.data.reshape(N, -1, GROUP).abs().amax(-1)
    return {"channels": numbers(channels, 5), "clips": numbers(most[..., 0] / largest, 2)}


def autoround(tunes_range):
    """The steps of SignRoundQuantizer.quantize_block for one layer, all rows in each; loss over that of round to nearest."""
    linear = layer()
    settings = {"bits": 4, "group_size": GROUP, "sym": True, "data_type": "int", "act_bits": 16, "scale_dtype": torch.float16}
    for name, value in settings.items():
        setattr(linear, name, value)
    wrapped = WrapperLinear(linear, enable_minmax_tuning=tunes_range, enable_torch_compile=False)
    steps = 200
    optimizer = SignSGD(list(wrapped.params.values()), lr=torch.tensor(1 / steps), weight_decay=0)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=1.0, end_factor=0.0, total_iters=steps)
    losses = []
    for _ in range(steps):
        q, _, _ = wrapped._qdq_weight(wrapped.value, wrapped.min_scale, wrapped.max_scale)
        loss = (ROWS_OF_X @ (q - linear.weight).T).square().mean()
        losses.append(loss.item())
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()
    return float(f"{min(losses) / losses[0]:.3g}")


def smoothquant():
    """Of activations that reach as far below zero as above it: the package takes their range, the article the largest."""
    modifier = SmoothQuantModifier(smoothing_strength=0.5, mappings=[])
    return numbers(modifier._calculate_smoothing_scales([layer()], 2 * ROWS_OF_X.abs().amax(0)), 5)


def codes(tensor):
    return "".join(f"{int(code):x}" for code in tensor.ravel())


def mask(weights):
    return "".join("0" if weight == 0 else "1" for weight in weights.ravel())


def numbers(tensor, digits):
    return text((tensor.double().numpy().round(digits) + 0.0).astype("<f4"))


def text(array):
    return base64.b64encode(array.tobytes()).decode()


answers = {
    "N": N,
    "K": K,
    "group": GROUP,
    "W": text(W),
    "X": text(X),
    "gptq": {"rows": gptq(K), "groups by activations": gptq(GROUP, actorder="weight")},
    "wanda": {"2:4": wanda(0, 2, 4), "half": wanda(0.5, 0, 0)},
    # The package prunes one weight more than its share of each 128 columns: this is half of 768 and of 96 less one.
    "sparsegpt": {"2:4": sparsegpt(0, 2, 4), "half": sparsegpt(0.4993, 0, 0)},
    "hqq": [{"bits": bits, "factor": factor, **hqq(bits, factor)} for bits in (4, 2) for factor in (1, 1 / 32)],
    "awq": awq(),
    "autoround": {"rounding": autoround(False), "rounding and range": autoround(True)},
    "smoothquant": smoothquant(),
}
FILE.parent.mkdir(parents=True, exist_ok=True)
FILE.write_text(json.dumps(answers, indent=2) + "\n")
