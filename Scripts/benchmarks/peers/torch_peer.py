"""torch: eager, with the fused optimizer and denormals flushed, or compiled as well.

MODE is eager, fused or compile; images lie channels last with -nhwc behind it."""

import common
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(common.THREADS)
torch.manual_seed(0)
isFused = common.MODE != "eager"
torch.set_flush_denormal(isFused)
compiled = torch.compile if common.MODE.startswith("compile") else lambda f: f
BATCH = 128


def trainer(optimizer, loss):
    def step(*arguments):
        optimizer.zero_grad()
        value = loss(*arguments)
        value.backward()
        optimizer.step()
    return step


def regression():
    x = torch.linspace(0, 10, 100).reshape(-1, 1)
    y = 2 * x + 1 + torch.randn(100, 1)
    net = nn.Linear(1, 1)
    step = trainer(torch.optim.SGD(net.parameters(), lr=0.01), lambda x, y: F.mse_loss(net(x), y))

    def epochs(count=1000):
        for _ in range(count):
            order = torch.randperm(100)
            for first in range(0, 100, 32):
                rows = order[first:first + 32]
                step(x[rows], y[rows])

    epochs()
    whole, most = common.alive(), common.peak()
    return dict(process=whole, peak=most, step=common.best(epochs, 2, 0) / 4000 * 1e6)


def xor():
    x = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1.0]])
    y = torch.tensor([[0], [1], [1], [0.0]])
    net = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1), nn.Sigmoid())
    step = trainer(
        torch.optim.SGD(net.parameters(), lr=0.5), compiled(lambda: F.mse_loss(net(x), y)))
    return dict(step=common.best(lambda: [step() for _ in range(2000)]) / 2000 * 1e6)


def digits(steps=200):
    x = torch.rand(60000, 784) - 0.5
    y = (x @ torch.randn(784, 10)).argmax(1)
    net = nn.Sequential(
        nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10))
    step = trainer(
        torch.optim.Adam(net.parameters(), lr=1e-3, fused=isFused),
        compiled(lambda x, y: F.cross_entropy(net(x), y)))

    def run():
        for i in range(0, steps * BATCH, BATCH):
            step(x[i:i + BATCH], y[i:i + BATCH])

    return dict(rate=steps * BATCH / common.best(run), peak=common.peak())


LETTERS, BLOCK, WIDTH, HEADS = 65, 64, 128, 4


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.up, self.down = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x):
        n, t, d = x.shape
        q, k, v = (
            part.view(n, t, HEADS, d // HEADS).transpose(1, 2)
            for part in self.qkv(self.norm1(x)).split(d, 2))
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(mixed.transpose(1, 2).reshape(n, t, d))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens, self.places = nn.Embedding(LETTERS, WIDTH), nn.Embedding(BLOCK, WIDTH)
        self.blocks = nn.Sequential(*[Block() for _ in range(4)])
        self.norm = nn.LayerNorm(WIDTH)
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.normal_(p, 0, 0.02)

    def forward(self, i, y):
        x = self.norm(self.blocks(self.tokens(i) + self.places.weight))
        return F.cross_entropy((x @ self.tokens.weight.T).view(-1, LETTERS), y.view(-1))


def transformer(steps=20, batch=12):
    net = Transformer()
    step = trainer(
        torch.optim.AdamW(
            net.parameters(), lr=1e-3, weight_decay=0.1, betas=(0.9, 0.99), fused=isFused),
        compiled(net))
    data, ahead = torch.randint(0, LETTERS, (100_000,)), torch.arange(BLOCK)

    def run():
        for _ in range(steps):
            places = torch.randint(0, len(data) - BLOCK - 1, (batch, 1)) + ahead
            step(data[places], data[places + 1])

    return dict(step=common.best(run) / steps * 1e3)


def images(steps=60):
    x = torch.rand(BATCH * steps, 1, 28, 28)
    y = torch.randint(0, 10, (BATCH * steps,))
    net = nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(),
        nn.MaxPool2d(2), nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(),
        nn.Linear(84, 10))
    if common.MODE.endswith("-nhwc"):
        net, x = (v.to(memory_format=torch.channels_last) for v in (net, x))
    step = trainer(
        torch.optim.Adam(net.parameters(), lr=1e-3, fused=isFused),
        compiled(lambda x, y: F.cross_entropy(net(x), y)))
    given = compiled(net)

    def train():
        for i in range(0, steps * BATCH, BATCH):
            step(x[i:i + BATCH], y[i:i + BATCH])

    def predict():
        with torch.no_grad():
            for i in range(0, steps * BATCH, BATCH):
                given(x[i:i + BATCH])

    rates = {"train": train, "predict": predict}
    return {name: steps * BATCH / common.best(run) for name, run in rates.items()}


def recurrent(steps=30):
    net = nn.LSTM(64, 128, batch_first=True)
    step = trainer(
        torch.optim.Adam(net.parameters(), lr=1e-3, fused=isFused), lambda x, _: (net(x)[0]**2).mean())
    x = torch.randn(32, 64, 64)

    def run():
        for _ in range(steps):
            step(x, None)

    return dict(step=common.best(run) / steps * 1e3)


def gan(steps=100):
    x = torch.rand(BATCH * steps, 784)
    maker = nn.Sequential(
        nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 784),
        nn.Tanh())
    judge = nn.Sequential(
        nn.Linear(784, 256), nn.LeakyReLU(0.2), nn.Linear(256, 256), nn.LeakyReLU(0.2),
        nn.Linear(256, 1))
    one, zero, bce = torch.ones(BATCH, 1), torch.zeros(BATCH, 1), F.binary_cross_entropy_with_logits
    made = compiled(maker)
    judged = trainer(
        torch.optim.Adam(judge.parameters(), 2e-4, fused=isFused),
        compiled(lambda x, f: bce(judge(x), one) + bce(judge(f), zero)))
    fooled = trainer(
        torch.optim.Adam(maker.parameters(), 2e-4, fused=isFused),
        compiled(lambda z: bce(judge(maker(z)), one)))

    def run():
        for i in range(0, steps * BATCH, BATCH):
            z = torch.randn(BATCH, 64)
            with torch.no_grad():
                f = made(z)
            judged(x[i:i + BATCH], f)
            fooled(z)

    return dict(rate=steps * BATCH / common.best(run))


def vae(steps=100):
    x = torch.rand(BATCH * steps, 784)
    see, mean, variance = nn.Linear(784, 400), nn.Linear(400, 20), nn.Linear(400, 20)
    first, second = nn.Linear(20, 400), nn.Linear(400, 784)

    def loss(x):
        h = F.relu(see(x))
        m, v = mean(h), variance(h)
        z = m + torch.randn_like(m) * torch.exp(0.5 * v)
        y = second(F.relu(first(z)))
        unlike = F.binary_cross_entropy_with_logits(y, x, reduction="sum")
        return unlike - 0.5 * torch.sum(1 + v - m * m - v.exp())

    params = [p for layer in (see, mean, variance, first, second) for p in layer.parameters()]
    step = trainer(torch.optim.Adam(params, 1e-3, fused=isFused), compiled(loss))

    def run():
        for i in range(0, steps * BATCH, BATCH):
            step(x[i:i + BATCH])

    return dict(vae=steps * BATCH / common.best(run))


def chain():
    values = {}
    for n in common.SIZES:
        torch._dynamo.reset()
        f = compiled(lambda a, b, c: (torch.tanh(a * b + c) * torch.exp(-a * a)).sum())
        plain = [torch.randn(n) for _ in range(3)]
        tracked = [x.clone().requires_grad_() for x in plain]

        def forward():
            with torch.no_grad():
                f(*plain)

        def both():
            for x in tracked:
                x.grad = None
            f(*tracked).backward()

        values[f"forward {n}"] = common.each(forward) / n * 1e9
        values[f"both {n}"] = common.each(both) / n * 1e9
    return values


def numbers():
    x, a, b = (torch.tensor(v, requires_grad=True) for v in (0.5, 0.9, 0.1))

    def run():
        x.grad = a.grad = b.grad = None
        y = x
        for _ in range(500):
            y = torch.tanh(y * a + b)
        y.backward()

    first = common.best(run, 1, 0)
    return {"first": first * 1e6, "known": common.best(run, 10) * 1e6}


def products():
    values = {}
    with torch.no_grad():
        for n in common.SQUARES:
            a, b = torch.rand(n, n), torch.rand(n, n)
            c = torch.empty(n, n)
            values[str(n)] = 2 * n**3 / common.each(lambda: torch.mm(a, b, out=c)) / 1e9
    return values


def generators():
    return {**gan(), **vae()}


common.main(dict(
    W2=regression, W3=xor, W4=digits, W5=images, W6=transformer, W7=generators,
    W8=chain, W10=recurrent, W11=numbers, W14=products))
