"""Coefficients of scikit-learn's linear models, beside which nns has to find its own.

Run: python Tests/Figures/linear.py   (numpy, scikit-learn); writes Tests/Programs/classical/linear-figures.nns
"""
import csv
import pathlib
import warnings

import numpy as np
from sklearn import linear_model as lm

warnings.filterwarnings("ignore")
root = pathlib.Path(__file__).resolve().parents[2]


def table(name):
    with open(root / "Scripts/data" / name) as file:
        rows = list(csv.reader(file))
    return rows[0], rows[1:]


def number(text):
    return {"yes": 1.0, "no": 0.0}.get(text) if text in ("yes", "no") else float(text)


def standard(x):
    deviation = x.std(axis=0)
    return (x - x.mean(axis=0)) / np.where(deviation == 0, 1, deviation)


def literal(values):
    if np.ndim(values) == 0:
        return repr(float(values))
    return "[" + ", ".join(literal(v) for v in values) + "]"


lines = ["# Made by Tests/Figures/linear.py with scikit-learn; coefficients on standardised columns.",
         'let folder = "{script_folder}/../../../Scripts/data"',
         "fn near(a, b) = max(abs(a - b)) < 0.0001", ""]

header, rows = table("houses.csv")
place = header.index("price")
x = standard(np.array([[number(v) for i, v in enumerate(r) if i != place] for r in rows]))
y = standard(np.array([float(r[place]) for r in rows]))
lines += ['let houses = read_csv("{folder}/houses.csv")',
          'let X = tensor(encode(drop(houses, "price")))',
          "let x = standardize(X)(X)",
          "let y = standardize(houses.price)(houses.price)"]
for text, model in [
    ("linear_regression(x, y)", lm.LinearRegression()),
    ("ridge(x, y)", lm.Ridge(1)),
    ("ridge(x, y, alpha: 100)", lm.Ridge(100)),
    ("lasso(x, y, alpha: 0.01)", lm.Lasso(0.01, tol=1e-14, max_iter=100000)),
    ("lasso(x, y, alpha: 0.1)", lm.Lasso(0.1, tol=1e-14, max_iter=100000)),
    ("elastic_net(x, y, alpha: 0.1)", lm.ElasticNet(0.1, l1_ratio=0.5, tol=1e-14, max_iter=100000)),
    ("elastic_net(x, y, alpha: 0.2, ratio: 0.1)",
     lm.ElasticNet(0.2, l1_ratio=0.1, tol=1e-14, max_iter=100000)),
]:
    model.fit(x, y)
    lines += [f"near({text}.weight[.., 0], {literal(model.coef_)})  # => true"]

lines += ["", "# Several targets, and columns as they are."]
model = lm.LinearRegression().fit(x[:, :3], np.stack([y, x[:, 5]], 1))
lines += ["let two = linear_regression(x[.., ..3], stack(y, x[.., 5], axis: 1))",
          f"near(two.weight, {literal(model.coef_.T)})  # => true",
          f"near(two.bias, {literal(model.intercept_)})  # => true"]
raw = np.array([[float(r[header.index(n)]) for n in ("bedrooms", "bathrooms", "stories")] for r in rows])
model = lm.LinearRegression().fit(raw, y)
lines += ['let raw = stack(houses.bedrooms, houses.bathrooms, houses.stories, axis: 1)',
          f"near(linear_regression(raw, y).weight[.., 0], {literal(model.coef_)})  # => true",
          f"near(linear_regression(raw, y).bias, [{literal(model.intercept_)}])  # => true"]

header, rows = table("breast_cancer.csv")
x = standard(np.array([[float(v) for v in r[:-1]] for r in rows]))
names = sorted({r[-1] for r in rows})
y = np.array([names.index(r[-1]) for r in rows])
lines += ["", 'let cancer = read_csv("{folder}/breast_cancer.csv")',
          'let C = tensor(drop(cancer, "diagnosis"))', "let c = standardize(C)(C)",
          "let sick = classes(cancer.diagnosis)"]
for alpha in (1, 0.1, 10):
    model = lm.LogisticRegression(C=1 / alpha, tol=1e-12, max_iter=100000, solver="newton-cholesky").fit(x, y)
    lines += [f"let net = logistic_regression(c, sick, alpha: {alpha})",
              f"near(net[0].weight[.., 0], {literal(model.coef_[0])})  # => true",
              f"near(net[0].bias, {literal(model.intercept_)})  # => true"]
lines += ["mean((net(c)[.., 0] > 0.5) == (sick > 0.5)) > 0.97  # => true"]

header, rows = table("wine.csv")
x = standard(np.array([[float(v) for v in r[:-1]] for r in rows]))
names = sorted({r[-1] for r in rows})
y = np.array([names.index(r[-1]) for r in rows])
model = lm.LogisticRegression(C=1, tol=1e-12, max_iter=100000, solver="lbfgs").fit(x, y)
lines += ["", 'let wine = read_csv("{folder}/wine.csv")', 'let W = tensor(drop(wine, "cultivar"))',
          "let w = standardize(W)(W)",
          "let wines = logistic_regression(w, classes(wine.cultivar))",
          f"near(wines[0].weight, {literal(model.coef_.T)})  # => true",
          f"near(wines[0].bias, {literal(model.intercept_)})  # => true"]
path = root / "Tests/Programs/classical/linear-figures.nns"
path.write_text("\n".join(lines) + "\n")
