"""Convolutions, pools and their kin among the operators of ONNX; see expressions.py."""

from expressions import operator


def listed(values):
    return "[" + ", ".join(map(str, values)) + "]"


def sides(a, axes):
    """Elements before and behind each axis, or "same"; None for what nns does not have."""
    auto = a.get("auto_pad", b"NOTSET")
    if auto == b"SAME_UPPER":
        return "same"
    if auto not in (b"NOTSET", b"VALID"):
        return None
    pads = a.get("pads", [0] * 2 * axes)
    return list(zip(pads[:axes], pads[axes:]))


def padded(x, pads, value="0"):
    """The operand with its padding; nothing where there is none."""
    if not any(map(any, pads)):
        return x
    return f"pad({x}, {listed([[0, 0], [0, 0]] + [list(p) for p in pads])}, value: {value})"


def options(a, axes, pads):
    text = ", stride: " + listed(a.get("strides", [1] * axes))
    return text + (', padding: "same"' if pads == "same" else "")


@operator("Conv")
def convolution(a, x, v):
    axes = v[0].ndim - 2
    pads = sides(a, axes)
    if axes > 2 or a.get("group", 1) != 1 or pads is None:
        return None
    images = x[0] if pads == "same" else padded(x[0], pads)
    dilation = listed(a.get("dilations", [1] * axes))
    text = f"convolve({images}, {x[1]}{options(a, axes, pads)}, dilation: {dilation})"
    if len(x) > 2 and x[2]:
        text += f" + reshape({x[2]}, {listed([-1] + [1] * axes)})"
    return [text]


@operator("ConvTranspose")
def transposed(a, x, v):
    axes = v[0].ndim - 2
    pads = sides(a, axes)
    if axes > 2 or a.get("group", 1) != 1 or pads is None or "output_shape" in a:
        return None
    if pads != "same" and any(p[0] != p[1] for p in pads):
        return None
    text = f"convolve_transpose({x[0]}, {x[1]}{options(a, axes, pads)}"
    if pads != "same":
        text += ", padding: " + listed(p[0] for p in pads)
    text += ", dilation: " + listed(a.get("dilations", [1] * axes))
    return [text + ", output_padding: " + listed(a.get("output_padding", [0] * axes)) + ")"]


def pool(name, value):
    def expression(a, x, v):
        axes = v[0].ndim - 2
        pads = sides(a, axes)
        if axes != 2 or a.get("ceil_mode") or pads is None or a.get("storage_order"):
            return None
        if any(d != 1 for d in a.get("dilations", [])):
            return None
        isMean = name.startswith("avg")
        if isMean and not a.get("count_include_pad") and (pads == "same" or any(map(any, pads))):
            return None
        images = x[0] if pads == "same" else padded(x[0], pads, value)
        return [f"{name}({images}, {listed(a['kernel_shape'])}{options(a, axes, pads)})"]
    return expression


operator("MaxPool")(pool("max_pool2d", "-inf"))
operator("AveragePool")(pool("avg_pool2d", "0"))


@operator("GlobalAveragePool")
def global_average(a, x, v):
    axes = ", ".join(str(k) for k in range(2, v[0].ndim))
    return [f"mean({x[0]}, axis: ({axes},), keep: true)"]


@operator("GlobalMaxPool")
def global_largest(a, x, v):
    axes = ", ".join(str(k) for k in range(2, v[0].ndim))
    return [f"max({x[0]}, axis: ({axes},), keep: true)"]


@operator("Pad")
def pad(a, x, v):
    if a.get("mode", b"constant") != b"constant" or len(v) < 2:
        return None
    axes = [int(k) % v[0].ndim for k in v[3]] if len(v) > 3 and x[3] else range(v[0].ndim)
    count = len(v[1]) // 2
    pairs = {k: [int(b), int(e)] for k, b, e in zip(axes, v[1][:count], v[1][count:])}
    if any(k < 0 for pair in pairs.values() for k in pair):
        return None
    value = float(v[2].item()) if len(v) > 2 and x[2] else 0
    widths = listed(pairs.get(k, [0, 0]) for k in range(v[0].ndim))
    return [f"pad({x[0]}, {widths}, value: {value})"]


@operator("BatchNormalization")
def batch_norm(a, x, v):
    if a.get("training_mode"):
        return None
    shape = listed([-1] + [1] * (v[0].ndim - 2))
    scale, bias, mean, variance = (f"reshape({name}, {shape})" for name in x[1:])
    spread = f"sqrt({variance} + {a.get('epsilon', 1e-5)})"
    return [f"({x[0]} - {mean}) / {spread} * {scale} + {bias}"]
