"""numpy: every gradient written out."""

import common
import numpy as np

f32 = np.float32
random = np.random.default_rng(0)


def regression():
    x = np.linspace(0, 10, 100, dtype=f32).reshape(-1, 1)
    y = (2 * x + 1 + random.standard_normal((100, 1))).astype(f32)
    w, b = np.full((1, 1), 0.5, f32), np.zeros(1, f32)
    rate = f32(0.01)

    def epochs(count=1000):
        nonlocal w, b
        for _ in range(count):
            order = random.permutation(100)
            for first in range(0, 100, 32):
                rows = order[first:first + 32]
                xb = x[rows]
                d = (xb @ w + b - y[rows]) * f32(2 / len(xb))
                w = w - rate * (xb.T @ d)
                b = b - rate * d.sum(0)

    epochs()
    whole, most = common.alive(), common.peak()
    return dict(process=whole, peak=most, step=common.best(epochs, 3, 0) / 4000 * 1e6)


def xor():
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], f32)
    y = np.array([[0], [1], [1], [0]], f32)
    w1, b1 = random.standard_normal((2, 8)).astype(f32), np.zeros(8, f32)
    w2, b2 = random.standard_normal((8, 1)).astype(f32), np.zeros(1, f32)
    one, half = f32(1), f32(0.5)

    def steps(count=2000):
        nonlocal w1, b1, w2, b2
        for _ in range(count):
            h = np.tanh(x @ w1 + b1)
            o = one / (one + np.exp(-(h @ w2 + b2)))
            d = (o - y) * o * (one - o) * half
            dh = (d @ w2.T) * (one - h * h)
            w2 = w2 - half * (h.T @ d)
            b2 = b2 - half * d.sum(0)
            w1 = w1 - half * (x.T @ dh)
            b1 = b1 - half * dh.sum(0)

    return dict(step=common.best(steps) / 2000 * 1e6)


def digits(steps=200, batch=128):
    x = random.random((60000, 784), f32) - f32(0.5)
    y = (x @ random.standard_normal((784, 10), f32)).argmax(1)
    values = []
    for i, o in ((784, 512), (512, 512), (512, 10)):
        values += [(random.uniform(-1, 1, (i, o)) / i**0.5).astype(f32), np.zeros(o, f32)]
    means, squares = [np.zeros_like(v) for v in values], [np.zeros_like(v) for v in values]
    rows, count = np.arange(batch), 0

    def run():
        nonlocal count
        for step in range(steps):
            xb, yb = x[step * batch:(step + 1) * batch], y[step * batch:(step + 1) * batch]
            w1, b1, w2, b2, w3, b3 = values
            h1 = np.maximum(xb @ w1 + b1, 0)
            h2 = np.maximum(h1 @ w2 + b2, 0)
            z = h2 @ w3 + b3
            p = np.exp(z - z.max(1, keepdims=True))
            p /= p.sum(1, keepdims=True)
            p[rows, yb] -= 1
            p *= f32(1 / batch)
            d2 = (p @ w3.T) * (h2 > 0)
            d1 = (d2 @ w2.T) * (h1 > 0)
            gradients = (xb.T @ d1, d1.sum(0), h1.T @ d2, d2.sum(0), h2.T @ p, p.sum(0))
            count += 1
            rate, root = f32(1e-3 / (1 - 0.9**count)), f32((1 - 0.999**count)**-0.5)
            for value, g, m, v in zip(values, gradients, means, squares):
                m *= f32(0.9)
                m += f32(0.1) * g
                v *= f32(0.999)
                v += f32(0.001) * g * g
                value -= rate * m / (np.sqrt(v) * root + f32(1e-8))

    return dict(rate=steps * batch / common.best(run), peak=common.peak())


def chain():
    values = {}
    for n in common.SIZES:
        a, b, c = (random.standard_normal(n, f32) for _ in range(3))

        def forward():
            return (np.tanh(a * b + c) * np.exp(-a * a)).sum()

        def both():
            t, e = np.tanh(a * b + c), np.exp(-a * a)
            dc = e * (1 - t * t)
            return (t * e).sum(), dc * b - 2 * a * t * e, dc * a, dc

        values[f"forward {n}"] = common.each(forward) / n * 1e9
        values[f"both {n}"] = common.each(both) / n * 1e9
    return values


def products():
    values = {}
    for n in common.SQUARES:
        a, b = random.random((n, n), f32), random.random((n, n), f32)
        c = np.empty_like(a)
        values[str(n)] = 2 * n**3 / common.each(lambda: np.matmul(a, b, out=c)) / 1e9
    return values


common.main(dict(W2=regression, W3=xor, W4=digits, W8=chain, W14=products))
