"""What the scripts that write Tests/Programs/figures share: cases as programs of nns.

Inputs lie on a grid of 1/64, so that f32 holds them exactly; expectations are made in float64.
Every floating case runs in f64 and, with `.f32` inputs, in f32.
"""

import math
import pathlib
import subprocess

import numpy as np
import torch

torch.set_default_dtype(torch.float64)
FOLDER = pathlib.Path(__file__).resolve().parents[1] / "Programs" / "figures"
CHECK = """default_dtype(f64)
fn agrees(actual, wanted, dtype, tolerance) {
  let (a, w) = (tensor(actual).f64, tensor(wanted).f64)
  if "{a.shape}" != "{w.shape}" or tensor(actual).dtype != dtype { return false }
  let near = abs(a - w) <= tolerance * (1 + abs(w))
  all(near or a == w or (a != a and w != w))
}
"""
nan, inf = math.nan, math.inf
files = {}
rng = np.random.default_rng(0)


def grid(*shape, low=-2.0, high=2.0):
    """Random numbers that f32 holds exactly."""
    return np.round(rng.uniform(low, high, shape) * 64) / 64


def number(x, integral=False):
    if isinstance(x, (bool, np.bool_)):
        return "true" if x else "false"
    if integral:
        return str(int(x))
    x = float(x)
    if math.isnan(x):
        return "nan"
    if math.isinf(x):
        return "inf" if x > 0 else "-inf"
    return repr(int(x)) if x == int(x) and abs(x) < 1e15 else repr(x)


def brackets(a, integral):
    if a.ndim == 0:
        return number(a[()], integral)
    return "[" + ", ".join(brackets(b, integral) for b in a) + "]"


def literal(a):
    """An array as nns text; sizes of 0 need words."""
    a = np.asarray(a)
    kind = {"i": "i64", "b": "bool", "f": "f64"}[a.dtype.kind]
    if a.size == 0:
        return f"zeros({', '.join(map(str, a.shape))}, dtype: {kind})"
    text = brackets(a, kind == "i64")
    if kind == "i64":
        return f"tensor({text}, dtype: i64)"
    return text if a.ndim else f"tensor({text})"


def case(file, expression, inputs, wanted, tol32=3e-6, tol64=1e-13, result=None, only=None):
    """`expression` has {0}, {1}, … for the inputs; `wanted` is an array or a function of them;
    `result` is a dtype other than the inputs'."""
    lines = files.setdefault(file, [])
    inputs = [np.asarray(x) for x in inputs]
    if callable(wanted):
        with np.errstate(all="ignore"):
            wanted = wanted(*inputs)
    names = [f"x{i}" for i in range(len(inputs))]
    for name, x in zip(names, inputs):
        lines.append(f"let {name} = {literal(x)}")
    wanted = np.asarray(wanted.detach() if isinstance(wanted, torch.Tensor) else wanted)
    lines.append(f"let y = {literal(wanted)}")
    floats = [x.dtype.kind == "f" for x in inputs]
    for dtype, tolerance in (("f64", tol64), ("f32", tol32)):
        if dtype == "f32" and not any(floats) or only and dtype != only:
            continue
        terms = [f"{n}.f32" if f and dtype == "f32" else n for n, f in zip(names, floats)]
        kind = result or dtype
        exact = 0 if kind in ("i64", "bool") else tolerance
        lines.append(f"agrees({expression.format(*terms)}, y, {kind}, {exact})  # => true")


def fails(file, text, kind):
    files.setdefault(file, []).append(f"{text}  # error: {kind}")


def leaf(x):
    return torch.tensor(np.asarray(x), requires_grad=True)


def gradient(file, nns, reference, inputs, wrt=(0,), weights=None, **options):
    """Gradients of sum(f(inputs) · weights) in each of `wrt`, by torch and by nns."""
    tensors = [leaf(x) if i in wrt else torch.tensor(np.asarray(x)) for i, x in enumerate(inputs)]
    y = reference(*tensors)
    weights = grid(*y.shape) if weights is None else weights
    (y * torch.tensor(weights)).sum().backward()
    for i in wrt:
        names = [f"{{{j}}}" for j in range(len(inputs))]
        names[i] = "u"
        body = nns.format(*names)
        case(file, f"grad(u -> sum({body} * {{{len(inputs)}}}))({{{i}}})", [*inputs, weights],
             tensors[i].grad.numpy(), **{"tol32": 2e-5, "tol64": 1e-12, **options})


def write(script, nns):
    """Writes all files, each with a line that names the script; those that it wrote before go."""
    head = f"# Made by Tests/Figures/{script} from NumPy and PyTorch; do not edit.\n"
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.nns"):
        if old.read_text().startswith(head):
            old.unlink()
    paths = [FOLDER / f"{name}.nns" for name in files]
    for path, lines in zip(paths, files.values()):
        path.write_text(head + CHECK + "\n".join(lines) + "\n")
    subprocess.run([nns, "fmt", *sorted(map(str, paths))], check=True)
