"""Figures of NumPy and PyTorch for decompositions: values, and gradients of what does not depend on the
signs of vectors.

Run: python Tests/Figures/decompositions.py   (numpy, torch); writes Tests/Programs/figures/decompositions.nns
"""
import pathlib

import numpy as np
import torch

root = pathlib.Path(__file__).resolve().parents[2]
random = np.random.default_rng(11)
lines = ["# Made by Tests/Figures/decompositions.py with NumPy and PyTorch.", "default_dtype(f64)",
         "fn near(a, b) = max(abs(a - b)) < 0.00000001 * (1 + max(abs(b)))", ""]


def literal(values):
    values = np.asarray(values)
    return repr(float(values)) if values.ndim == 0 else "[" + ", ".join(map(literal, values)) + "]"


def case(nns, f, *arguments):
    """f of PyTorch, with the gradient of the sum of its squares in the first argument."""
    leaves = [torch.tensor(a, requires_grad=i == 0) for i, a in enumerate(arguments)]
    value = f(*leaves)
    (value**2).sum().backward()
    texts = [literal(a) for a in arguments]
    lines.append(f"near({nns.format(*texts)}, {literal(value.detach())})  # => true")
    call = nns.format("u", *texts[1:])
    lines.append(f"near(grad(u -> sum(({call})^2))({texts[0]}), {literal(leaves[0].grad)})  # => true")


def matrix(*shape):
    return random.normal(size=shape).round(3)


def definite(n):
    a = matrix(n, n)
    return (a @ a.T + n * np.eye(n)).round(3)


def section(name):
    lines.extend(["", f"# {name}", ""])


la = torch.linalg
section("Inverses, determinants, solutions.")
for a in [matrix(1, 1), matrix(3, 3), matrix(2, 3, 3)]:
    case("inv({0})", la.inv, a)
    case("det({0})", la.det, a)
    case("logdet({0}' @ {0})", lambda a: torch.logdet(a.mT @ a), a)
case("solve({0}, {1})", la.solve, matrix(3, 3), matrix(3, 2))
case("solve({0}, {1})", la.solve, matrix(2, 3, 3), matrix(2, 3, 1))
section("Cholesky.")
case("cholesky({0})", lambda a: la.cholesky((a + a.mT) / 2), definite(1))
case("cholesky(({0} + {0}') / 2)", lambda a: la.cholesky((a + a.mT) / 2), definite(4))
section("Q and R, by R' R and the magnitudes on the diagonal of R.")
case("abs(qr({0})[1])", lambda a: la.qr(a)[1].abs(), matrix(4, 3))
case("abs(qr({0})[0])", lambda a: la.qr(a)[0].abs(), matrix(4, 3))
case("abs(qr({0})[1])", lambda a: la.qr(a)[1].abs(), matrix(3, 3))
section("Singular values, and U V', which no sign changes.")
case("svd({0})[1]", lambda a: la.svdvals(a), matrix(4, 3))
case("svd({0})[1]", lambda a: la.svdvals(a), matrix(2, 3, 3))


def polar(a):
    u, _, vh = la.svd(a, full_matrices=False)
    return u @ vh


case("svd({0})[0] @ svd({0})[2]", polar, matrix(4, 3))
case("svd({0})[0] @ svd({0})[2]", polar, matrix(3, 5))
case("pinv({0})", la.pinv, matrix(4, 3))
case("lstsq({0}, {1})", lambda a, b: la.lstsq(a, b).solution, matrix(5, 3), matrix(5, 2))
section("Eigenvalues of symmetric matrices, and projections on their vectors.")
for n in [1, 4]:
    case("eigh(({0} + {0}') / 2)[0]", lambda a: la.eigvalsh((a + a.mT) / 2), matrix(n, n))


def projection(a):
    v = la.eigh((a + a.mT) / 2)[1][:, :2]
    return v @ v.mT


case("eigh(({0} + {0}') / 2)[1][.., ..2] @ eigh(({0} + {0}') / 2)[1][.., ..2]'",
     projection, matrix(4, 4))
(root / "Tests/Programs/figures/decompositions.nns").write_text("\n".join(lines) + "\n")
