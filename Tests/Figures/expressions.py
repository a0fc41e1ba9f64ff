"""Random expressions: values, gradients and second derivatives by nns and by PyTorch.

    python Tests/Figures/expressions.py .build/debug/nns [how many] [seed]

By hand, not in CI; what disagrees is printed as a program.
"""

import random
import subprocess
import sys
import tempfile

import numpy as np
import torch
import torch.nn.functional as F
from cases import CHECK, literal

UNARY = {
    "exp({} / 4)": lambda x: torch.exp(x / 4), "log(abs({}) + 1)": lambda x: torch.log(x.abs() + 1),
    "sqrt({}^2 + 1)": lambda x: torch.sqrt(x**2 + 1), "sin({})": torch.sin, "cos({})": torch.cos,
    "tanh({})": torch.tanh, "abs({})": torch.abs, "sigmoid({})": torch.sigmoid,
    "relu({})": torch.relu, "gelu({})": F.gelu, "silu({})": F.silu, "softplus({})": F.softplus,
    "log1p(abs({}))": lambda x: torch.log1p(x.abs()), "expm1({} / 4)": lambda x: torch.expm1(x / 4),
    "atan({})": torch.atan, "asinh({})": torch.asinh, "tan({} / 9)": lambda x: torch.tan(x / 9),
    "sinh({} / 4)": lambda x: torch.sinh(x / 4), "cosh({} / 4)": lambda x: torch.cosh(x / 4),
    "mish({})": F.mish, "elu({})": F.elu, "selu({})": F.selu, "leaky_relu({})": F.leaky_relu,
    "softsign({})": F.softsign, "hardswish({})": F.hardswish, "log_sigmoid({})": F.logsigmoid,
    "clip({}, -1, 1)": lambda x: torch.clip(x, -1, 1), "(-{})": torch.neg,
    "{}^2": lambda x: x**2, "{}^3": lambda x: x**3, "(2 - {})": lambda x: 2 - x,
    "(1 / ({}^2 + 1))": lambda x: 1 / (x**2 + 1), "where({0} > 0, {0}, {0} / 3)": lambda x: torch.where(x > 0, x, x / 3),
    "({0} > 0.3) * {0}": lambda x: (x > 0.3) * x, "detach({})": torch.detach,
    "softmax({}, axis: 0)": lambda x: torch.softmax(x, 0),
    "softmax({})": lambda x: torch.softmax(x, -1),
    "log_softmax({})": lambda x: torch.log_softmax(x, -1),
    "cumsum({}, axis: 1)": lambda x: torch.cumsum(x, 1),
    "sum({}, axis: 0, keep: true) + zeros(3, 3)": lambda x: x.sum(0, keepdim=True).expand(3, 3),
    "({0} - mean({0}, axis: 1, keep: true))": lambda x: x - x.mean(1, keepdim=True),
    "({0} / norm({0} + 3, axis: 1, keep: true))":
        lambda x: x / torch.linalg.vector_norm(x + 3, dim=1, keepdim=True),
    "({0} * max({0}, axis: 0))": lambda x: x * x.amax(0),
    "({0} + var({0}, axis: 1, keep: true))":
        lambda x: x + x.var(1, keepdim=True, correction=0),
    "({0} - logsumexp({0}, axis: 0))": lambda x: x - torch.logsumexp(x, 0),
    "({0} * prod({0}, axis: 0, keep: true))": lambda x: x * torch.prod(x, 0, keepdim=True),
    "{}'": lambda x: x.T, "sort({})": lambda x: torch.sort(x)[0],
    "concat({0}[1..], {0}[..1])": lambda x: torch.cat([x[1:], x[:1]]),
    "{}[[2, 0, 0]]": lambda x: x[[2, 0, 0]], "{}[.., [1, 1, 2]]": lambda x: x[:, [1, 1, 2]],
    "reshape(reshape({}, 9)[.., none], 3, 3)": lambda x: x.reshape(9)[:, None].reshape(3, 3),
    "stack({0}[0], {0}[2], {0}[1], axis: 1)": lambda x: torch.stack([x[0], x[2], x[1]], 1),
    "solve({0} + 9 * eye(3), {0})": lambda x: torch.linalg.solve(x + 9 * torch.eye(3), x),
    "layer_norm(3)({})": lambda x: F.layer_norm(x, (3,)),
    'einsum("ij,kj->ik", {0}, {0})': lambda x: x @ x.T,
    "outer({0}[0], {0}[.., 1])": lambda x: torch.outer(x[0], x[:, 1]),
}
BINARY = {
    "({} + {})": torch.add, "({} - {})": torch.sub, "({} * {})": torch.mul,
    "({} / ({}^2 + 1))": lambda a, b: a / (b**2 + 1), "({} @ {})": torch.matmul,
    "atan2({}, abs({}) + 1)": lambda a, b: torch.atan2(a, b.abs() + 1), "hypot({} + 9, {})":
        lambda a, b: torch.hypot(a + 9, b), "max({}, {})": torch.maximum, "min({}, {})": torch.minimum,
    "where({0} > {1}, {0}, {1} * 2)": lambda a, b: torch.where(a > b, a, b * 2),
    "({} + {}[0])": lambda a, b: a + b[0], "({} * {}[.., 1..2])": lambda a, b: a * b[:, 1:2],
    "({} + mse({}, {}))": None, "((abs({}) + 0.5)^({} / 4))":
        lambda a, b: (a.abs() + 0.5) ** (b / 4),
}


def tree(depth, leaves):
    """An expression as text and as a function of the leaves' tensors."""
    if depth == 0 or random.random() < 0.15:
        name = random.choice(leaves)
        return name, lambda values: values[name]
    if random.random() < 0.55:
        text, f = random.choice(list(UNARY.items()))
        inner, g = tree(depth - 1, leaves)
        return f"({text.format(inner)})", lambda values: f(g(values))
    text, f = random.choice(list(BINARY.items()))
    (a, g), (b, h) = tree(depth - 1, leaves), tree(depth - 1, leaves)
    if f is None:
        return f"({a} + mse({a}, {b}))", lambda values: g(values) + F.mse_loss(g(values), h(values))
    return f"({text.format(a, b)})", lambda values: f(g(values), h(values))


def program(number):
    random.seed(number)
    rng = np.random.default_rng(number)
    names = ["p", "q", "r"]
    arrays = {name: np.round(rng.uniform(-2, 2, (3, 3)), 3) for name in names}
    lines = [f"param {name} = {literal(arrays[name])}" for name in names[:2]]
    lines += [f"let r = {literal(arrays['r'])}", f"let v = {literal(arrays['r'] + 1)}"]
    # A shared middle value, as programs have.
    (middle, f), (last, g) = tree(3, names), tree(3, names + ["m", "m"])
    values = {name: torch.tensor(arrays[name], requires_grad=name != "r") for name in names}
    values["m"] = f(values)
    y = g(values)
    loss = (y * torch.tensor(arrays["r"] + 1)).mean()
    if not loss.requires_grad or not torch.isfinite(loss) or abs(loss) > 1e6:
        return None
    first = torch.autograd.grad(loss, [values["p"], values["q"]], create_graph=True,
                                allow_unused=True)
    if first[0] is None or not torch.isfinite(first[0]).all() or first[0].abs().max() > 1e6:
        return None
    lines += [f"let m = {middle}", f"let y = {last}", "let loss = mean(y * v)",
              f"agrees(loss, {literal(loss.detach().numpy())}, f64, 1e-9)  # => true",
              "backward(loss)"]
    for name, gradient in zip("pq", first):
        if gradient is not None:
            wanted = literal(gradient.detach().numpy())
            lines.append(f"agrees({name}.grad, {wanted}, f64, 1e-8)  # => true")
    if first[0].requires_grad:
        (second,) = torch.autograd.grad((first[0] ** 2).sum(), values["p"], allow_unused=True)
        if second is not None and torch.isfinite(second).all() and second.abs().max() < 1e6:
            lines += [f"fn whole(p) {{\n  let m = {middle}\n  mean(({last}) * v)\n}}",
                      f"agrees(grad(u -> sum(grad(whole)(u)^2))(p), {literal(second.numpy())}, f64, "
                      "1e-7)  # => true"]
    return CHECK + "\n".join(lines) + "\n"


def main():
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 300
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    torch.set_default_dtype(torch.float64)
    failed = tried = 0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(seed, seed + count):
            try:
                text = program(number)
            except RuntimeError:
                continue
            if text is None:
                continue
            tried += 1
            path = f"{folder}/{number}.nns"
            with open(path, "w") as file:
                file.write(text)
            result = subprocess.run([sys.argv[1], "test", path], capture_output=True, text=True)
            if result.returncode:
                failed += 1
                print(f"# seed {number}\n{text}\n{result.stdout}{result.stderr}")
    print(f"{tried} programs, {failed} disagree")


if __name__ == "__main__":
    main()
