"""Figures of scikit-learn and PyTorch for losses and metrics.

Run: python Tests/Figures/judging.py   (numpy, scikit-learn, torch); writes
Tests/Programs/judging/figures-losses.nns and figures-metrics.nns
"""
import pathlib
import warnings

import numpy as np
import sklearn.metrics as m
import torch
import torch.nn.functional as F
from sklearn.calibration import calibration_curve

warnings.filterwarnings("ignore")
root = pathlib.Path(__file__).resolve().parents[2]
random = np.random.default_rng(7)


def literal(values):
    values = np.asarray(values)
    if values.ndim == 0:
        x = float(values)
        return "inf" if np.isinf(x) else repr(x)
    return "[" + ", ".join(literal(v) for v in values) + "]"


def write(name, lines):
    head = "# Made by Tests/Figures/judging.py with scikit-learn and PyTorch."
    (root / "Tests/Programs/judging" / name).write_text("\n".join([head, "default_dtype(f64)",
        "fn near(a, b) = all(abs(a - b) < 0.000000001)", ""] + lines) + "\n")


# Losses with their gradients.
lines = []


def loss(text, f, *data):
    leaves = [torch.tensor(d, requires_grad=i == 0) if np.asarray(d).dtype.kind == "f" else torch.tensor(d)
              for i, d in enumerate(data)]
    value = f(*leaves)
    value.backward()
    call = text.format("p", *[literal(d) for d in data[1:]])
    lines.append(f"near({text.format(*[literal(d) for d in data])}, {literal(value.detach())})  # => true")
    lines.append(f"near(grad(p -> {call})({literal(data[0])}), {literal(leaves[0].grad)})  # => true")


p, t = random.normal(size=(4, 3)).round(3), random.normal(size=(4, 3)).round(3)
loss("mae({0}, {1})", F.l1_loss, p, t)
loss("huber({0}, {1})", F.huber_loss, p, t)
loss("huber({0}, {1}, delta: 0.3)", lambda a, b: F.huber_loss(a, b, delta=0.3), p, t)
sign = np.sign(t)
loss("hinge({0}, {1})", lambda a, b: torch.clamp(1 - a * b, min=0).mean(), p, sign)
q = np.exp(t) / np.exp(t).sum(1, keepdims=True)
q[0] = [1, 0, 0]
loss("kl_divergence({0}, {1})", lambda a, b: F.kl_div(a, b, reduction="batchmean"), p, q)
classes = np.array([2, 0, 1, 2])
loss("nll({0}, {1})", F.nll_loss, p, classes)
loss("cross_entropy({0}, {1}, smoothing: 0.2)",
     lambda a, b: F.cross_entropy(a, b, label_smoothing=0.2), p, classes)
w = torch.tensor([0.5, 2.0, 1.5], dtype=torch.float64)
loss("cross_entropy({0}, {1}, weights: [0.5, 2, 1.5])", lambda a, b: F.cross_entropy(a, b, weight=w), p, classes)
loss("cross_entropy({0}, {1}, smoothing: 0.1, weights: [0.5, 2, 1.5])",
     lambda a, b: F.cross_entropy(a, b, weight=w, label_smoothing=0.1), p, classes)
loss("cross_entropy({0}, {1}, smoothing: 0.1, weights: [0.5, 2, 1.5])",
     lambda a, b: F.cross_entropy(a, b, weight=w, label_smoothing=0.1), p, q)


def focal(a, b, gamma):
    ce = F.cross_entropy(a, b, reduction="none")
    return ((1 - torch.exp(-ce)) ** gamma * ce).mean()


loss("focal({0}, {1})", lambda a, b: focal(a, b, 2), p, classes)
loss("focal({0}, {1}, gamma: 0.5)", lambda a, b: focal(a, b, 0.5), p, classes)
write("figures-losses.nns", lines)

# Metrics.
lines = []


def check(text, value):
    lines.append(f"near({text}, {literal(value)})  # => true")


y, c = random.integers(0, 3, 40), random.integers(0, 3, 40)
logits = random.normal(size=(40, 3)).round(3)
lines += [f"let y = {literal(y)}", f"let c = {literal(c)}", f"let logits = {literal(logits)}"]
check("confusion_matrix(c, y)", m.confusion_matrix(y, c))
check("confusion_matrix(logits, y)", m.confusion_matrix(y, logits.argmax(1)))
check("balanced_accuracy(c, y)", m.balanced_accuracy_score(y, c))
for name, f in (("precision", m.precision_score), ("recall", m.recall_score), ("f1", m.f1_score)):
    check(f"{name}(c, y)", f(y, c, average="macro"))
    for average in ("weighted", "micro", "none"):
        check(f'{name}(c, y, average: "{average}")', f(y, c, average=None if average == "none" else average))
    check(f"{name}(c > 0, y > 0)", f(y > 0, c > 0))
softmax = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
check("auc(softmax(logits, axis: 1), y)", m.roc_auc_score(y, softmax, multi_class="ovr"))
ones = (random.random(60) < 0.4).astype(int)
scores = (0.3 * ones + random.random(60) * 0.8).round(1).clip(0, 1)
lines += [f"let ones = {literal(ones)}", f"let scores = {literal(scores)}"]
fpr, tpr, thresholds = m.roc_curve(ones, scores, drop_intermediate=False)
lines += ["let curve = roc(scores, ones)"]
check("curve.fpr", fpr)
check("curve.tpr", tpr)
check("curve.thresholds[1..]", thresholds[1:])
check("auc(scores, ones)", m.roc_auc_score(ones, scores))
check("auc(stack(1 - scores, scores, axis: 1), ones)", m.roc_auc_score(ones, scores))
precision, recall, thresholds = m.precision_recall_curve(ones, scores)
lines += ["let pr = pr_curve(scores[.., none], ones)"]
check("pr.precision", precision)
check("pr.recall", recall)
check("pr.thresholds", thresholds)
check("average_precision(scores, ones)", m.average_precision_score(ones, scores))
# No probability lies on the border of two bins.
sure = (scores * 0.9 + 0.0317).clip(0, 1)
observed, predicted = calibration_curve(ones, sure, n_bins=7)
lines += [f"let calibrated = calibration({literal(sure)}, ones, bins: 7)"]
check("calibrated.observed", observed)
check("calibrated.predicted", predicted)
a, b = random.normal(size=30).round(3), random.normal(size=30).round(3)
lines += [f"let a = {literal(a)}", f"let b = {literal(b)}"]
check("r2(a, b)", m.r2_score(b, a))
check("r2(a[.., none], b)", m.r2_score(b, a))
check("rmse(a, b)", m.root_mean_squared_error(b, a))
check("mape(a, b)", m.mean_absolute_percentage_error(b, a))
check("r2(reshape(a, 10, 3), reshape(b, 10, 3))", m.r2_score(b.reshape(10, 3), a.reshape(10, 3)))
from sklearn.utils.class_weight import compute_class_weight
check("class_weights(y)", compute_class_weight("balanced", classes=np.unique(y), y=y))
write("figures-metrics.nns", lines)
