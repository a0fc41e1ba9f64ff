"""PyTorch's figures beside those that the programs of Scripts/models have in their comments.

    pip install numpy torch
    python Tests/Figures/systems.py NNS [SYSTEM ...] [--seeds SEED ...] [--text FILE]

SYSTEM is cnn, denoise, vae, transfer, forecast, dates, transformer or gan; all of them without one. The data
are nns's own: the program runs up to where its net begins, once a seed, and its splits are written as .npy.
Model, loss, optimizer, rates, batches and epochs are those of the program, in one thread; what parameters
begin with, the order of rows, dropout and noise are PyTorch's. A line a seed is printed, then the means.
The transformer reads FILE. The pictures of gan are judged by the net of cnn, trained on the split of seed 1.
"""

import argparse
import copy
import functools
import math
import pathlib
import subprocess
import tempfile

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

MODELS = pathlib.Path(__file__).resolve().parents[2] / "Scripts/models"


def exported(system, before, values, *arguments):
    """What the values are in the program of a system, at its line that starts with before."""
    head, found, _ = (MODELS / f"{system}.nns").read_text().partition("\n" + before)
    assert found, f"{system}.nns has no line {before}"
    with tempfile.TemporaryDirectory() as folder:
        files = [f"{folder}/{i}.npy" for i in range(len(values))]
        lines = [f'save({value}, "{file}")' for value, file in zip(values, files)]
        program = pathlib.Path(folder) / "split.nns"
        text = "\n".join([head, *lines, ""])
        program.write_text(text.replace("{script_folder}", str(MODELS)))
        subprocess.run([OPTIONS.nns, program, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)
        arrays = [np.load(file) for file in files]
    return [torch.from_numpy(a if a.dtype == np.float32 else a.astype(np.int64)) for a in arrays]


def batches(epochs, size, *data):
    """Rows in a random order: the share of epochs, the share of steps that are done, and a batch."""
    rows = len(data[0])
    portions = math.ceil(rows / size)
    for epoch in range(epochs):
        for i, chosen in enumerate(torch.randperm(rows).split(size)):
            batch = [tensor[chosen] for tensor in data]
            yield epoch / epochs, (epoch * portions + i) / (epochs * portions), batch


def step(optimizer, rate, loss):
    optimizer.param_groups[0]["lr"] = rate
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def cosine(rate, share):
    return rate * (1 + math.cos(math.pi * share)) / 2


def right(net, x, y):
    """The percentage of rows whose class is found."""
    net.eval()
    with torch.no_grad():
        return 100 * (net(x).argmax(1) == y).float().mean().item()


@functools.cache
def digit_net(seed):
    """The net of cnn.nns after 30 epochs, and the percentage of unseen digits that it knows."""
    x, y, x_test, y_test = exported("cnn", "let net", ["x", "y", "x_test", "y_test"], seed)
    torch.manual_seed(seed)
    net = nn.Sequential(
        nn.Conv2d(1, 16, 5, padding=2), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 5), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Dropout(0.4), nn.Linear(800, 128), nn.ReLU(), nn.Dropout(0.4), nn.Linear(128, 10),
    )
    optimizer = torch.optim.AdamW(net.parameters(), weight_decay=0.01)
    for epochs_done, _, (a, b) in batches(30, 64, x, y):
        down, across = torch.randint(0, 5, (2,)).tolist()
        moved = F.pad(a, (2, 2, 2, 2))[:, :, down:down + 28, across:across + 28]
        step(optimizer, 0.002 * (1 - epochs_done), F.cross_entropy(net(moved), b))
    return net, right(net, x_test, y_test)


def cnn(seed):
    return {"right, %": digit_net(seed)[1]}


def denoise(seed):
    x, x_test = exported("denoise", "let net", ["x", "x_test"], seed)
    net = nn.Sequential(
        nn.Conv2d(1, 16, 3, stride=2, padding=1), nn.ReLU(),
        nn.Conv2d(16, 16, 3, stride=2, padding=1), nn.ReLU(),
        nn.ConvTranspose2d(16, 16, 4, stride=2, padding=1), nn.ReLU(),
        nn.ConvTranspose2d(16, 1, 4, stride=2, padding=1),
    )

    def noisy(x):
        return x + 0.3 * torch.randn_like(x)

    optimizer = torch.optim.Adam(net.parameters())
    for _, _, (clean,) in batches(20, 64, x):
        step(optimizer, 0.003, F.mse_loss(net(noisy(clean)), clean))
    with torch.no_grad():
        seen = noisy(x_test)
        before, after = F.mse_loss(seen, x_test), F.mse_loss(net(seen), x_test)
    return {"squared error before": before.item(), "after": after.item()}


def vae(seed):
    x, x_test = exported("vae", "let latent", ["x", "x_test"], seed)
    encode = nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU())
    to_mean, to_log_variance = nn.Linear(256, 16), nn.Linear(256, 16)
    decode = nn.Sequential(
        nn.Linear(16, 256), nn.ReLU(), nn.Linear(256, 512), nn.ReLU(), nn.Linear(512, 784))
    net = nn.ModuleList([encode, to_mean, to_log_variance, decode])
    optimizer = torch.optim.Adam(net.parameters())
    for _, _, (batch,) in batches(40, 64, x):
        h = encode(batch)
        mean, log_variance = to_mean(h), to_log_variance(h)
        z = mean + torch.exp(log_variance / 2) * torch.randn_like(mean)
        logits = decode(z)
        reconstruction = F.binary_cross_entropy_with_logits(logits, batch, reduction="sum")
        divergence = -0.5 * (1 + log_variance - mean ** 2 - log_variance.exp()).sum()
        step(optimizer, 0.001, (reconstruction + divergence) / len(batch))
    with torch.no_grad():
        found = torch.sigmoid(decode(to_mean(encode(x_test))))
        return {"squared error": F.mse_loss(found, x_test).item()}


def transfer(seed):
    names = ["x_old", "y_old", "x", "y", "x_test", "y_test"]
    x_old, y_old, x, y, x_test, y_test = exported("transfer", "fn make_eyes", names, 12, seed)

    def make_eyes():
        return nn.Sequential(
            nn.Conv2d(1, 16, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten())

    def train(eyes, x, y, epochs):
        """A new head behind the eyes; what is frozen has no gradient, and AdamW leaves it alone."""
        head = [nn.Dropout(0.4), nn.Linear(800, 128), nn.ReLU(), nn.Dropout(0.4), nn.Linear(128, 5)]
        net = nn.Sequential(eyes, *head)
        optimizer = torch.optim.AdamW(net.parameters(), weight_decay=0.05)
        for _, done, (a, b) in batches(epochs, 50, x, y):
            step(optimizer, cosine(0.003, done), F.cross_entropy(net(a), b))
        return net

    eyes = make_eyes()
    train(eyes, x_old, y_old, 12)
    transferred = train(eyes.requires_grad_(False), x, y, 20)
    scratch = train(make_eyes(), x, y, 20)
    return {
        "right, %": right(transferred, x_test, y_test), "from scratch, %": right(scratch, x_test, y_test)}


def forecast(seed):
    names = ["x_train", "y_train", "x_test", "y_test"]
    x, y, x_test, y_test = exported("forecast", "let net", names, 30, seed)
    lstm, head = nn.LSTM(1, 32, batch_first=True), nn.Linear(32, 1)

    def error(x, y):
        return F.mse_loss(head(lstm(x)[0][:, -1]), y)

    optimizer = torch.optim.Adam([*lstm.parameters(), *head.parameters()])
    for _, done, (a, b) in batches(30, 32, x, y):
        step(optimizer, cosine(0.01, done), error(a, b))
    with torch.no_grad():
        return {"root of the squared error": error(x_test, y_test).sqrt().item()}


class Translator(nn.Module):
    """An LSTM each way reads, another one writes and looks back."""

    def __init__(self, letters, width):
        super().__init__()
        self.letter = nn.Embedding(letters, width)
        self.read = nn.LSTM(width, width, batch_first=True, bidirectional=True)
        self.write = nn.LSTM(width, 2 * width, batch_first=True)
        self.look = nn.MultiheadAttention(2 * width, 1, batch_first=True)
        self.choose = nn.Linear(4 * width, letters)

    def forward(self, words, written):
        read = self.read(self.letter(words))[0]
        state = self.write(self.letter(written))[0]
        seen = self.look(state, read, read, need_weights=False)[0]
        return self.choose(torch.cat([state, seen], 2))


def dates(seed):
    values = ["tensor(len(letters))", "words", "answers", "words_test", "answers_test"]
    letters, words, answers, words_test, answers_test = exported("dates", "model Translator", values, 4, seed)
    net = Translator(int(letters), 48)
    optimizer = torch.optim.Adam(net.parameters())
    for _, done, (x, y) in batches(4, 64, words, answers):
        logits = net(x, y[:, :10])
        step(optimizer, cosine(0.004, done), F.cross_entropy(logits.flatten(0, 1), y[:, 1:].flatten()))
    written = answers_test[:, :1]
    with torch.no_grad():
        for _ in range(10):
            written = torch.cat([written, net(words_test, written)[:, -1:].argmax(2)], 1)
    return {"exact, %": 100 * (written == answers_test).all(1).float().mean().item()}


class Writer(nn.Module):
    """Four blocks whose norms come first, as transformer_block has them."""

    def __init__(self, letters, length, width):
        super().__init__()
        self.letter, self.place = nn.Embedding(letters, width), nn.Embedding(length, width)
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(
                width, 4, 4 * width, dropout=0, activation="gelu", batch_first=True, norm_first=True)
            for _ in range(4))
        self.end = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, letters))
        self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(length))

    def forward(self, x):
        x = self.letter(x) + self.place.weight
        for block in self.blocks:
            x = block(x, src_mask=self.mask, is_causal=True)
        return self.end(x)


def transformer(seed):
    steps, block, batch = 2000, 64, 12
    values, text = ["tensor(len(letters))", "seen", "unseen"], OPTIONS.text.resolve()
    letters, seen, unseen = exported("transformer", "let (block", values, steps, text, seed)
    net = Writer(int(letters), block, 128)

    def loss_of(data, starts):
        places = starts[:, None] + torch.arange(block)
        return F.cross_entropy(net(data[places]).flatten(0, 1), data[places + 1].flatten())

    optimizer = torch.optim.AdamW(net.parameters(), betas=(0.9, 0.99), weight_decay=0.1)
    for i in range(steps):
        rate = 0.0015 * min((i + 1) / 100, 1) * (1 - 0.9 * i / steps)
        step(optimizer, rate, loss_of(seen, torch.randint(0, len(seen) - block - 1, (batch,))))
    with torch.no_grad():
        losses = [loss_of(unseen, part) for part in torch.arange(0, len(unseen) - block - 1, block).split(50)]
    return {"nats a character": torch.stack(losses).mean().item()}


def gan(seed):
    classifier, accuracy = digit_net(1)
    torch.manual_seed(seed)
    pictures, digits = exported("gan", "let some", ["pictures", "digits"], seed, 100)
    generator = nn.Sequential(
        nn.Linear(74, 3920), nn.Unflatten(1, (80, 7, 7)), nn.BatchNorm2d(80), nn.ReLU(),
        nn.ConvTranspose2d(80, 40, 4, stride=2, padding=1), nn.BatchNorm2d(40), nn.ReLU(),
        nn.ConvTranspose2d(40, 1, 4, stride=2, padding=1), nn.Tanh())
    discriminator = nn.Sequential(
        nn.Conv2d(1, 32, 4, stride=2, padding=1), nn.LeakyReLU(0.2),
        nn.Conv2d(32, 64, 4, stride=2, padding=1), nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(3136, 11))
    average = copy.deepcopy(generator)

    def draw(net, z, digit):
        return net(torch.cat([z, F.one_hot(digit, 10)], 1))

    def score(x, digit):
        s = discriminator(x)
        return s[:, 0] + (s[:, 1:] * F.one_hot(digit, 10)).sum(1)

    g_adam = torch.optim.Adam(generator.parameters(), betas=(0.5, 0.999))
    d_adam = torch.optim.Adam(discriminator.parameters(), betas=(0.5, 0.999))
    for _, done, (real, y) in batches(100, 64, pictures, digits):
        z = torch.randn(len(real), 64)
        s = score(real, y)
        d_loss = 0.9 * F.softplus(-s).mean() + 0.1 * F.softplus(s).mean()
        d_loss = d_loss + F.softplus(score(draw(generator, z, y).detach(), y)).mean()
        step(d_adam, cosine(0.0003, done), d_loss)
        step(g_adam, cosine(0.001, done), F.softplus(-score(draw(generator, z, y), y)).mean())
        with torch.no_grad():
            for mean, new in zip(average.parameters(), generator.parameters()):
                mean.lerp_(new, 0.005)
    asked = torch.randint(0, 10, (1000,))
    with torch.no_grad():
        # The average still trains: its norms use what is drawn, as in the program.
        drawn = draw(average, torch.randn(1000, 64), asked)
        sure, found = classifier((drawn + 1) / 2).softmax(1).max(1)
    shares = torch.bincount(found, minlength=10) / 10
    return {
        "classifier, %": accuracy, "sure, %": (sure >= 0.9).sum().item() / 10,
        "as asked, %": (found == asked).sum().item() / 10,
        "smallest class, %": shares.min().item(), "largest, %": shares.max().item()}


def show(name, figures):
    print(f"{name}:", ", ".join(f"{key} {value:.4g}" for key, value in figures.items()), flush=True)


def main():
    torch.set_num_threads(1)
    for name in OPTIONS.systems or SYSTEMS:
        if name == "transformer" and not OPTIONS.text:
            print("transformer: left out without --text FILE")
            continue
        found = []
        for seed in OPTIONS.seeds:
            torch.manual_seed(seed)
            found.append(SYSTEMS[name](seed))
            show(f"{name}, seed {seed}", found[-1])
        means = {key: sum(f[key] for f in found) / len(found) for key in found[0]}
        show(f"{name}, mean", means)


SYSTEMS = {f.__name__: f for f in [cnn, denoise, vae, transfer, forecast, dates, transformer, gan]}
parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("nns", help="the nns program")
parser.add_argument("systems", nargs="*", metavar="SYSTEM", help=", ".join(SYSTEMS))
parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3, 4, 5], metavar="SEED")
parser.add_argument("--text", type=pathlib.Path, metavar="FILE", help="what the transformer reads")
OPTIONS = parser.parse_args()
main()
