"""Writes the figures of convolutions, pools and norms over batches: what PyTorch says.

    python Tests/Figures/convolutions.py .build/debug/nns
"""

import sys

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from cases import FOLDER, case, files, gradient, grid, leaf, literal, write

# images, inputs, outputs, sizes, kernels, stride, padding, dilation
CASES = [
    (1, 1, 1, (4,), (2,), 1, 0, 1), (2, 3, 2, (7,), (3,), 2, 1, 1), (3, 2, 4, (9,), (3,), 1, 2, 2),
    (1, 1, 1, (4, 4), (2, 2), 1, 0, 1), (2, 3, 4, (5, 6), (3, 3), 1, 1, 1),
    (2, 2, 3, (7, 5), (3, 2), (2, 1), (1, 0), 1), (1, 2, 2, (8, 9), (2, 3), (3, 2), 1, (2, 3)),
    (2, 4, 3, (3, 3), (1, 1), 1, 0, 1), (1, 1, 2, (6, 6), (5, 5), 1, 2, 1),
    (3, 2, 2, (1, 5), (1, 2), 1, 0, 1), (1, 3, 2, (4, 4), (4, 4), 1, 0, 1),
    (20, 2, 3, (6, 5), (3, 3), 1, 1, 1),
]


def options(stride, padding, dilation):
    words = {"stride": stride, "padding": padding, "dilation": dilation}
    standard = {"stride": 1, "padding": 0, "dilation": 1}
    texts = [f", {k}: {list(v) if isinstance(v, tuple) else v}"
             for k, v in words.items() if v != standard[k]]
    return "".join(texts), words


def convolutions():
    for n, c, o, sizes, kernels, *rest in CASES:
        text, words = options(*rest)
        x, w = grid(n, c, *sizes), grid(o, c, *kernels)
        f = F.conv1d if len(sizes) == 1 else F.conv2d
        run = lambda x, w: f(x, w, **words)
        case("convolve", "convolve({0}, {1}" + text + ")", [x, w],
             run(torch.tensor(x), torch.tensor(w)), tol32=2e-5)
        gradient("convolve", "convolve({0}, {1}" + text + ")", run, [x, w], wrt=(0, 1))
    for sizes, kernels, stride in [((5,), (2,), 1), ((6, 7), (3, 4), 1), ((5, 5), (2, 3), 1)]:
        x, w = grid(2, 2, *sizes), grid(3, 2, *kernels)
        f = F.conv1d if len(sizes) == 1 else F.conv2d
        case("convolve", 'convolve({0}, {1}, padding: "same")', [x, w],
             f(torch.tensor(x), torch.tensor(w), padding="same"), tol32=2e-5)


def transposed():
    for n, c, o, sizes, kernels, stride, padding, dilation, extra in [
        (1, 1, 1, (3,), (2,), 1, 0, 1, 0), (2, 3, 2, (4,), (3,), 2, 1, 1, 1),
        (2, 2, 3, (3, 4), (2, 2), 2, 0, 1, 0), (1, 3, 2, (3, 3), (3, 3), 2, 1, 1, 1),
        (2, 2, 1, (2, 3), (3, 2), (3, 2), (1, 0), (1, 2), (2, 0)),
        (3, 1, 2, (4, 4), (4, 4), 2, 1, 1, 0), (12, 2, 2, (3, 2), (2, 2), 1, 0, 1, 0),
    ]:
        text, words = options(stride, padding, dilation)
        if extra:
            text += f", output_padding: {list(extra) if isinstance(extra, tuple) else extra}"
            words["output_padding"] = extra
        x, w = grid(n, c, *sizes), grid(c, o, *kernels)
        f = F.conv_transpose1d if len(sizes) == 1 else F.conv_transpose2d
        run = lambda x, w: f(x, w, **words)
        case("convolve-transpose", "convolve_transpose({0}, {1}" + text + ")", [x, w],
             run(torch.tensor(x), torch.tensor(w)), tol32=2e-5)
        gradient("convolve-transpose", "convolve_transpose({0}, {1}" + text + ")", run, [x, w],
                 wrt=(0, 1))


def pools():
    for sizes, size, stride, padding in [
        ((4, 4), 2, None, 0), ((5, 7), 2, None, 0), ((6, 6), 3, 2, 1), ((4, 5), (2, 3), (1, 2), 0),
        ((7, 7), 3, 1, 1), ((2, 2), 2, 2, 1), ((9, 4), (4, 1), None, (2, 0)), ((11, 18), 2, None, 0),
    ]:
        text = f"{list(size) if isinstance(size, tuple) else size}"
        if stride:
            text += f", stride: {list(stride) if isinstance(stride, tuple) else stride}"
        if padding:
            text += f", padding: {list(padding) if isinstance(padding, tuple) else padding}"
        words = {"stride": stride, "padding": padding}
        for name, f in (("max", F.max_pool2d), ("avg", F.avg_pool2d)):
            # Ties, so that the first is taken.
            x = np.round(grid(2, 3, *sizes) * 2) / 2 if name == "max" else grid(2, 3, *sizes)
            run = lambda x: f(x, size, **words)
            case(f"{name}-pool", f"{name}_pool2d({{0}}, {text})", [x], run(torch.tensor(x)))
            case(f"{name}-pool", f"{name}_pool({text})({{0}})", [x], run(torch.tensor(x)))
            gradient(f"{name}-pool", f"{name}_pool2d({{0}}, {text})", run, [x])
    for name, f in (("max", F.max_pool1d), ("avg", F.avg_pool1d)):
        x = grid(2, 2, 9)
        case(f"{name}-pool", f"{name}_pool(3, stride: 2, padding: 1)({{0}})", [x],
             f(torch.tensor(x), 3, 2, 1))
    special = np.array([[1.0, np.nan, 3.0, 4.0], [5.0, np.inf, -np.inf, -np.inf]]).reshape(1, 1, 2, 4)
    case("max-pool", "max_pool2d({0}, 2)", [special], F.max_pool2d(torch.tensor(special), 2))
    x = grid(3, 2, 4, 5)
    case("avg-pool", "global_avg_pool({0})", [x], lambda x: x.mean((2, 3)))
    gradient("avg-pool", "global_avg_pool({0})", lambda x: x.mean((2, 3)), [x])


def padding():
    for shape, widths, text in [
        ((3,), [(1, 1)], "1"), ((2, 3), [(1, 1)] * 2, "1"), ((2, 3), [(1, 2)] * 2, "[1, 2]"),
        ((2, 3), [(0, 1), (2, 0)], "[[0, 1], [2, 0]]"), ((2, 3), [(0, 0), (3, 3)], "3, axis: 1"),
        ((0, 2), [(1, 0), (0, 2)], "[[1, 0], [0, 2]]"),
    ]:
        for value in (0, -1.5):
            x = grid(*shape)
            words = text + (f", value: {value}" if value else "")
            case("pad", f"pad({{0}}, {words})", [x],
                 lambda x: np.pad(x, widths, constant_values=value))
            gradient("pad", f"pad({{0}}, {words})",
                     lambda x: F.pad(x, [w for pair in widths[::-1] for w in pair], value=value), [x])
    case("pad", "pad({0}, 1, value: 7)", [np.array([1, 2])], np.array([7, 1, 2, 7]), result="i64")


def layers():
    """A net of convolutions step by step: SGD in training, then inference."""
    for kind, tolerance in (("f64", 1e-9), ("f32", 2e-4)):
        torch.manual_seed(1)
        net = torch.nn.Sequential(
            torch.nn.Conv2d(2, 3, 3, padding=1), torch.nn.BatchNorm2d(3), torch.nn.ReLU(),
            torch.nn.MaxPool2d(2), torch.nn.Conv2d(3, 4, 2), torch.nn.Tanh(), torch.nn.Flatten(),
            torch.nn.Linear(16, 3))
        values = {}
        for name, tensor in net.named_parameters():
            value = grid(*tensor.shape, low=-0.5, high=0.5)
            tensor.data = torch.tensor(value)
            values[name] = value
        x, y = grid(6, 2, 6, 6), np.array([0, 2, 1, 1, 0, 2])
        file = files.setdefault("conv-net", [])
        file += [
            f"default_dtype({kind})",
            "let net = conv2d(2, 3, 3, padding: 1) >> batch_norm(3) >> relu >> max_pool(2) "
            ">> conv2d(3, 4, 2) >> tanh >> flatten >> dense(16, 3)",
        ]
        places = {"1.weight": "net[1].gain"}
        for name, value in values.items():
            index, own = name.split(".")
            place = places.get(name, f"net[{index}].{own}")
            value = value.T if name == "7.weight" else value
            file.append(f"{place} = {literal(value)}.{kind}")
        file += [f"let x = {literal(x)}.{kind}", f"let y = {literal(y)}",
                 "let opt = sgd(net, lr: 0.1, momentum: 0.9)",
                 "for i in 0..5 {", "  backward(cross_entropy(net(x, train: true), y))",
                 "  step(opt)", "}"]
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
        for _ in range(5):
            optimizer.zero_grad()
            F.cross_entropy(net(torch.tensor(x)), torch.tensor(y)).backward()
            optimizer.step()
        net.eval()
        wanted = {
            "net[0].weight": net[0].weight, "net[0].bias": net[0].bias, "net[1].gain": net[1].weight,
            "net[1].bias": net[1].bias, "net[1].mean": net[1].running_mean,
            "net[1].variance": net[1].running_var, "net[4].weight": net[4].weight,
            "net[7].weight": net[7].weight.T, "net(x)": net(torch.tensor(x)),
        }
        for text, value in wanted.items():
            file.append(
                f"agrees({text}, {literal(value.detach().numpy())}, {kind}, {tolerance})  # => true")
    x, w = grid(4, 3), grid(4, 3)
    norm = torch.nn.BatchNorm1d(3)
    gradient("batch-norm", "batch_norm(3)({0}, train: true)", norm, [x], only="f64")
    x = grid(3, 2, 4)
    norm = torch.nn.BatchNorm1d(2)
    gradient("batch-norm", "batch_norm(2)({0}, train: true)", norm, [x], only="f64")
    x = grid(3, 2, 2, 3)
    norm = torch.nn.BatchNorm2d(2, momentum=0.3)
    norm(torch.tensor(x))
    norm(torch.tensor(2 * x + 1))
    file = files["batch-norm"]
    file += ["let norm = batch_norm(2, momentum: 0.3)", f"let x = {literal(x)}",
             "norm(x, train: true)", "norm(2 * x + 1, train: true)"]
    for name, value in (("mean", norm.running_mean), ("variance", norm.running_var)):
        file.append(f"agrees(norm.{name}, {literal(value.numpy())}, f64, 1e-12)  # => true")
    norm.eval()
    file.append(f"agrees(norm(x), {literal(norm(torch.tensor(x)).detach().numpy())}, f64, 1e-12)"
                "  # => true")


def states():
    """A state_dict of PyTorch, and what its net gives."""
    torch.manual_seed(2)
    torch.set_default_dtype(torch.float32)
    net = torch.nn.Sequential(
        torch.nn.Conv2d(1, 2, 3, stride=2), torch.nn.BatchNorm2d(2), torch.nn.ReLU(),
        torch.nn.ConvTranspose2d(2, 3, 2), torch.nn.AvgPool2d(2), torch.nn.Flatten(),
        torch.nn.Linear(12, 2), torch.nn.Linear(2, 2))
    x = torch.tensor(grid(3, 1, 8, 8), dtype=torch.float32)
    net(x)
    net.eval()
    save_file(net.state_dict(), FOLDER / "pytorch-images.safetensors", metadata={"format": "pt"})
    torch.set_default_dtype(torch.float64)
    files["pytorch-images"] = [
        "let net = conv2d(1, 2, 3, stride: 2) >> batch_norm(2) >> relu >> conv_transpose2d(2, 3, 2)"
        " >> avg_pool(2) >> flatten >> dense(12, 2) >> dense(2, 2)",
        f"let x = {literal(x.numpy().astype(float))}.f32",
        'load(net, "{script_folder}/pytorch-images.safetensors", from: "pytorch")',
        f"agrees(net(x).f32, {literal(net(x).detach().numpy().astype(float))}, f32, 1e-5)  # => true",
    ]


def main():
    for family in (convolutions, transposed, pools, padding, layers, states):
        family()
    write("convolutions.py", sys.argv[1])


if __name__ == "__main__":
    main()
