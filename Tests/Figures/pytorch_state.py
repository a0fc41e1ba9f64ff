"""State dicts as PyTorch names and lays them out, and what their nets give, for load(…, from:).

    pip install numpy safetensors
    python Tests/Figures/pytorch_state.py Tests/Programs/learning

The net is Sequential(Flatten(), Linear(6, 4), LayerNorm(4), ReLU(), Dropout(0.5), Linear(4, 3)).
"""

import sys

import numpy as np
from safetensors.numpy import save_file


def linear(x, weight, bias):
    """torch.nn.Linear: weight is [out, in]."""
    return x @ weight.T + bias


def layer_norm(x, weight, bias, eps=1e-5):
    """torch.nn.LayerNorm over the last axis."""
    mean = x.mean(-1, keepdims=True)
    return (x - mean) / np.sqrt(x.var(-1, keepdims=True) + eps) * weight + bias


def main(folder):
    stream = np.random.default_rng(1)
    shapes = {
        "1.weight": (4, 6), "1.bias": (4,), "2.weight": (4,), "2.bias": (4,),
        "5.weight": (3, 4), "5.bias": (3,),
    }
    state = {
        name: stream.normal(size=shape).round(3).astype(np.float32)
        for name, shape in shapes.items()
    }
    save_file(state, f"{folder}/pytorch-sequential.safetensors", metadata={"format": "pt"})
    save_file(
        {"net." + name: tensor for name, tensor in state.items()},
        f"{folder}/pytorch-module.safetensors", metadata={"format": "pt"})
    x = (np.arange(12, dtype=np.float32) / 10).reshape(2, 2, 3)
    h = linear(x.reshape(2, 6), state["1.weight"], state["1.bias"])
    h = np.maximum(layer_norm(h, state["2.weight"], state["2.bias"]), 0)
    print(linear(h, state["5.weight"], state["5.bias"]).round(4).tolist())
    # A block of its own, as a module with fields: proj, and norm over its result.
    block = {
        "proj.0.weight": state["1.weight"], "proj.0.bias": state["1.bias"],
        "norm.weight": state["2.weight"], "norm.bias": state["2.bias"],
    }
    save_file(block, f"{folder}/pytorch-block.safetensors")
    h = linear(x.reshape(2, 6), state["1.weight"], state["1.bias"])
    print(layer_norm(h, state["2.weight"], state["2.bias"]).round(4).tolist())


if __name__ == "__main__":
    main(sys.argv[1])
