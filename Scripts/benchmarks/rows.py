"""The rows: what is measured, in which unit, against whom, and what is aimed at.

Limits are those of a machine whose products reach 225 GFLOP/s on two threads and 115 on one, and
which reads 31.5 GB/s; they are scaled by what the machine at hand does."""

from dataclasses import dataclass, field
from typing import Callable, Dict, Optional, Tuple, Union


@dataclass(frozen=True)
class Steps:
    """The time of a step, seen from outside: two runs of a program that differ in the number of
    steps only. The larger one is as long as it needs to be, unless `large` says how long."""
    program: str
    words: Callable[[int], list]
    small: int
    work: float = 1
    large: Optional[int] = None
    repeats: int = 1


@dataclass(frozen=True)
class Whole:
    """A whole process."""
    words: list
    repeats: int = 5


@dataclass(frozen=True)
class Peak:
    """The most memory of a whole process."""
    words: list


@dataclass(frozen=True)
class Measure:
    row: str
    key: str
    title: str
    unit: str
    ours: Union[Steps, Whole, Peak]
    # Units in a second, for times; for rates, how many a unit is.
    scale: float = 1
    isRate: bool = False
    goal: Union[None, str, Dict[int, float], float] = None
    limit: Optional[float] = None
    # What limits: the product of all threads, that of a core, memory, or nothing that scales.
    limitedBy: Optional[str] = None
    # Peers that print JSON, and the key in it.
    peers: Tuple[str, ...] = ()
    peerKey: str = ""
    # Peers that are whole programs, with their words.
    programs: Dict[str, list] = field(default_factory=dict)
    threads: Tuple[int, ...] = (1, 2)

    @property
    def name(self):
        return f"{self.row} {self.key}"

    def goalOf(self, threads):
        return self.goal.get(threads) if isinstance(self.goal, dict) else self.goal


def _start():
    tensor = "import numpy; print(numpy.array([[1.0, 2], [3, 4]]))"
    common = dict(unit="ms", scale=1e3, goal=5, limit=0.6, limitedBy="core", threads=(1,))
    return [
        Measure("W1", "number", "start, print 1 + 1", ours=Whole(["-e", "1 + 1"], 40), programs={
            "lua": ["-e", "print(1 + 1)"], "luajit": ["-e", "print(1 + 1)"],
            "python": ["-c", "print(1 + 1)"]}, **common),
        Measure("W1", "tensor", "start, print a tensor", ours=Whole(["-e", "[[1, 2], [3, 4]]"], 40),
                programs={"numpy": ["-c", tensor]}, **common),
    ]


REGRESSION = ("numpy", "torch eager", "jax jit", "jax scan")


def _regression():
    step = dict(unit="µs", scale=1e6, goal=1.5, limit=0.30, limitedBy="core", peers=REGRESSION,
                peerKey="step")
    return [
        Measure("W2", "loop", "regression, a step, by hand",
                ours=Steps("w2_loop.nns", lambda n: [n], 1000, 4), **step),
        Measure("W2", "fit", "regression, a step, by fit",
                ours=Steps("w2_fit.nns", lambda n: [n], 1000, 4), **step),
        Measure("W2", "process", "regression, whole process", "s", Whole(["w2_fit.nns", 1000]),
                goal=0.02, limit=0.0013, limitedBy="core", peers=REGRESSION, peerKey="process"),
    ]


def _xor():
    step = dict(unit="µs", scale=1e6, limitedBy="core", peerKey="step",
                peers=("numpy", "torch eager", "torch compile", "jax jit", "jax scan"))
    return [
        Measure("W3", "loop", "XOR 2-8-1, a step, by hand", goal=1.2, limit=0.67,
                ours=Steps("w3.nns", lambda n: [n], 5000), **step),
        Measure("W3", "fit", "XOR 2-8-1, a step, by fit", goal=1.0, limit=0.67,
                ours=Steps("w3_fit.nns", lambda n: [n], 5000), **step),
    ]


TRAINING = ("torch fused", "torch compile", "jax jit")
IMAGES = ("torch fused", "torch fused-nhwc", "torch compile-nhwc")


def _nets():
    rate = dict(isRate=True, peerKey="rate", limitedBy="product")
    return [
        Measure("W4", "train", "784-512-512-10, Adam", "samples/s", goal={1: 29_000, 2: 56_000},
                ours=Steps("w4.nns", lambda n: [25_600, n, 60_000], 1, 25_600), limit=60_800,
                peers=("numpy", *TRAINING, "jax scan"), **rate),
        Measure("W5", "train", "LeNet on 28 × 28, Adam", "samples/s", goal={2: 30_000},
                ours=Steps("w5.nns", lambda n: [60, n], 1, 7_680), limit=100_000,
                peers=IMAGES, isRate=True, peerKey="train", limitedBy="product"),
        Measure("W5", "predict", "LeNet on 28 × 28, inference", "samples/s", goal={2: 110_000},
                ours=Steps("w5_predict.nns", lambda n: [n], 1, 7_680), limit=275_000,
                peers=IMAGES, isRate=True, peerKey="predict", limitedBy="product"),
        Measure("W6", "step", "transformer, a step", "ms",
                Steps("w6.nns", lambda n: [n], 5), scale=1e3, goal={2: 28}, limit=17.5,
                limitedBy="product", peers=TRAINING, peerKey="step"),
        Measure("W10", "step", "LSTM over 64 steps, a step", "ms",
                Steps("w10.nns", lambda n: [n], 10), scale=1e3, goal={2: 7}, limit=4.7,
                limitedBy="product", peers=("torch eager", "torch fused"), peerKey="step"),
        Measure("W7", "gan", "GAN of two MLPs, Adam", "samples/s", goal={2: 35_000}, limit=44_000,
                ours=Steps("w7.nns", lambda n: [n], 20, 128), peers=TRAINING, **rate),
        Measure("W7", "vae", "VAE 784-400-20-400-784, Adam", "samples/s", goal={2: 50_000},
                limit=70_000, ours=Steps("w7_vae.nns", lambda n: [n], 20, 128), peers=TRAINING,
                **{**rate, "peerKey": "vae"}),
    ]


def _chains():
    sizes = [(1_000, 1000, 1.0, 2.0, 0.82, 1.05, "core"),
             (100_000, 20, 0.6, 0.9, 0.5, 0.5, "product"),
             (10_000_000, 1, 0.6, 1.5, 0.5, 0.7, "memory")]
    peers = ("numpy", "numexpr", "torch eager", "torch compile", "jax jit")
    found = []
    for n, turns, goal, goalBoth, limit, limitBoth, by in sizes:
        for key, program, aim, least in (("forward", "w8_forward.nns", goal, limit),
                                         ("both", "w8_backward.nns", goalBoth, limitBoth)):
            title = "forward" if key == "forward" else "forward and backward"
            found.append(Measure(
                "W8", f"{key} {n}", f"element-wise chain of {n:,}, {title}", "ns/element",
                Steps(program, lambda turns, n=n: [n, turns], turns, n), scale=1e9,
                goal={2: aim} if n > 1000 else aim, limit=least, limitedBy=by, peers=peers,
                peerKey=f"{key} {n}"))
    return found


def _scalars():
    programs = [("fib", "w9_fib.nns", [30], "fib(30)", 1.3),
                ("loop", "w9_loop.nns", [10_000_000], "a loop of 1e7 turns", 8.4),
                ("sieve", "w9_sieve.nns", [2_000_000], "sieve to 2e6", 3),
                ("strings", "w9_strings.nns", [1_000_000, 100_000], "strings", None),
                ("bodies", "w9_bodies.nns", [200_000], "n-body, 2e5 steps", 12)]
    return [
        Measure("W9", key, title, "ms", Whole([program, *sizes], 3), scale=1e3, threads=(1,),
                goal="ahead of Lua", limit=limit, limitedBy="core",
                programs={"lua": ["scalars.lua", key], "luajit, no JIT": ["scalars.lua", key]})
        for key, program, sizes, title, limit in programs]


def _numbers():
    common = dict(unit="ns", scale=1e9, limitedBy="core")
    return [
        Measure("W11", "known", "chain of 1000 on a number, an operation", goal=25, limit=5.5,
                ours=Steps("w11.nns", lambda n: [n, 500], 20, 1000),
                peers=("torch eager", "jax jit", "jax scan")[:2], peerKey="known", **common),
        Measure("W11", "first", "the same, the first time", goal=400,
                ours=Steps("w11.nns", lambda n: [1, n], 1, 2, large=500, repeats=15),
                peers=("torch eager", "jax jit"), peerKey="first", **common),
    ]


def _memory():
    common = dict(unit="MB", peerKey="peak", threads=(2,))
    return [
        Measure("W12", "W2", "peak memory of W2", ours=Peak(["w2_fit.nns", 1000]), goal=12, limit=3,
                peers=("numpy", "torch eager", "jax jit"), **common),
        Measure("W12", "W4", "peak memory of W4", ours=Peak(["w4.nns", 25_600, 2, 60_000]),
                goal=215, limit=205, peers=("numpy", "torch fused", "jax jit"), **common),
    ]


def _classical():
    kinds = [("knn", 4.0, 4), ("tree", 12.1, 4), ("forest", 205, 1), ("k-means", 4.7, 4),
             ("pca", 0.8, 10)]
    short = [
        Measure("W13", kind, f"{kind} on 1 797 digits", "ms", scale=1e3, goal=goal,
                ours=Steps("w13.nns", lambda n, kind=kind: [kind, n], small), peers=("sklearn",),
                peerKey=kind)
        for kind, goal, small in kinds]
    return short + [
        Measure("W13", "t-sne", "t-SNE of 1 797 digits, 1 000 steps", "s", goal=3.95,
                ours=Steps("w13.nns", lambda n: ["t-sne", n], 0, large=1), peers=("sklearn",),
                peerKey="t-sne")]


def _products():
    sizes = [(8, 27, "core"), (16, 87, "core"), (32, 107, "core"), (64, 115, "core"),
             (128, 148, "product"), (512, 213, "product")]
    return [
        Measure("W14", str(n), f"@ of {n} × {n}", "GFLOP/s", isRate=True, scale=1e-9, limit=limit,
                goal="85 % of the limit" if n >= 32 else None, limitedBy=by, peerKey=str(n),
                ours=Steps("w14.nns", lambda k, n=n: [n, k], 2000 if n < 100 else 100, 2 * n**3),
                peers=("numpy", "torch eager", "jax jit"))
        for n, limit, by in sizes]


ALL = (_start() + _regression() + _xor() + _nets() + _chains() + _scalars() + _numbers()
       + _memory() + _classical() + _products())


def names():
    return list(dict.fromkeys(m.row for m in ALL))


def of(name):
    return [m for m in ALL if m.row == name]
