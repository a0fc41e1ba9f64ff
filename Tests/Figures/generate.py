"""Writes Tests/Programs/figures/*.nns: what NumPy and PyTorch say that nns should give.

    pip install numpy scipy scikit-learn torch
    python Tests/Figures/generate.py .build/debug/nns

How cases are written is in cases.py; other scripts here write further files.
"""

import math
import sys

import numpy as np
import scipy.linalg
import scipy.special
import torch
import torch.nn.functional as F
from sklearn.linear_model import LinearRegression
from sklearn.metrics import accuracy_score
from sklearn.preprocessing import LabelEncoder, StandardScaler

from cases import brackets, case, fails, files, gradient, grid, inf, leaf, literal, nan, rng, write

SHAPES = [(), (1,), (5,), (2, 3), (2, 1, 3), (0,), (2, 0)]
PAIRS = [((), ()), ((3,), (3,)), ((3,), ()), ((), (2, 2)), ((2, 3), (3,)), ((3,), (2, 3)),
         ((2, 1), (2, 3)), ((4, 1), (1, 3)), ((2, 3, 2), (3, 1)), ((0,), (0,)), ((2, 0), (1, 1)),
         ((0, 3), (3,)), ((1,), (1,)), ((17,), (17,))]
BIG = np.array([0.0, -0.0, nan, inf, -inf, 1e30, -1e30, 1e-30])


def arithmetic():
    for name, symbol, f in [
        ("add", "+", np.add), ("subtract", "-", np.subtract), ("multiply", "*", np.multiply),
        ("divide", "/", np.divide), ("floor-divide", "//", np.floor_divide),
        ("remainder", "%", np.remainder),
    ]:
        text = "{0} " + symbol + " {1}"
        for a, b in PAIRS:
            y = grid(*b)
            case(name, text, [grid(*a), np.where(np.abs(y) < 0.1, 0.5, y)], f)
        x = np.repeat(np.array([1.0, -1.5, 0.0, inf, nan]), 5)
        y = np.tile(np.array([0.0, 2.0, -3.0, inf, -inf]), 5)
        case(name, text, [x, y], f)
        i, j = np.array([7, -7, 7, -7, 0]), np.array([2, 2, -2, -3, 5])
        whole = "f64" if symbol == "/" else "i64"
        p = np.array([True, True, False, False]), np.array([True, False, True, False])
        if symbol in "+-*":
            case(name, text, p, lambda p, q: f(p.astype(int), q.astype(int)), result="i64")
        case(name, text, [i, j], f, result=whole)
        case(name, "{0} " + symbol + " 4", [i], lambda i: f(i, 4), result=whole)
        case(name, "{0} " + symbol + " 2.5", [i], lambda i: f(i, 2.5), result="f64")
        case(name, text, [i, grid(5, low=1)], f)
    for pair in [(1.0, 0.1), (-1.0, 0.1), (0.3, 0.1), (6.0, 0.1), (1e18, 3.0), (-6.0, 3.0)]:
        x, y = np.array([pair[0]]), np.array([pair[1]])
        case("floor-divide", "{0} // {1}", [x, y], np.floor_divide, only="f64")
        case("remainder", "{0} % {1}", [x, y], np.remainder, only="f64")
    for a, b in PAIRS:
        case("power", "{0}^{1}", [grid(*a, low=0.25), grid(*b)], np.power, tol32=1e-5)
    for n in (0, 1, 2, 3, -1, 0.5):
        case("power", f"{{0}}^{n}", [grid(4, low=0.25)], lambda x: np.power(x, n), tol32=1e-5)
    x = np.array([-2.0, -1.0, 0.0, 0.0, inf, nan, 0.0, -8.0])
    y = np.array([3.0, 2.0, 0.0, -1.0, 0.0, 0.0, 2.0, 0.5])
    case("power", "{0}^{1}", [x, y], np.power)
    x, y = np.array([2, -3, 0, 1, 3]), np.array([5, 3, 0, 9, 33])
    case("power", "{0}^{1}", [x, y], np.power, result="i64")
    fails("power", "tensor([2], dtype: i32)^31", "value")
    fails("power", "[true]^[true]", "dtype")
    fails("negate", "-[true, false]", "dtype")
    fails("power", "tensor([10], dtype: i64)^19", "value")
    fails("power", "tensor([2], dtype: i64)^tensor([-1], dtype: i64)", "value")
    for text in ("-tensor([-2147483648], dtype: i32)", "tensor([2147483647], dtype: i32) + 1",
                 "tensor([-2147483648], dtype: i32) - 1", "tensor([65536], dtype: i32)^2",
                 "tensor([65536], dtype: i32) * 65536"):
        fails("wrap", text, "value")
    for shape in SHAPES:
        case("negate", "-{0}", [grid(*shape)], np.negative)
    case("negate", "-{0}", [np.array([3, -4, 0])], np.negative, result="i64")
    case("negate", "-{0}", [BIG], np.negative)
    for name, f in [("maximum", np.maximum), ("minimum", np.minimum)]:
        for a, b in PAIRS:
            x, y = grid(*a), grid(*b)
            for word in (name, name[:3]):
                case(name, word + "({0}, {1})", [x, y], f)
        x, y = np.array([nan, 1.0, nan, inf, -inf, 0.0]), np.array([1.0, nan, nan, nan, 2.0, 0.0])
        case(name, name + "({0}, {1})", [x, y], f)
        i, j = np.array([7, -7, 7]), np.array([2, 2, 9])
        case(name, name + "({0}, {1})", [i, j], f, result="i64")
        p, q = np.array([True, True, False, False]), np.array([True, False, True, False])
        case(name, name + "({0}, {1})", [p, q], f, result="bool")


def comparison():
    special = np.array([1.0, nan, inf, -inf, 0.0, nan]), np.array([1.0, nan, inf, inf, -0.0, 1.0])
    for name, symbol, f in [
        ("equal", "==", np.equal), ("not-equal", "!=", np.not_equal), ("less", "<", np.less),
        ("less-or-equal", "<=", np.less_equal), ("greater", ">", np.greater),
        ("greater-or-equal", ">=", np.greater_equal),
    ]:
        text = "{0} " + symbol + " {1}"
        for a, b in PAIRS[1:]:
            x, y = np.round(grid(*a)), np.round(grid(*b))
            if x.ndim + y.ndim:
                case(name, text, [x, y], f, result="bool")
        case(name, text, special, f, result="bool")
        i = np.array([2**53, 2**53 - 1, -5]), np.array([2**53 - 1, 2**53 - 1, 4])
        case(name, text, i, f, result="bool")
        p = np.array([True, True, False, False]), np.array([True, False, True, False])
        case(name, text, p, f, result="bool")
    for shape in [(4,), (2, 3), (0,), (2, 1)]:
        p, q = grid(*shape) > 0, grid(*shape) > 0
        case("logic", "{0} and {1}", [p, q], np.logical_and, result="bool")
        case("logic", "{0} or {1}", [p, q], np.logical_or, result="bool")
        case("logic", "not {0}", [p], np.logical_not, result="bool")
    case("logic", "{0} and {1}", [grid(2, 1) > 0, grid(1, 3) > 0], np.logical_and, result="bool")
    case("logic", "{0} or {1}", [grid(3) > 0, grid(2, 3) > 0], np.logical_or, result="bool")


ELEMENTARY = {
    "log1p": (np.log1p, torch.log1p, -0.9, 4), "expm1": (np.expm1, torch.expm1, -4, 4),
    "log2": (np.log2, torch.log2, 0.1, 9), "log10": (np.log10, torch.log10, 0.1, 9),
    "exp2": (np.exp2, torch.exp2, -4, 4), "tan": (np.tan, torch.tan, -1.3, 1.3),
    "asin": (np.arcsin, torch.asin, -0.9, 0.9), "acos": (np.arccos, torch.acos, -0.9, 0.9),
    "atan": (np.arctan, torch.atan, -5, 5), "sinh": (np.sinh, torch.sinh, -4, 4),
    "cosh": (np.cosh, torch.cosh, -4, 4), "asinh": (np.arcsinh, torch.asinh, -5, 5),
    "acosh": (np.arccosh, torch.acosh, 1.1, 5), "atanh": (np.arctanh, torch.atanh, -0.9, 0.9),
}
ACTIVATIONS = {
    "leaky_relu({0})": F.leaky_relu, "leaky_relu({0}, 0.25)": lambda x: F.leaky_relu(x, 0.25),
    "elu({0})": F.elu, "elu({0}, 0.5)": lambda x: F.elu(x, 0.5), "selu({0})": F.selu,
    "mish({0})": F.mish, "softsign({0})": F.softsign, "hardtanh({0})": F.hardtanh,
    "hardtanh({0}, -2, 0.5)": lambda x: F.hardtanh(x, -2, 0.5),
    "hardsigmoid({0})": F.hardsigmoid, "hardswish({0})": F.hardswish, "relu6({0})": F.relu6,
    "log_sigmoid({0})": F.logsigmoid,
}


def elementary():
    """Functions of elements and activations: values, first and second derivatives."""
    special = np.array([0.0, -0.0, nan, inf, -inf, 1e-20, -1e-20, 1e-6, 2.0, -2.0])
    for name, (f, g, low, high) in ELEMENTARY.items():
        for shape in [(), (5,), (2, 3), (0,), (19,)]:
            case("elementary", name + "({0})", [grid(*shape, low=low, high=high)], f)
        x = special if name not in ("tan", "sinh", "cosh") else special[:3]
        case("elementary", name + "({0})", [x], f, only="f64")
        case("elementary", name + "({0})", [np.array([1, 1])], lambda i: f(i * 1.0), result="f64")
        gradient("gradients-elementary", name + "({0})", g, [grid(6, low=low, high=high)],
                 tol32=1e-4)
    small = np.array([1e-8, -1e-8, 1e-5, 2.0**-30])
    for name in ("log1p", "expm1", "asinh", "atanh", "sinh", "tan"):
        f = ELEMENTARY[name][0]
        case("elementary", name + "({0}) / {0}", [small], lambda x: f(x) / x, tol32=3e-7)
    for name, f in [("ceil", np.ceil), ("trunc", np.trunc), ("cbrt", np.cbrt),
                    ("is_nan", np.isnan), ("is_finite", np.isfinite)]:
        kind = "bool" if name.startswith("is") else None
        for x in (grid(7), special):
            case("elementary", name + "({0})", [x], f, result=kind,
                 only="f64" if x is special else None)
        case("elementary", name + "({0})", [np.array([3, -4])], lambda i: f(i * 1.0),
             result=kind or ("f64" if name == "cbrt" else "i64"))
    gradient("gradients-elementary", "cbrt({0})", lambda x: x ** (1 / 3), [grid(4, low=0.2)])
    for name, f, g in [("atan2", np.arctan2, torch.atan2), ("hypot", np.hypot, torch.hypot)]:
        for a, b in PAIRS:
            case("elementary", name + "({0}, {1})", [grid(*a), grid(*b)], f)
            y, x = grid(*a, low=0.25), grid(*b)
            gradient("gradients-elementary", name + "({0}, {1})", g, [y, x], wrt=(0, 1))
        y, x = np.array([0.0, 0.5, 0.0, inf, -inf, nan]), np.array([-1.0, -1.0, 0.0, inf, 1.0, 1.0])
        case("elementary", name + "({0}, {1})", [y, x], f)
        case("elementary", name + "({0}, {1})", [np.array([3, 0]), np.array([4, 5])],
             lambda y, x: f(y * 1.0, x * 1.0), result="f64")
    edges = np.array([0.0, 1.0, -1.0, 3.0, -3.0, 6.0, 0.5, -2.0])
    for text, f in ACTIVATIONS.items():
        for x in (grid(4, low=-7, high=7), grid(2, 3), grid(0), edges, np.array([200.0, -200.0])):
            case("activations", text, [x], lambda x: f(torch.tensor(x)).numpy())
        smooth = grid(4, low=-7, high=7) + 1 / 128
        # PyTorch's slope of hardsigmoid is the f32 next to 1/6, in f64 as well.
        loose = {"tol64": 1e-7} if "hardsigmoid" in text else {}
        for x in (smooth, np.array([200.0, -200.0]), edges if "swish" not in text else edges[:3]):
            gradient("gradients-activations", text, f, [x], **loose)
        if "hards" in text:
            continue  # PyTorch has no second derivative.
        w = grid(4)
        u = leaf(smooth)
        (g,) = torch.autograd.grad((f(u) ** 2).sum(), u, create_graph=True)
        (g * torch.tensor(w)).sum().backward()
        inner = text.replace("{0}", "u")
        case("gradients-activations",
             f"grad(v -> sum(grad(u -> sum({inner}^2))(v) * {{1}}))({{0}})", [smooth, w],
             u.grad.numpy(), tol64=1e-10, tol32=1e-3)
    for axis in (-1, 0):
        gradient("gradients-activations", f"glu({{0}}, axis: {axis})",
                 lambda x: F.glu(x, axis), [grid(4, 6)])
        case("activations", f"glu({{0}}, axis: {axis})", [grid(4, 6)],
             lambda x: F.glu(torch.tensor(x), axis).numpy())


def statistics():
    """Order statistics, running products and extremes, covariances, counts, and elements moved."""
    file = "statistics"
    for shape in [(5,), (2, 3), (4, 1), (3, 2, 2)]:
        x = grid(*shape)
        for q in (0, 0.3, 0.5, 1):
            case(file, f"quantile({{0}}, {q})", [x], lambda x: np.quantile(x, q))
            case(file, f"quantile({{0}}, {q}, axis: 0)", [x], lambda x: np.quantile(x, q, axis=0))
        case(file, "quantile({0}, {1}, axis: -1, keep: true)", [x, np.array([0.1, 0.9])],
             lambda x, q: np.quantile(x, q, axis=-1, keepdims=True))
        case(file, "median({0})", [x], np.median)
        for axis in (0, len(shape) - 1):
            case(file, f"cumprod({{0}}, axis: {axis})", [x], lambda x: np.cumprod(x, axis))
            case(file, f"cummax({{0}}, axis: {axis})", [x], lambda x: np.maximum.accumulate(x, axis))
            case(file, f"cummin({{0}}, axis: {axis})", [x], lambda x: np.minimum.accumulate(x, axis))
            case(file, f"flip({{0}}, axis: {axis})", [x], lambda x: np.flip(x, axis))
            case(file, f"roll({{0}}, 2, axis: {axis})", [x], lambda x: np.roll(x, 2, axis))
            case(file, f"repeat({{0}}, 3, axis: {axis})", [x], lambda x: np.repeat(x, 3, axis))
            zeros = np.where(np.arange(x.size).reshape(shape) % 3 == 1, 0, x)
            for v in (x, zeros):
                gradient("gradients-statistics", f"cumprod({{0}}, axis: {axis})",
                         lambda x: torch.cumprod(x, axis), [v])
        gradient("gradients-statistics", "quantile({0}, 0.3)", lambda x: torch.quantile(x, 0.3), [x])
        case(file, "flip({0})", [x], np.flip)
        case(file, "roll({0}, -1)", [x], lambda x: np.roll(x, -1))
        case(file, "tile({0}, 2, 3)", [x], lambda x: np.tile(x, (2, 3)))
        case(file, "unique({0})", [np.round(x)], np.unique)
        case(file, "unique({0}, counts: true)[1]", [np.round(x)],
             lambda x: np.unique(x, return_counts=True)[1], result="i64")
        case(file, "histogram_counts({0}, 4)[0]", [x], lambda x: np.histogram(x, 4)[0], result="i64")
        case(file, "histogram_counts({0}, 4)[1]", [x], lambda x: np.histogram(x, 4)[1])
        for right in ("left", "right"):
            case(file, f"searchsorted(sort(reshape({{0}}, -1)), {{0}}, right: "
                 f"{'true' if right == 'right' else 'false'})", [np.round(x)],
                 lambda x: np.searchsorted(np.sort(x.ravel()), x, right), result="i64")
    for a in [(4, 4), (3, 5), (5, 3)]:
        x = grid(*a)
        for k in (-2, 0, 1):
            case(file, f"diag({{0}}, {k})", [x], lambda x: np.diag(x, k))
            case(file, f"diag({{0}}, {k})", [x[0]], lambda x: np.diag(x, k))
            case(file, f"tril({{0}}, {k})", [x], lambda x: np.tril(x, k))
            case(file, f"triu({{0}}, {k})", [x], lambda x: np.triu(x, k))
        case(file, "cov({0})", [x], lambda x: np.cov(x.T))
        case(file, "cov({0}, axis: 1, ddof: 0)", [x], lambda x: np.cov(x, ddof=0))
        case(file, "corr({0})", [x], lambda x: np.corrcoef(x.T), tol32=1e-5)
        gradient("gradients-statistics", "cov({0})", lambda x: torch.cov(x.T), [x])
    i = np.array([0, 3, 1, 3, 3])
    case(file, "bincount({0})", [i], np.bincount, result="i64")
    case(file, "meshgrid({0}, {1})[0]", [grid(2), grid(3)],
         lambda x, y: np.meshgrid(x, y, indexing="ij")[0])


def elementwise():
    torched = lambda f: lambda x: f(torch.tensor(x)).numpy()
    functions = {
        "exp": np.exp, "log": np.log, "sqrt": np.sqrt, "sin": np.sin, "cos": np.cos,
        "tanh": np.tanh, "abs": np.abs, "sign": np.sign, "floor": np.floor, "round": np.round,
        "sigmoid": scipy.special.expit, "relu": torched(F.relu), "gelu": torched(F.gelu),
        "silu": torched(F.silu), "softplus": lambda x: np.logaddexp(0, x),
        "erf": scipy.special.erf,
    }
    for name, f in functions.items():
        for shape in SHAPES + [(19,)]:
            x = grid(*shape, low=0.1) if name in ("log", "sqrt") else grid(*shape, low=-4, high=4)
            case(name, name + "({0})", [x], f)
        x = np.array([0.0, -0.0, nan, inf, 0.5, 1.5, 2.5, -0.5, -1.5, 20, 80, 100])
        if name not in ("sin", "cos"):
            x = np.concatenate([x, [-20.0, -80.0]])
        if name not in ("gelu", "silu", "exp", "sin", "cos"):
            x = np.concatenate([x, [-inf, 1000.0, -1000.0]])
        wide = {"tol32": inf} if name == "exp" else {}
        case(name, name + "({0})", [x], f, **wide)
        whole = name in ("abs", "sign", "floor", "round")
        case(name, name + "({0})", [np.array([1, 2, 9])], lambda i: f(i.astype(float)),
             result="i64" if whole else "f64")
    case("exp", "exp({0})", [np.array([-inf, -1000.0, -100.0, -87.0, 0, 88.0])], np.exp)
    x = np.array([88.0, 80.0, -87.0, -60.0])
    case("exp", "exp({0}) / {1}", [x, np.exp(x).astype(np.float32).astype(float)],
         lambda x, y: np.exp(x) / y)
    small = 2.0 ** -np.arange(1, 25, 3)
    case("tanh", "tanh({0}) / {0}", [small], lambda x: np.tanh(x) / x, tol32=1e-6)
    case("softplus", "softplus({0}) * 2^20", [-small - 14], lambda x: np.log1p(np.exp(x)) * 2**20)
    for shape in SHAPES:
        x = grid(*shape)
        case("clip", "clip({0}, -1, 0.5)", [x], lambda x: np.clip(x, -1, 0.5))
    case("clip", "clip({0}, -1, 1)", [BIG], lambda x: np.clip(x, -1, 1))
    case("clip", "clip({0}, -inf, 1)", [BIG], lambda x: np.clip(x, -inf, 1))
    x = np.array([0.0, -0.0, 1.75, -1.75, 3.0])
    case("convert", "{0}.i64", [x], lambda x: x.astype(int), result="i64")
    case("convert", "{0}.i32", [x], lambda x: x.astype(int), result="i32")
    case("convert", "{0}.bool", [x], lambda x: x != 0, result="bool")
    case("convert", "convert({0}, bool)", [np.array([nan])], np.array([True]), result="bool")
    i = np.array([0, 7, -9, 2**53])
    case("convert", "{0}.f64", [i], i.astype(float))
    case("convert", "{0}.f32", [i], i.astype(float), result="f32")
    case("convert", "{0}.bool", [i], i != 0, result="bool")
    case("convert", "{0}.i64", [i != 0], (i != 0).astype(int), result="i64")
    case("convert", "{0}.f32", [i != 0], (i != 0).astype(float), result="f32")
    case("convert", "{0}.f32", [np.array([16777217.0, 0.1])],
         lambda x: x.astype(np.float32).astype(float), tol64=0, result="f32", only="f64")
    for text in ("[nan].i64", "[inf].i32", "[3e9].i32", "[1e19].i64"):
        fails("convert", text, "value")
    for a, b in PAIRS:
        x, y = grid(*a), grid(*b)
        c = grid(*np.broadcast_shapes(a, b)) > 0
        case("where", "where({0}, {1}, {2})", [c, x, y], np.where)
    case("where", "where({0}, {1}, {2})", [np.array([True, False]), grid(3, 2), grid(1, 2)],
         np.where)
    case("where", "where({0}, {1}, nan)", [np.array([True, False]), grid(2)],
         lambda c, x: np.where(c, x, nan))
    case("where", "where({0}, {1}, {2})", [np.array([True, False]), np.array([1, 2]),
                                          np.array([3, 4])], np.where, result="i64")


AXES = [((), None, False), ((1,), None, True), ((5,), None, False), ((5,), 0, True),
        ((2, 3), None, True), ((2, 3), 0, False), ((2, 3), 1, True), ((2, 3), -1, False),
        ((2, 3, 2), 1, False), ((2, 3, 2), (0, 2), True), ((2, 3, 2), (0, -1), False),
        ((1, 1, 4), 2, False), ((3, 1), -2, False), ((130,), None, False), ((3, 70), 1, False),
        ((70, 3), 0, True), ((2, 3, 2), (1, 2), False), ((2, 3, 2), (0, 1, 2), True)]
EMPTY = [((0,), None, False), ((0, 3), 0, False), ((2, 0), 1, True), ((0, 3), 1, False)]


def arguments(axis, keep):
    text = "" if axis is None else f", axis: {list(axis) if isinstance(axis, tuple) else axis}"
    return text + (", keep: true" if keep else "")


def reductions():
    functions = {
        "sum": np.sum, "mean": np.mean, "prod": np.prod, "max": np.max, "min": np.min,
        "var": np.var, "std": np.std, "any": np.any, "all": np.all,
        "norm": lambda x, axis, keepdims: np.sqrt(np.sum(x * x, axis=axis, keepdims=keepdims)),
        "logsumexp": scipy.special.logsumexp, "argmax": np.argmax, "argmin": np.argmin,
    }
    for name, f in functions.items():
        result = {"any": "bool", "all": "bool", "argmax": "i64", "argmin": "i64"}.get(name)
        sums = name in ("sum", "prod", "any", "all", "norm", "mean", "var", "std")
        for shape, axis, keep in AXES + (EMPTY if sums else EMPTY[-1:]):
            if isinstance(axis, tuple) and name.startswith("arg"):
                continue
            x = grid(*shape, low=0.8, high=1.3) if name == "prod" else grid(*shape)
            if name.startswith("arg") or name in ("max", "min"):
                x = np.round(x * 4) / 4
            x = x > (1 if name == "any" else -1) if name in ("any", "all") else x
            text = f"{name}({{0}}{arguments(axis, keep)})"
            case(name, text, [x], lambda x: f(x, axis=axis, keepdims=keep), result=result,
                 tol64=1e-12, tol32=1e-5)
        if result == "bool":
            continue
        for row in ([1.0, nan, 3.0], [inf, 1.0, -inf], [inf, inf, 2.0], [-inf, -inf, -inf],
                    [nan, nan, nan], [nan, inf, 0.0], [0.0, -0.0, 0.0], [1e30, 1e-30, -1e30]):
            if name == "logsumexp" and nan in row:
                wanted = nan
            else:
                wanted = lambda x: f(x, axis=None, keepdims=False)
            wide = 1e30 in row and name in ("var", "std", "norm")
            case(name, name + "({0})", [row], wanted, result=result, only="f64" if wide else None)
    for name in ("sum", "max", "min"):
        f = functions[name]
        for axis in (None, 0, 1):
            i = rng.integers(-9, 9, (3, 4))
            case(name, f"{name}({{0}}{arguments(axis, False)})", [i], lambda i: f(i, axis=axis),
                 result="i64")
    case("sum", "sum({0})", [np.array([True, True, False])], np.array(2), result="i64")
    case("sum", "sum({0}, axis: 0)", [grid(3, 2) > 0], lambda x: x.sum(0), result="i64")
    case("mean", "mean({0})", [np.array([True, True, False, False])], np.array(0.5), result="f64")
    case("mean", "mean({0})", [np.array([1, 2, 4, 4])], np.array(2.75), result="f64")
    case("max", "max({0})", [np.array([True, False])], np.array(True), result="bool")
    for name in ("max", "min", "argmax", "argmin"):
        fails(name, f"{name}(zeros(0))", "value")
        fails(name, f"{name}(zeros(2, 0), axis: 1)", "value")
    fails("sum", "sum(tensor([2147483647, 1], dtype: i32))", "value")
    case("sum", "sum(ones(3000001, dtype: f32))", [], np.array(3000001.0), result="f32", tol64=0)
    case("norm", "norm(ones(4000000, dtype: f32))", [], np.array(2000.0), result="f32", tol64=1e-6)
    case("norm", "norm({0} * 1e20)", [np.array([3.0, 4.0])], np.array(5e20), tol32=1e-6)
    case("mean", "mean(full([3000001], 0.1).f32)", [], np.array(0.1), result="f32", tol64=1e-6)
    case("var", "var({0} + 1000)", [grid(64)], np.var, tol32=1e-4, tol64=1e-10)
    for shape, axis in [((5,), 0), ((2, 3), 0), ((2, 3), 1), ((2, 3, 2), 1), ((2, 3), -1),
                        ((2, 3, 2), -2), ((0,), 0), ((2, 0), 1), ((2, 0), 0), ((1, 4), 0)]:
        x = grid(*shape)
        text = f"({{0}}, axis: {axis})"
        case("cumsum", "cumsum" + text, [x], lambda x: np.cumsum(x, axis))
        softmax = lambda x: scipy.special.softmax(x, axis)
        log_softmax = lambda x: scipy.special.log_softmax(x, axis)
        if x.size:
            for scale in (1, 100, 1000):
                case("softmax", "softmax" + text, [x * scale], softmax, tol32=1e-5)
                case("log-softmax", "log_softmax" + text, [x * scale], log_softmax)
        else:
            case("softmax", "softmax" + text, [x], x)
            case("log-softmax", "log_softmax" + text, [x], x)
    case("softmax", "softmax({0})", [grid(3, 40)], lambda x: scipy.special.softmax(x, -1))
    case("softmax", "softmax({0})", [[-inf, 0.0, 1.0]], [0, *scipy.special.softmax([0, 1])])
    case("softmax", "softmax({0})", [[nan, 0.0, 1.0]], [nan] * 3)
    case("softmax", "softmax({0})", [[-inf, -inf]], [nan] * 2)
    case("softmax", "softmax({0})", [np.array(3.0)], np.array(1.0))
    case("log-softmax", "log_softmax({0})", [[-inf, 0.0]], [-inf, 0])


def products():
    for a, b in [((3,), (3,)), ((1,), (1,)), ((0,), (0,)), ((2, 3), (3,)), ((3,), (3, 2)),
                 ((2, 3), (3, 4)), ((1, 1), (1, 1)), ((0, 3), (3, 2)), ((3, 0), (0, 2)),
                 ((2, 3), (3, 0)), ((2, 2, 3), (3, 2)), ((2, 2, 3), (2, 3, 1)),
                 ((2, 3), (2, 3, 2)), ((2, 1, 2, 3), (3, 3, 2)), ((2, 2, 3), (3,)),
                 ((3,), (2, 3, 2)), ((1, 2, 3), (4, 3, 2)), ((0, 2, 3), (3, 2)),
                 ((2, 3), (0, 3, 2)), ((17, 33), (33, 9)), ((5, 1), (1, 5)),
                 ((2, 3), (1, 1, 3, 2)), ((3,), (1, 3, 2)), ((1, 2, 3), (3,)),
                 ((2, 0, 3), (2, 3, 0))]:
        case("matmul", "{0} @ {1}", [grid(*a), grid(*b)], np.matmul, tol64=1e-12, tol32=2e-5)
    case("matmul", "{0}' @ {1}", [grid(3, 2), grid(3, 4)], lambda a, b: a.T @ b, tol32=1e-5)
    case("matmul", "{0} @ {1}'", [grid(2, 3), grid(4, 3)], lambda a, b: a @ b.T, tol32=1e-5)
    case("matmul", "{0} @ {1}", [[[inf, 0.0], [1.0, nan]], [[1.0, 0.0], [1.0, 2.0]]], np.matmul)
    for a, b in [(2, 3), (1, 1), (4, 1), (0, 3), (3, 0)]:
        case("outer", "outer({0}, {1})", [grid(a), grid(b)], np.outer)
    case("outer", "outer({0}, {1})", [np.array([1, 2]), np.array([3, -4])], np.outer, result="i64")
    for equation, *shapes in [
        ("ij,jk->ik", (2, 3), (3, 4)), ("ij->ji", (2, 3)), ("ij->", (2, 3)), ("ij->j", (2, 3)),
        ("ii->i", (3, 3)), ("ii->", (3, 3)), ("i,i->", (4,), (4,)), ("i,j->ij", (2,), (3,)),
        ("bij,bjk->bik", (2, 2, 3), (2, 3, 2)), ("bhqd,bhkd->bhqk", (2, 2, 3, 2), (2, 2, 4, 2)),
        ("ij,jk,kl->il", (2, 3), (3, 2), (2, 2)), ("ij,ij->ij", (2, 3), (2, 3)),
        ("ij,kl->", (2, 2), (2, 3)), ("ijj->i", (2, 3, 3)), ("iij,jk->ki", (2, 2, 3), (3, 2)),
        ("i,i,i->i", (3,), (3,), (3,)), ("ij,j->ji", (2, 3), (3,)), ("iii->i", (2, 2, 2)),
        ("ijk->kij", (2, 3, 4)), (",i->i", (), (3,)), ("ij,jk->ik", (2, 0), (0, 3)),
        ("i,j,k->kji", (2,), (1,), (3,)),
    ]:
        values = [grid(*shape) for shape in shapes]
        terms = ", ".join(f"{{{i}}}" for i in range(len(shapes)))
        case("einsum", f'einsum("{equation}", {terms})', values,
             lambda *x: np.einsum(equation, *x), tol64=1e-12, tol32=1e-5)
    for n, columns in [(1, ()), (2, ()), (3, (2,)), (5, (1,)), (8, (3,)), (0, (2,)), (3, (0,))]:
        a = grid(n, n) + 3 * np.eye(n)
        case("solve", "solve({0}, {1})", [a, grid(n, *columns)], np.linalg.solve,
             tol64=1e-11, tol32=1e-4)
    case("solve", "solve({0}, {1})", [[[0.0, 1.0], [2.0, 0.0]], [3.0, 4.0]], [2, 3])
    fails("solve", "solve([[1, 2], [2, 4]], [1, 2])", "value")
    fails("solve", "solve(ones(2, 3), [1, 2])", "shape")


def movement():
    for shape, sizes in [((6,), (2, 3)), ((2, 3), (3, 2)), ((2, 3), (-1,)), ((2, 3), (1, -1, 2)),
                         ((1,), (1, 1)), ((0,), (0, 3)), ((2, 0), (0,)), ((4,), (4,))]:
        for text in (f"reshape({{0}}, {list(sizes)})", f"reshape({{0}}, {str(list(sizes))[1:-1]})"):
            case("reshape", text, [grid(*shape)], lambda x: x.reshape(sizes), tol64=0, tol32=0)
    case("reshape", "reshape({0}, [])", [grid(1)], lambda x: x.reshape(()))
    fails("reshape", "reshape([1, 2, 3], 2, 2)", "shape")
    fails("reshape", "reshape([1, 2, 3], 2, -1)", "shape")
    for shape, order in [((2, 3), (1, 0)), ((2, 3, 4), (2, 0, 1)), ((2, 3, 4), (0, 2, 1)),
                         ((3,), (0,)), ((0, 2), (1, 0)), ((2, 1, 2, 3), (3, 1, 0, 2))]:
        case("transpose", f"transpose({{0}}, {list(order)})", [grid(*shape)],
             lambda x: x.transpose(order), tol64=0, tol32=0)
    for shape in [(2, 3), (2, 3, 4), (1, 1), (0, 2)]:
        for text in ("transpose({0})", "{0}'"):
            case("transpose", text, [grid(*shape)], lambda x: np.swapaxes(x, -1, -2))
    for shape, sizes in [((), (2, 3)), ((3,), (2, 3)), ((2, 1), (2, 3)), ((1,), (0,)),
                         ((2, 3), (2, 3)), ((1, 3, 1), (2, 3, 2)), ((1, 1), (3, 2, 2))]:
        case("expand", f"expand({{0}}, {list(sizes)})", [grid(*shape)],
             lambda x: np.broadcast_to(x, sizes))
    fails("expand", "expand([1, 2], 3)", "shape")
    for shape, axis in [((1, 3), None), ((2, 1, 3), 1), ((2,), None), ((1, 1), None),
                        ((1, 2, 1), -1), ((1, 2, 1), (0, 2)), ((1, 0), None)]:
        case("squeeze", f"squeeze({{0}}{arguments(axis, False)})", [grid(*shape)],
             lambda x: np.squeeze(x, axis))
    fails("squeeze", "squeeze(ones(2, 3), axis: 0)", "shape")
    for axis, *shapes in [(0, (2,), (3,)), (0, (2, 3), (1, 3)), (1, (2, 3), (2, 1)),
                          (-1, (2, 3), (2, 1)), (0, (0,), (2,)), (1, (2, 2), (2, 2), (2, 2)),
                          (1, (2, 0, 2), (2, 1, 2)), (2, (1, 2, 1), (1, 2, 3))]:
        values = [grid(*shape) for shape in shapes]
        terms = ", ".join(f"{{{i}}}" for i in range(len(shapes)))
        case("concat", f"concat({terms}, axis: {axis})", values,
             lambda *x: np.concatenate(x, axis))
    case("concat", "concat({0}, {1})", [np.array([1, 2]), np.array([3])],
         lambda *x: np.concatenate(x), result="i64")
    case("concat", "concat({0}, {1})", [np.array([1, 2]), np.array([0.5])],
         lambda *x: np.concatenate(x))
    for axis, *shapes in [(0, (2,), (2,)), (1, (2, 3), (2, 3)), (0, (), ()), (1, (2,), (2,), (2,)),
                          (2, (2, 3), (2, 3)), (0, (0,), (0,)), (-1, (2, 3), (2, 3))]:
        values = [grid(*shape) for shape in shapes]
        terms = ", ".join(f"{{{i}}}" for i in range(len(shapes)))
        case("stack", f"stack({terms}, axis: {axis})", values, lambda *x: np.stack(x, axis))
    rest = slice(None)
    for shape, text, index in [
        ((5,), "0", 0), ((5,), "-1", -1), ((5,), "1..3", slice(1, 3)), ((5,), "2..", slice(2, 9)),
        ((5,), "..-1", slice(0, -1)), ((5,), "-3..", slice(-3, 9)), ((5,), "4..2", slice(4, 2)),
        ((5,), "3..99", slice(3, 99)), ((2, 3), "1", 1), ((2, 3), ".., 0", (rest, 0)),
        ((2, 3), "1, 2", (1, 2)), ((2, 3), "-1, -2", (-1, -2)), ((2, 3), "0, 1..", (0, slice(1, 3))),
        ((2, 3), ".., none", (rest, None)), ((2, 3), "none", None), ((2, 3), "none, 1", (None, 1)),
        ((2, 3, 4), "1, .., 2", (1, rest, 2)), ((2, 3, 4), ".., 1..2", (rest, slice(1, 2))),
        ((2, 3, 4), ".., .., 1", (rest, rest, 1)), ((2, 0), "1", 1), ((0, 2), ".., 1", (rest, 1)),
        ((5,), "[0, 2, 2, -1]", [0, 2, 2, -1]), ((3, 2), "[2, 0]", [2, 0]),
        ((3, 2), ".., [1, 0, 1]", (rest, [1, 0, 1])), ((3, 2), "[[0, 1], [2, 2]]",
                                                      np.array([[0, 1], [2, 2]])),
        ((3, 2), "zeros(0, dtype: i64)", np.zeros(0, int)),
        ((2, 3), "[true, false]", [True, False]), ((2, 3), ".., [true, false, true]",
                                                   (rest, [True, False, True])),
        ((3,), "[false, false, false]", [False] * 3), ((3, 4), "1, [0, 2]", (1, [0, 2])),
        ((3, 4), "[0, 2], 1", ([0, 2], 1)), ((3, 4), "[0, 2], 1..3", ([0, 2], slice(1, 3))),
        ((3, 4, 2), ".., [0, 2], 1", (rest, [0, 2], 1)),
    ]:
        case("indexing", f"{{0}}[{text}]", [grid(*shape)], lambda x: x[index], tol64=0, tol32=0)
    for shape in [(5,), (2, 3), (2, 1, 3), (0,)]:
        x = grid(*shape)
        case("indexing", "{0}[{0} > 0.25]", [x], lambda x: x[x > 0.25])
        case("indexing", "{0}[{1}]", [x, x > 0], lambda x, m: x[m])
    case("indexing", "{0}[1..3]", [np.array([4, 5, 6, 7])], np.array([5, 6]), result="i64")
    for text in ("[1, 2][2]", "[1, 2][-3]", "[[1, 2]][0, 2]", "[1, 2][0, 0]", "[1, 2][0.5]",
                 "[1, 2][[0, 2]]"):
        fails("indexing", text, "index" if "0.5" not in text else "value")
    for shape, text, index, value in [
        ((5,), "0", 0, 9), ((5,), "-1", -1, 2.5), ((5,), "1..3", slice(1, 3), 7),
        ((5,), "1..3", slice(1, 3), grid(2)), ((2, 3), "1", 1, grid(3)), ((2, 3), "1", 1, 0),
        ((2, 3), ".., 0", (rest, 0), grid(2)), ((2, 3), "0, 2", (0, 2), -1),
        ((2, 3), ".., 1..", (rest, slice(1, 3)), grid(2, 1)), ((3, 2), "[2, 0]", [2, 0], grid(2, 2)),
        ((5,), "[0, 2]", [0, 2], 4), ((2, 3), "..", rest, grid(3)), ((5,), "2..2", slice(2, 2), 1),
        ((2, 3, 2), "1, .., 0", (1, rest, 0), grid(3)),
        ((3,), "[true, false, true]", [True, False, True], 8),
        ((3,), "[true, false, true]", [True, False, True], grid(2)),
    ]:
        x = grid(*shape)
        y = x.copy()
        y[index] = value
        lines = files.setdefault("updates", [])
        for kind in ("f64", "f32"):
            v = literal(value) + ("." + kind if np.ndim(value) else "") if np.ndim(value) else value
            lines += [f"let x0 = {literal(x)}.{kind}", f"x0[{text}] = {v}",
                      f"agrees(x0, {literal(y)}, {kind}, 0)  # => true"]
    x = grid(4, 2)
    for indices in ([3, 0], [[1, 1], [2, -1]], [], 2):
        i = np.array(indices, int)
        case("gather", "gather({0}, {1})", [x, i], lambda x, i: x[i])
    case("gather", "gather({0}, {1})", [np.array([5, 6, 7]), np.array([2, 0])],
         np.array([7, 5]), result="i64")
    fails("gather", "gather([1, 2], [2])", "index")


def choosing():
    for shape in [(5,), (1,), (0,), (2, 4), (2, 0), (2, 3, 3)]:
        x = np.round(grid(*shape) * 2) / 2
        case("sort", "sort({0})", [x], lambda x: np.sort(x, -1, kind="stable"))
        case("sort", "argsort({0})", [x], lambda x: np.argsort(x, -1, kind="stable"), result="i64")
        for k in range(0, min(3, shape[-1]) + 1):
            case("topk", f"topk({{0}}, {k})", [x], lambda x: -np.sort(-x, -1)[..., :k])
    x = np.array([nan, 1.0, -inf, nan, inf, 0.0, -0.0])
    case("sort", "sort({0})", [x], np.sort)
    case("sort", "argsort({0})", [x], lambda x: np.argsort(x, kind="stable"), result="i64")
    case("sort", "sort({0})", [np.array([3, -1, 2])], np.sort, result="i64")
    case("sort", "argsort({0})", [np.array([3, -1, 2, 3])], lambda x: np.argsort(x, kind="stable"),
         result="i64")
    case("topk", "topk({0}, 3)", [x], lambda x: torch.topk(torch.tensor(x), 3)[0].numpy())
    fails("topk", "topk([1, 2], 3)", "value")
    for indices in ([0, 2], [[1, 0], [2, 2]], [], 1):
        i = np.array(indices, int)
        case("one-hot", "one_hot({0}, 3)", [i], lambda i: np.eye(3)[i], result="f64")
    fails("one-hot", "one_hot([3], 3)", "index")
    fails("one-hot", "one_hot([-1], 3)", "index")
    for a, b, n in [(0, 1, 5), (1, -1, 4), (2, 2, 3), (0.5, 3, 1), (0, 1, 0), (-1e3, 1e3, 7)]:
        case("creation", f"linspace({a}, {b}, {n})", [], np.linspace(a, b, n), result="f64")
    for a in [(4,), (0,), (2, 8, 2), (5, 0, -2), (0, 1, 0.25), (3, 3), (5, 1), (0.5, 3)]:
        case("creation", f"arange({str(list(a))[1:-1]})", [], np.arange(*a, dtype=float),
             result="f64")
    for n in (0, 1, 3):
        case("creation", f"eye({n})", [], np.eye(n), result="f64")
        case("creation", f"eye({n}, dtype: i64)", [], np.eye(n), result="i64")
    for sizes in [(), (0,), (2, 3), (2, 0)]:
        case("creation", f"zeros({list(sizes)})", [], np.zeros(sizes), result="f64")
        case("creation", f"ones({list(sizes)}, dtype: i32)", [], np.ones(sizes), result="i32")
        case("creation", f"full({list(sizes)}, 2.5)", [], np.full(sizes, 2.5), result="f64")


def losses():
    for shape in [(1,), (4,), (2, 3), (2, 2, 2)]:
        x, y = grid(*shape), grid(*shape)
        case("losses", "mse({0}, {1})", [x, y], lambda x, y: np.mean((x - y) ** 2))
        p, t = grid(*shape, low=0.1, high=0.9), grid(*shape, low=0, high=1)
        bce = lambda p, t: F.binary_cross_entropy(torch.tensor(p), torch.tensor(t)).numpy()
        case("losses", "binary_cross_entropy({0}, {1})", [p, t], bce)
        case("losses", "binary_cross_entropy({0}, {1})", [p, np.round(t)], bce)
    p, t = np.array([0.0, 1.0, 1.0, 0.0]), np.array([0.0, 1.0, 0.0, 1.0])
    case("losses", "binary_cross_entropy({0}, {1})", [p, t], bce)
    for n, c in [(1, 1), (3, 4), (5, 2)]:
        x, i = grid(n, c), rng.integers(0, c, n)
        ce = lambda x, t: F.cross_entropy(torch.tensor(x), torch.tensor(t)).numpy()
        case("losses", "cross_entropy({0}, {1})", [x, i], ce)
        case("losses", "cross_entropy({0}, {1})", [x * 500, i], ce)
        case("losses", "cross_entropy({0}, {1})", [x, np.eye(c)[i]], ce)
        t = scipy.special.softmax(grid(n, c), -1)
        case("losses", "cross_entropy({0}, {1})", [x, np.round(t * 64) / 64], ce)
    x, i = grid(2, 3, 4), rng.integers(0, 4, (2, 3))
    case("losses", "cross_entropy({0}, {1})", [x, i],
         lambda x, i: F.cross_entropy(torch.tensor(x.reshape(6, 4)), torch.tensor(i.ravel())))
    case("losses", "cross_entropy({0}, {1})", [x[0, 0], np.array(2)], ce)
    case("losses", "cross_entropy({0}, {1})", [[[-inf, 0.0, 1.0]], np.array([1])], ce)
    fails("losses", "cross_entropy([[1, 2]], [2])", "index")
    fails("losses", "cross_entropy([[1, 2]], [-1])", "index")
    fails("losses", "mse([1, 2], [[1], [2]])", "shape")
    for shape in [(3,), (2, 4), (3, 1), (2, 2, 3), (0, 3), (2, 64)]:
        norm = lambda x: F.layer_norm(torch.tensor(x), shape[-1:]).numpy()
        text = f"layer_norm({shape[-1]})({{0}})"
        case("layer-norm", text, [grid(*shape)], norm, tol32=1e-5, only="f64")
        x = f"{literal(grid(*shape))}"
    case("layer-norm", "layer_norm(3, eps: 0.5)({0})", [grid(2, 3)],
         lambda x: F.layer_norm(torch.tensor(x), (3,), eps=0.5).numpy(), only="f64")
    case("layer-norm", "layer_norm(4)({0} + 1000)", [grid(2, 4)],
         lambda x: F.layer_norm(torch.tensor(x + 1000), (4,)).numpy(), only="f64", tol64=1e-9)


def gradients():
    file = "gradients-elementwise"
    for name, f in [("exp", torch.exp), ("log", torch.log), ("sqrt", torch.sqrt),
                    ("sin", torch.sin), ("cos", torch.cos), ("tanh", torch.tanh),
                    ("abs", torch.abs), ("sigmoid", torch.sigmoid), ("relu", torch.relu),
                    ("gelu", F.gelu), ("silu", F.silu), ("softplus", F.softplus),
                    ("erf", torch.erf)]:
        x = grid(7, low=0.1) if name in ("log", "sqrt") else np.append(grid(6, low=-5, high=5), 0)
        gradient(file, name + "({0})", f, [x])
    gradient(file, "clip({0}, -1, 1)", lambda x: torch.clip(x, -1, 1),
             [np.array([-2.0, -0.75, 0.5, 3.0])])
    gradient(file, "(({0} > 0) * {0})", torch.relu, [grid(5)])
    gradient(file, "where({0} > 0, {0}^2, -{0})", lambda x: torch.where(x > 0, x**2, -x),
             [grid(5)])
    file = "gradients-arithmetic"
    for a, b in PAIRS:
        for symbol, f in [("+", torch.add), ("-", torch.sub), ("*", torch.mul), ("/", torch.div)]:
            y = grid(*b, low=0.5)
            gradient(file, "({0} " + symbol + " {1})", f, [grid(*a), y], wrt=(0, 1))
    gradient(file, "({0} % {1})", torch.remainder, [grid(5), np.array([0.75, 0.6, -0.7, 2, 1])],
             wrt=(0, 1), only="f64")
    file = "gradients-power"
    gradient(file, "({0}^{1})", torch.pow, [grid(5, low=0.25), grid(5)], wrt=(0, 1))
    gradient(file, "({0}^{1})", torch.pow, [[0.0, 0.0, 2.0, 0.0], [2.0, 1.0, 0.0, 0.0]],
             wrt=(0, 1))
    for n in (0, 1, 2, 3, -1):
        x = np.array([-1.5, 2.0]) if n < 0 else np.array([-1.5, 0.0, 2.0])
        gradient(file, f"({{0}}^{n})", lambda x: x**n, [x])
    gradient(file, "(2^{0})", lambda x: 2**x, [grid(3)])
    gradient(file, "(0^{0})", lambda x: torch.tensor(0.0) ** x, [np.array([1.0, 2.0])])
    file = "gradients-reductions"
    norm = lambda x, dim, keepdim: torch.linalg.vector_norm(x, dim=dim, keepdim=keepdim)
    var = lambda x, dim, keepdim: torch.var(x, dim=dim, keepdim=keepdim, correction=0)
    std = lambda x, dim, keepdim: torch.std(x, dim=dim, keepdim=keepdim, correction=0)
    for name, f in [("sum", torch.sum), ("mean", torch.mean), ("var", var), ("std", std),
                    ("norm", norm), ("logsumexp", torch.logsumexp), ("max", torch.amax),
                    ("min", torch.amin)]:
        for shape, axis, keep in [((4,), 0, False), ((2, 3), 1, True), ((2, 3), 0, False),
                                  ((2, 3), (0, 1), False), ((2, 3, 2), (0, 2), True),
                                  ((2, 3, 2), 1, False)]:
            text = f"{name}({{0}}{arguments(axis, keep)})"
            x = rng.permutation(np.arange(math.prod(shape)) / 4 - 1).reshape(shape)
            gradient(file, text, lambda x: f(x, dim=axis, keepdim=keep), [x])
        if name in ("sum", "mean", "var", "norm", "std"):
            gradient(file, f"{name}({{0}})", lambda x: f(x, dim=0, keepdim=False), [np.zeros(3)])
    file = "gradients-prod"
    for x in ([1.5, -2.0, 0.5], [1.5, 0.0, 2.0], [0.0, 0.0, 3.0], [4.0]):
        gradient(file, "prod({0})", torch.prod, [x])
    x = np.array([[1.5, 0.0, 2.0], [0.0, 0.0, 3.0], [1.0, 2.0, 0.5]])
    for axis in (0, 1):
        gradient(file, f"prod({{0}}, axis: {axis})", lambda x: torch.prod(x, axis), [x])
        gradient(file, f"prod({{0}}, axis: {axis}, keep: true)",
                 lambda x: torch.prod(x, axis, keepdim=True), [x])
    file = "gradients-rows"
    for shape, axis in [((4,), 0), ((2, 3), 0), ((2, 3), 1), ((2, 3, 2), 1), ((2, 3), -1)]:
        gradient(file, f"softmax({{0}}, axis: {axis})", lambda x: torch.softmax(x, axis),
                 [grid(*shape)])
        gradient(file, f"log_softmax({{0}}, axis: {axis})",
                 lambda x: torch.log_softmax(x, axis), [grid(*shape)])
        gradient(file, f"cumsum({{0}}, axis: {axis})", lambda x: torch.cumsum(x, axis),
                 [grid(*shape)])
    for shape in [(3,), (2, 4), (2, 2, 3)]:
        gradient(file, f"layer_norm({shape[-1]})({{0}})", lambda x: F.layer_norm(x, shape[-1:]),
                 [grid(*shape)], only="f64")
    gradient(file, "sort({0})", lambda x: torch.sort(x)[0], [grid(2, 5)])
    gradient(file, "topk({0}, 2)", lambda x: torch.topk(x, 2)[0], [grid(2, 5)])
    gradient(file, "topk({0}, 3)", lambda x: torch.topk(x, 3)[0], [grid(3)])
    file = "gradients-losses"
    mean = torch.nn.functional
    x, y = grid(2, 3), grid(2, 3)
    one = np.array(1.0)
    gradient(file, "mse({0}, {1})", mean.mse_loss, [x, y], wrt=(0, 1), weights=one)
    p, t = grid(2, 3, low=0.1, high=0.9), grid(2, 3, low=0.1, high=0.9)
    gradient(file, "binary_cross_entropy({0}, {1})", mean.binary_cross_entropy, [p, t],
             wrt=(0, 1), weights=one)
    gradient(file, "cross_entropy({0}, {1})", mean.cross_entropy, [x, np.array([2, 0])],
             weights=one)
    gradient(file, "cross_entropy({0}, {1})", mean.cross_entropy,
             [x, np.eye(3)[[2, 0]]], weights=one)
    gradient(file, "cross_entropy({0}, {1})", mean.cross_entropy, [x, t], wrt=(0, 1),
             weights=one)
    file = "gradients-products"
    for a, b in [((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)),
                 ((2, 2, 3), (3, 2)), ((2, 1, 2, 3), (3, 3, 2)), ((2, 3), (2, 3, 2)),
                 ((2, 2, 3), (3,)), ((3,), (2, 3, 2)), ((1, 2, 3), (2, 3, 1))]:
        gradient(file, "({0} @ {1})", torch.matmul, [grid(*a), grid(*b)], wrt=(0, 1))
    gradient(file, "outer({0}, {1})", torch.outer, [grid(2), grid(3)], wrt=(0, 1))
    for equation, *shapes in [("ij,jk->ik", (2, 3), (3, 2)), ("ii->i", (3, 3)),
                              ("bij,bkj->bik", (2, 2, 3), (2, 2, 3)), ("i,j->", (2,), (3,))]:
        terms = ", ".join(f"{{{i}}}" for i in range(len(shapes)))
        gradient(file, f'einsum("{equation}", {terms})', lambda *x: torch.einsum(equation, *x),
                 [grid(*shape) for shape in shapes], wrt=range(len(shapes)))
    for columns in [(), (1,), (3,)]:
        gradient(file, "solve({0}, {1})", torch.linalg.solve,
                 [grid(3, 3) + 4 * np.eye(3), grid(3, *columns)], wrt=(0, 1), tol32=1e-4)
    file = "gradients-movement"
    index = torch.tensor([2, 0, 2])
    for text, f in [("{0}'", lambda x: x.T), ("reshape({0}, 3, 2)", lambda x: x.reshape(3, 2)),
                    ("{0}[1]", lambda x: x[1]), ("{0}[.., 1..]", lambda x: x[:, 1:]),
                    ("{0}[.., [2, 0, 2]]", lambda x: x[:, index]),
                    ("{0}[{0} > 0]", lambda x: x[x > 0]),
                    ("gather({0}', [2, 0, 2])", lambda x: x.T[index]),
                    ("concat({0}, 2 * {0}, axis: 1)", lambda x: torch.cat([x, 2 * x], 1)),
                    ("stack({0}, {0}^2, axis: 1)", lambda x: torch.stack([x, x**2], 1)),
                    ("expand({0}[none, ..], 2, 2, 3)", lambda x: x[None].expand(2, 2, 3)),
                    ("squeeze({0}[.., none])", lambda x: x[:, None].squeeze())]:
        gradient(file, text, f, [grid(2, 3)])
    files[file] += [
        "fn updated(u) {", "  let v = u * 2", "  v[1] = u[0]^2", "  v[0] += 1", "  sum(v^2)", "}",
    ]
    x = leaf(grid(3))
    v = torch.stack([2 * x[0] + 1, x[0] ** 2, 2 * x[2]])
    (v**2).sum().backward()
    case(file, "grad(updated)({0})", [x.detach().numpy()], x.grad.numpy(), tol32=1e-5)
    file = "gradients-second"
    for text, f in [("exp", torch.exp), ("tanh", torch.tanh), ("gelu", F.gelu),
                    ("silu", F.silu), ("softplus", F.softplus), ("sigmoid", torch.sigmoid),
                    ("relu", torch.relu), ("abs", torch.abs), ("max", torch.amax),
                    ("min", torch.amin), ("softmax", lambda x: torch.softmax(x, -1)),
                    ("log_softmax", lambda x: torch.log_softmax(x, -1)),
                    ("logsumexp", lambda x: torch.logsumexp(x, -1)), ("prod", torch.prod),
                    ("norm", torch.linalg.vector_norm),
                    ("std", lambda x: torch.std(x, correction=0)), ("sort", lambda x: x.sort()[0])]:
        x, w = grid(4), grid(4)
        u = leaf(x)
        y = (f(u) ** 2).sum()
        (g,) = torch.autograd.grad(y, u, create_graph=True)
        ((g * torch.tensor(w)).sum()).backward()
        case(file, f"grad(v -> sum(grad(u -> sum({text}(u)^2))(v) * {{1}}))({{0}})", [x, w],
             u.grad.numpy(), tol64=1e-11, tol32=1e-4)


def optimizers():
    a, b, start = grid(6, 3), grid(6), grid(3)
    for name, maker, text in [
        ("sgd", torch.optim.SGD, "lr: 0.05"),
        ("sgd", torch.optim.SGD, "lr: 0.05, momentum: 0.9"),
        ("sgd", torch.optim.SGD, "lr: 0.05, momentum: 0.9, nesterov: true"),
        ("sgd", torch.optim.SGD, "lr: 0.05, weight_decay: 0.1"),
        ("sgd", torch.optim.SGD, "lr: 0.05, momentum: 0.8, nesterov: true, weight_decay: 0.1"),
        ("adam", torch.optim.Adam, "lr: 0.1"),
        ("adam", torch.optim.Adam, "lr: 0.1, beta1: 0.8, beta2: 0.95, eps: 0.001"),
        ("adam", torch.optim.Adam, "lr: 0.1, weight_decay: 0.1"),
        ("adamw", torch.optim.AdamW, "lr: 0.1"),
        ("adamw", torch.optim.AdamW, "lr: 0.1, weight_decay: 0.2, beta1: 0.5"),
        ("nadam", torch.optim.NAdam, "lr: 0.1"),
        ("nadam", torch.optim.NAdam, "lr: 0.1, weight_decay: 0.2, beta1: 0.5, beta2: 0.9"),
        ("rmsprop", torch.optim.RMSprop, "lr: 0.05"),
        ("rmsprop", torch.optim.RMSprop, "lr: 0.05, alpha: 0.9, momentum: 0.5, weight_decay: 0.1"),
        ("rmsprop", torch.optim.RMSprop, "lr: 0.05, alpha: 0.9, centered: true, eps: 0.01"),
        ("adagrad", torch.optim.Adagrad, "lr: 0.2"),
        ("adagrad", torch.optim.Adagrad, "lr: 0.2, lr_decay: 0.1, weight_decay: 0.1, eps: 0.01"),
        ("sgd", torch.optim.SGD, "lr: 0.5, momentum: 0.5, clip_norm: 0.1"),
        ("adam", torch.optim.Adam, "lr: 0.1, clip_value: 0.05"),
        ("adagrad", torch.optim.Adagrad, "lr: 0.2, clip_norm: 0.2, clip_value: 0.1"),
    ]:
        options = dict(part.split(": ") for part in text.split(", "))
        flags = ("nesterov", "centered")
        options = {k: v == "true" if k in flags else float(v) for k, v in options.items()}
        clip_norm, clip_value = options.pop("clip_norm", 0), options.pop("clip_value", 0)
        if "adam" in name:
            options["betas"] = (options.pop("beta1", 0.9), options.pop("beta2", 0.999))
        w, c = leaf(start), leaf(np.array(0.5))
        torch_optimizer = maker([w, c], **options)
        file = files.setdefault("optimizer-" + name, [])
        for step in range(10):
            torch_optimizer.zero_grad()
            # c joins after three steps: a parameter's own steps count.
            y = torch.tensor(a) @ w + (c if step >= 3 else 0)
            F.mse_loss(torch.tanh(y), torch.tensor(b)).backward()
            if clip_norm:
                torch.nn.utils.clip_grad_norm_([w, c], clip_norm)
            if clip_value:
                torch.nn.utils.clip_grad_value_([w, c], clip_value)
            torch_optimizer.step()
        for kind, tolerance in (("f64", 1e-10), ("f32", 3e-6)):
            file += [f"let a = {literal(a)}.{kind}", f"let b = {literal(b)}.{kind}",
                     f"param w = {literal(start)}.{kind}", f"param c = tensor(0.5).{kind}",
                     f"let opt = {name}((w, c), {text})", "for i in 0..10 {",
                     "  let y = if i >= 3 { a @ w + c } else { a @ w }",
                     "  backward(mse(tanh(y), b))", "  step(opt)", "}"]
            for variable, value in (("w", w), ("c", c)):
                wanted = literal(value.detach().numpy())
                file.append(f"agrees({variable}, {wanted}, {kind}, {tolerance})  # => true")


def schedules():
    """Rates of PyTorch's schedulers, which step after the optimizer."""
    lines = files.setdefault("schedules", [])
    schedulers = torch.optim.lr_scheduler
    for text, make in [
        ("step_decay(0.1, every: 7, factor: 0.5)", lambda o: schedulers.StepLR(o, 7, 0.5)),
        ("exponential_decay(0.1, factor: 0.9)", lambda o: schedulers.ExponentialLR(o, 0.9)),
        ("linear_decay(0.1, steps: 30, low: 0.02)",
         lambda o: schedulers.LinearLR(o, 1, 0.2, total_iters=30)),
        ("cosine_decay(0.1, steps: 39, low: 0.01)",
         lambda o: schedulers.CosineAnnealingLR(o, 39, 0.01)),
        ("one_cycle(0.1, steps: 40)", lambda o: schedulers.OneCycleLR(o, 0.1, total_steps=40)),
        ("one_cycle(0.1, steps: 40, rise: 0.5)",
         lambda o: schedulers.OneCycleLR(o, 0.1, total_steps=40, pct_start=0.5)),
        ("inverse_sqrt(0.1, warm: 8)",
         lambda o: schedulers.LambdaLR(o, lambda t: min((t + 1) / 8, (8 / (t + 1)) ** 0.5))),
    ]:
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
        scheduler, rates = make(optimizer), []
        for _ in range(40):
            rates.append(scheduler.get_last_lr()[0])
            optimizer.step()
            scheduler.step()
        lines.append(f"let s = {text}")
        lines.append(f"agrees(tensor(map(0..40, s)).f64, {literal(np.array(rates))}, f64, 1e-12)"
                     "  # => true")


def promotions():
    """Pairs of element types, by PyTorch; bools count, as in sum."""
    types = {"bool": torch.bool, "i32": torch.int32, "i64": torch.int64, "f32": torch.float32,
             "f64": torch.float64}
    names = {value: key for key, value in types.items()}
    lines = files.setdefault("promotion", [])
    torch.set_default_dtype(torch.float32)
    lines.append("default_dtype(f32)")
    for a, first in types.items():
        for b, second in types.items():
            x, y = torch.ones(2, dtype=first), torch.ones(2, dtype=second)
            terms = f"ones(2, dtype: {a})", f"ones(2, dtype: {b})"
            for symbol, value in (("+", x + y), ("*", x * y), ("/", x / y)):
                kind = "i64" if a == b == "bool" and symbol != "/" else names[value.dtype]
                lines.append(f"({terms[0]} {symbol} {terms[1]}).dtype  # => {kind}")
            kind = names[torch.maximum(x, y).dtype]
            lines.append(f"maximum({terms[0]}, {terms[1]}).dtype  # => {kind}")
            kind = names[torch.where(torch.tensor([True, False]), x, y).dtype]
            lines.append(f"where([true, false], {terms[0]}, {terms[1]}).dtype  # => {kind}")
            kind = names[torch.cat([x, y]).dtype]
            lines.append(f"concat({terms[0]}, {terms[1]}).dtype  # => {kind}")
        for text, value in (("2", 2), ("0.5", 0.5)):
            kind = names[(torch.ones(2, dtype=first) * value).dtype]
            lines.append(f"(ones(2, dtype: {a}) * {text}).dtype  # => {kind}")
    torch.set_default_dtype(torch.float64)
    for f in ("sum", "mean", "max", "argmax"):
        for a in types:
            kind = {"sum": "i64" if a == "bool" else a, "max": a, "argmax": "i64",
                    "mean": a if a[0] == "f" else "f32"}[f]
            lines.append(f"{f}(ones(3, dtype: {a})).dtype  # => {kind}")


def large():
    """Sizes at which kernels take other paths; the input is a formula on both sides."""
    n, m = 130, 97
    x = np.sin(np.arange(n * m) * 0.37).reshape(n, m)
    w = np.cos(np.arange(n * m) * 0.11).reshape(n, m)
    file = files.setdefault("large", [])
    file += [f"let x = reshape(sin(arange({n * m}) * 0.37), {n}, {m})",
             f"let w = reshape(cos(arange({n * m}) * 0.11), {n}, {m})"]
    t = torch.tensor(x)
    u = leaf(x)
    (torch.softmax(u @ u.T / 9, 1) @ u * torch.tensor(w)).sum().backward()
    for text, wanted in [
        ("sum(x * w)", np.sum(x * w)), ("sum(x, axis: 0)[3..9]", x.sum(0)[3:9]),
        ("sum(x, axis: 1)[120..]", x.sum(1)[120:]), ("mean(x)", x.mean()), ("var(x)", x.var()),
        ("std(x, axis: 0)[..4]", x.std(0)[:4]), ("norm(x)", np.linalg.norm(x)),
        ("(x @ w')[129, 120..]", (x @ w.T)[129, 120:]), ("(x' @ w)[96, ..5]", (x.T @ w)[96, :5]),
        ("sum((x @ w') @ x)", np.sum(x @ w.T @ x)),
        ("logsumexp(x, axis: 0)[90..]", scipy.special.logsumexp(x, 0)[90:]),
        ("softmax(x * 30, axis: 0)[7, ..6]", scipy.special.softmax(x * 30, 0)[7, :6]),
        ("softmax(x * 30)[129, 90..]", scipy.special.softmax(x * 30, 1)[129, 90:]),
        ("cumsum(x, axis: 0)[-1, ..5]", x.cumsum(0)[-1, :5]),
        ("cumsum(x, axis: 1)[..5, -1]", x.cumsum(1)[:5, -1]),
        ("sort(x)[55, 40..50]", np.sort(x)[55, 40:50]), ("max(x, axis: 0)[..5]", x.max(0)[:5]),
        ("topk(x, 60)[3, 50..]", -np.sort(-x)[3, 50:60]),
        ("x'[50, 120..]", x.T[50, 120:]), ("tanh(x * 5)[100, ..7]", np.tanh(x * 5)[100, :7]),
        ("gelu(x * 3)[100, ..7]", F.gelu(t * 3)[100, :7].numpy()),
        ("solve(x' @ x + eye(97), sum(x, axis: 0))[..6]",
         np.linalg.solve(x.T @ x + np.eye(m), x.sum(0))[:6]),
        ("transpose(reshape(x, 10, 13, 97), [2, 0, 1])[96, 9, ..5]",
         x.reshape(10, 13, m).transpose(2, 0, 1)[96, 9, :5]),
        ("(reshape(x, 10, 13, 97) @ transpose(reshape(w, 10, 13, 97)))[9, 12]",
         (x.reshape(10, 13, m) @ w.reshape(10, 13, m).transpose(0, 2, 1))[9, 12]),
        ('einsum("bij,bkj->bi", reshape(x, 10, 13, 97), reshape(w, 10, 13, 97))[7]',
         np.einsum("bij,bkj->bi", x.reshape(10, 13, m), w.reshape(10, 13, m))[7]),
        ("grad(u -> sum(softmax(u @ u' / 9) @ u * w))(x)[128..130, 94..]",
         u.grad.numpy()[128:130, 94:]),
    ]:
        file += [f"agrees({text}, {literal(wanted)}, f64, 1e-10)  # => true"]
    file += ["let (y, v) = (x.f32, w.f32)",
             f"agrees((y @ v')[129, 120..], {literal((x @ w.T)[129, 120:])}, f32, 2e-5)  # => true",
             f"agrees(sum(y * v), {literal(np.sum(x * w))}, f32, 2e-5)  # => true",
             "agrees(softmax(y * 30)[129, 90..], "
             f"{literal(scipy.special.softmax(x * 30, 1)[129, 90:])}, f32, 2e-5)  # => true",
             "agrees(grad(u -> sum(softmax(u @ u' / 9) @ u * v))(y)[128..130, 94..], "
             f"{literal(u.grad.numpy()[128:130, 94:])}, f32, 1e-4)  # => true"]


def learning():
    """What scikit-learn and PyTorch say of scalers, metrics and layers."""
    x, y = grid(6, 3), grid(2, 3)
    scaler = StandardScaler().fit(x)
    file = files.setdefault("learning", [])
    file += [f"let x = {literal(x)}", f"let y = {literal(y)}", "let s = standardize(x)"]
    for text, wanted in [("s(x)", scaler.transform(x)), ("s(y)", scaler.transform(y)),
                         ("s.undo(y)", scaler.inverse_transform(y))]:
        file.append(f"agrees({text}, {literal(wanted)}, f64, 1e-12)  # => true")
    constant = np.array([[1.0, 2.0], [1.0, 4.0]])
    file.append(f"agrees(standardize({literal(constant)})({literal(constant)}), "
                f"{literal(StandardScaler().fit_transform(constant))}, f64, 1e-12)  # => true")
    names = ["dog", "cat", "ant", "cat", "Zoo"]
    wanted = LabelEncoder().fit_transform(names)
    text = ", ".join(f'"{name}"' for name in names)
    file.append(f"classes([{text}])  # => {brackets(wanted, True)}")
    p, t = grid(8, 3), rng.integers(0, 3, 8)
    score = np.array(accuracy_score(t, p.argmax(1)))
    case("learning", "accuracy({0}, {1})", [p, t], score, only="f64", result="f64")
    case("learning", "accuracy({0}, {1})", [p, np.eye(3)[t]], score, only="f64", result="f64")
    a, b = grid(20, 3), grid(20)
    fit = LinearRegression(fit_intercept=False).fit(a, b).coef_
    case("learning", "solve({0}' @ {0}, {0}' @ {1})", [a, b], fit, tol64=1e-11, tol32=1e-4)
    w, c = grid(3, 4), grid(4)
    lines = [f"let net = dense(3, 4) >> gelu >> layer_norm(4)", f"net[0].weight = {literal(w)}",
             f"net[0].bias = {literal(c)}", "net[2].gain = [1, 2, -1, 0.5]",
             "net[2].bias = [0, 1, 2, 3]"]
    files["learning"] += lines
    u = leaf(x)
    tw, tc = leaf(w), leaf(c)
    gain, bias = leaf(np.array([1, 2, -1, 0.5])), leaf(np.array([0.0, 1, 2, 3]))
    out = F.layer_norm(F.gelu(u @ tw + tc), (4,), gain, bias)
    (out**2).mean().backward()
    case("learning", "net({0})", [x], out)
    files["learning"] = [l for l in files["learning"] if "x0.f32" not in l or "net(" not in l]
    files["learning"].append("let loss = mean(net(x0)^2)")
    for path, value in (("net[0].weight", tw), ("net[0].bias", tc), ("net[2].gain", gain),
                        ("net[2].bias", bias)):
        files["learning"].append(
            f"agrees(grad(loss, {path}), {literal(value.grad.numpy())}, f64, 1e-12)  # => true")


def main():
    for family in (arithmetic, comparison, elementwise, reductions, products, movement, choosing,
                   losses, gradients, optimizers, schedules, promotions, large, learning, elementary, statistics):
        family()
    write("generate.py", sys.argv[1])


if __name__ == "__main__":
    main()
