"""What an ONNX operator is in nns: a function for each, which gives the expressions of its results,
or None where a case asks for something that nns does not have.

A function gets the attributes, the names of the operands (None where one is left out) and their
values (NumPy arrays)."""

import numpy as np

TABLE = {}


def operator(*names):
    def add(function):
        for name in names:
            TABLE[name] = function
        return function
    return add


def plain(name, text):
    """An operator whose attributes, if any, change nothing that nns has."""
    TABLE[name] = lambda a, x, v: None if a else [text.format(*x)]


for name, text in {
    "Abs": "abs({0})", "Add": "{0} + {1}", "And": "{0} and {1}", "Cos": "cos({0})",
    "Div": "{0} / {1}", "Equal": "{0} == {1}", "Erf": "erf({0})", "Exp": "exp({0})",
    "Floor": "floor({0})", "Greater": "{0} > {1}", "GreaterOrEqual": "{0} >= {1}",
    "Identity": "{0}", "Less": "{0} < {1}", "LessOrEqual": "{0} <= {1}", "Log": "log({0})",
    "Mul": "{0} * {1}", "Neg": "-{0}", "Not": "not {0}", "Or": "{0} or {1}", "Pow": "{0}^{1}",
    "Reciprocal": "1 / {0}", "Relu": "relu({0})", "Round": "round({0})",
    "Sigmoid": "sigmoid({0})", "Sign": "sign({0})", "Sin": "sin({0})",
    "Softplus": "softplus({0})", "Softsign": "softsign({0})", "Acos": "acos({0})",
    "Acosh": "acosh({0})", "Asin": "asin({0})", "Asinh": "asinh({0})", "Atan": "atan({0})",
    "Atanh": "atanh({0})", "Ceil": "ceil({0})", "Cosh": "cosh({0})", "Mish": "mish({0})",
    "Sinh": "sinh({0})", "Tan": "tan({0})", "IsNaN": "is_nan({0})", "Sqrt": "sqrt({0})",
    "Sub": "{0} - {1}", "Tanh": "tanh({0})", "Where": "where({0}, {1}, {2})",
    "Xor": "{0} != {1}", "Size": "len(reshape({0}, -1))",
    "MatMul": "{0} @ {1}", "HardSwish": "hardswish({0})",
}.items():
    plain(name, text)


def whole(array):
    return np.asarray(array).dtype.kind in "iu"


@operator("Div")
def div(a, x, v):
    # ONNX cuts off quotients of whole numbers, which nns does not do.
    return None if whole(v[0]) else [f"{x[0]} / {x[1]}"]


@operator("Mod")
def mod(a, x, v):
    return None if a.get("fmod") else [f"{x[0]} % {x[1]}"]




def folded(word):
    def expression(a, x, v):
        text = x[0]
        for other in x[1:]:
            text = word.format(text, other)
        return [text]
    return expression


TABLE["Max"] = folded("max({0}, {1})")
TABLE["Min"] = folded("min({0}, {1})")
TABLE["Sum"] = folded("({0} + {1})")
TABLE["Mean"] = lambda a, x, v: [f"{folded('({0} + {1})')(a, x, v)[0]} / {len(x)}"]


def axes_of(a, x, v, place=1):
    """`, axis: …, keep: …`; None where the case reduces nothing."""
    axes = a.get("axes")
    if axes is None and len(x) > place and x[place]:
        axes = [int(k) for k in v[place]]
    if not axes and a.get("noop_with_empty_axes"):
        return None
    keep = "true" if a.get("keepdims", 1) else "false"
    if not axes:
        return f", keep: {keep}"
    inside = ", ".join(map(str, axes))
    return f", axis: {inside if len(axes) == 1 else f'({inside})'}, keep: {keep}"


def reduction(text):
    def expression(a, x, v):
        if v[0].size == 0:
            return None
        rest = axes_of(a, x, v)
        return None if rest is None else [text.format(x=x[0], rest=rest)]
    return expression


for name, text in {
    "ReduceSum": "sum({x}{rest})", "ReduceMean": "mean({x}{rest})", "ReduceProd": "prod({x}{rest})",
    "ReduceL1": "sum(abs({x}){rest})", "ReduceL2": "sqrt(sum({x}^2{rest}))",
    "ReduceSumSquare": "sum({x}^2{rest})", "ReduceLogSum": "log(sum({x}{rest}))",
    "ReduceLogSumExp": "logsumexp({x}{rest})",
}.items():
    TABLE[name] = reduction(text)




for name, word in {"ReduceMax": "max", "ReduceMin": "min"}.items():
    def extremes(a, x, v, word=word):
        if v[0].dtype == np.bool_:
            return None
        return reduction(word + "({x}{rest})")(a, x, v)
    TABLE[name] = extremes


for name, word in {"ArgMax": "argmax", "ArgMin": "argmin"}.items():
    def place(a, x, v, word=word):
        if a.get("select_last_index"):
            return None
        keep = "true" if a.get("keepdims", 1) else "false"
        return [f"{word}({x[0]}, axis: {a.get('axis', 0)}, keep: {keep})"]
    TABLE[name] = place


@operator("Softmax")
def softmax(a, x, v):
    return [f"softmax({x[0]}, axis: {a.get('axis', -1)})"]


@operator("LogSoftmax")
def log_softmax(a, x, v):
    return [f"log_softmax({x[0]}, axis: {a.get('axis', -1)})"]


@operator("CumSum")
def cumsum(a, x, v):
    if a.get("reverse") or a.get("exclusive"):
        return None
    return [f"cumsum({x[0]}, axis: {int(v[1])})"]


@operator("Tile")
def tile(a, x, v):
    return [f"tile({x[0]}, [{', '.join(str(int(n)) for n in v[1])}])"]


@operator("Trilu")
def triangle(a, x, v):
    word = "triu" if a.get("upper", 1) else "tril"
    return [f"{word}({x[0]}, {int(v[1]) if len(v) > 1 and x[1] else 0})"]


@operator("Clip")
def clip(a, x, v):
    x = x + [None] * (3 - len(x))
    if any(np.asarray(w).dtype.kind == "u" for w in v):
        return None
    bounds = [f", {n}: {w}" for n, w in zip(("min", "max"), x[1:]) if w]
    return [f"clip({x[0]}{''.join(bounds)})"] if bounds else [x[0]]


@operator("Gelu")
def gelu(a, x, v):
    if a.get("approximate", b"none") != b"none":
        return None
    return [f"gelu({x[0]})"]


@operator("LeakyRelu")
def leaky_relu(a, x, v):
    return [f"leaky_relu({x[0]}, {a.get('alpha', 0.01)})"]


@operator("Elu")
def elu(a, x, v):
    return [f"elu({x[0]}, {a.get('alpha', 1.0)})"]


@operator("Celu")
def celu(a, x, v):
    alpha = a.get("alpha", 1.0)
    return [f"elu({x[0]} / {alpha}) * {alpha}"]


@operator("Selu")
def selu(a, x, v):
    gamma, alpha = a.get("gamma", 1.0507009873554805), a.get("alpha", 1.6732632423543772)
    return [f"{gamma} * elu({x[0]}, {alpha})"]


@operator("HardSigmoid")
def hardsigmoid(a, x, v):
    return [f"hardtanh({a.get('alpha', 0.2)} * {x[0]} + {a.get('beta', 0.5)}, 0, 1)"]


@operator("ThresholdedRelu")
def thresholded(a, x, v):
    return [f"where({x[0]} > {a.get('alpha', 1.0)}, {x[0]}, 0)"]


@operator("IsInf")
def is_inf(a, x, v):
    if not a.get("detect_negative", 1):
        return [f"{x[0]} == inf"]
    return [f"{x[0]} == -inf" if not a.get("detect_positive", 1) else f"abs({x[0]}) == inf"]


@operator("Swish")
def swish(a, x, v):
    return [f"{x[0]} * sigmoid({a.get('alpha', 1.0)} * {x[0]})"]


@operator("Concat")
def concat(a, x, v):
    return [f"concat({', '.join(x)}, axis: {a['axis']})"]


@operator("Transpose")
def transpose(a, x, v):
    order = a.get("perm") or list(range(v[0].ndim))[::-1]
    return [f"transpose({x[0]}, {', '.join(map(str, order))})"]


@operator("Reshape")
def reshape(a, x, v):
    if a.get("allowzero"):
        return None
    sizes = [v[0].shape[i] if s == 0 else int(s) for i, s in enumerate(v[1])]
    return [f"reshape({x[0]}, [{', '.join(map(str, sizes))}])"]


@operator("Flatten")
def flatten(a, x, v):
    axis = a.get("axis", 1)
    rows = int(np.prod(v[0].shape[:axis]))
    return [f"reshape({x[0]}, {rows}, {v[0].size // rows})"]


@operator("Expand")
def expand(a, x, v):
    sizes = np.broadcast_shapes(v[0].shape, tuple(int(s) for s in v[1]))
    return [f"expand({x[0]}, [{', '.join(map(str, sizes))}])"]


@operator("Squeeze")
def squeeze(a, x, v):
    axes = a.get("axes") or ([int(k) for k in v[1]] if len(v) > 1 else None)
    return [f"squeeze({x[0]})" if axes is None
            else f"squeeze({x[0]}, axis: ({', '.join(map(str, axes))},))"]


@operator("Unsqueeze")
def unsqueeze(a, x, v):
    axes = a.get("axes") or [int(k) for k in v[1]]
    rank = v[0].ndim + len(axes)
    axes = {k % rank for k in axes}
    return [f"{x[0]}[{', '.join('none' if k in axes else '..' for k in range(rank))}]"]


@operator("Gather")
def gather(a, x, v):
    return [f"gather({x[0]}, {x[1]}, axis: {a.get('axis', 0)})"]


@operator("Slice")
def slices(a, x, v):
    if len(v) < 3:
        return None
    axes = [int(k) % v[0].ndim for k in v[3]] if len(v) > 3 and x[3] else range(len(v[1]))
    if len(v) > 4 and any(int(s) != 1 for s in v[4]):
        return None
    parts = [".."] * v[0].ndim
    for axis, start, end in zip(axes, v[1], v[2]):
        size = v[0].shape[axis]
        start, end, _ = slice(int(start), int(end)).indices(size)
        parts[axis] = f"{start}..{max(start, end)}"
    return [f"{x[0]}[{', '.join(parts)}]"]




@operator("OneHot")
def one_hot(a, x, v):
    if a.get("axis", -1) not in (-1, np.asarray(v[0]).ndim):
        return None
    if np.any(np.asarray(v[0]) < 0):
        return None
    return [f"one_hot({x[0]}, {int(np.asarray(v[1]).item())}) * ({x[2]}[1] - {x[2]}[0]) + {x[2]}[0]"]


@operator("TopK")
def topk(a, x, v):
    if not a.get("largest", 1):
        return None
    rest = f"({x[0]}, {int(v[1][0])}, axis: {a.get('axis', -1)})"
    return ["topk" + rest, "argtopk" + rest]


@operator("Einsum")
def einsum(a, x, v):
    equation = a["equation"].decode().replace(" ", "")
    return [f'einsum("{equation}", {", ".join(x)})']


@operator("Gemm")
def gemm(a, x, v):
    left = x[0] + ("'" if a.get("transA") else "")
    right = x[1] + ("'" if a.get("transB") else "")
    text = f"{a.get('alpha', 1.0)} * {left} @ {right}"
    if len(x) > 2 and x[2]:
        text += f" + {a.get('beta', 1.0)} * {x[2]}"
    return [text]


@operator("LayerNormalization")
def layer_norm(a, x, v):
    axis = a.get("axis", -1) % v[0].ndim
    axes = ", ".join(str(k) for k in range(axis, v[0].ndim))
    mean = f"mean({x[0]}, axis: ({axes},), keep: true)"
    var = f"var({x[0]}, axis: ({axes},), keep: true)"
    spread = f"sqrt({var} + {a.get('epsilon', 1e-5)})"
    text = f"({x[0]} - {mean}) / {spread} * {x[1]}"
    if len(x) > 2 and x[2]:
        text += f" + {x[2]}"
    return [text, mean, f"1 / {spread}"]


@operator("PRelu")
def prelu(a, x, v):
    return [f"where({x[0]} < 0, {x[0]} * {x[1]}, {x[0]})"]
