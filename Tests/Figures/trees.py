"""scikit-learn's trees, beside which nns has to grow its own.

Data without ties between columns, so that there is one best tree.
Run: python Tests/Figures/trees.py   (numpy, scikit-learn); writes Tests/Programs/classical/tree-figures.nns
"""
import pathlib

import numpy as np
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

root = pathlib.Path(__file__).resolve().parents[2]
random = np.random.default_rng(3)


def literal(values):
    values = np.asarray(values)
    if values.ndim == 0:
        return repr(float(values))
    return "[" + ", ".join(literal(v) for v in values) + "]"


x = random.normal(size=(120, 3)).round(2).astype(np.float32).astype(float)
y = ((x[:, 0] > 0.2).astype(int) + (x[:, 1] + 0.4 * random.normal(size=120) > 0)).astype(int)
z = (np.sin(2 * x[:, 0]) + x[:, 1] + 0.1 * random.normal(size=120)).round(3)
query = random.normal(size=(15, 3)).round(2).astype(np.float32).astype(float)
lines = ["# Made by Tests/Figures/trees.py with scikit-learn.",
         "default_dtype(f64)", "fn near(a, b) = all(abs(a - b) < 0.000001)",
         f"let x = {literal(x)}", f"let y = {literal(y)}", f"let z = {literal(z)}",
         f"let query = {literal(query)}", ""]


def same(make, **options):
    """Nothing is drawn by the state: several of them grow the same tree."""
    trees = [make(random_state=s, **options) for s in range(20)]
    return trees


for text, options in [
    ("depth: 2", dict(max_depth=2)), ("depth: 4, leaf: 5", dict(max_depth=4, min_samples_leaf=5)),
    ('criterion: "entropy", depth: 3', dict(criterion="entropy", max_depth=3)),
    ("split: 30", dict(min_samples_split=30)), ("pruning: 0.02", dict(ccp_alpha=0.02)),
    ('criterion: "entropy", pruning: 0.03', dict(criterion="entropy", ccp_alpha=0.03)),
]:
    trees = [t.fit(x, y) for t in same(DecisionTreeClassifier, **options)]
    answers = [t.predict_proba(query) for t in trees]
    shares = [t.feature_importances_ for t in trees]
    if any(not np.array_equal(answers[0], a) or not np.allclose(shares[0], b)
           for a, b in zip(answers, shares)):
        print("left out, because scikit-learn's state decides:", text)
        continue
    tree = DecisionTreeClassifier(random_state=0, **options).fit(x, y)
    lines += [f"let tree = decision_tree(x, y, {text})",
              f"near(tree(query), {literal(answers[0])})  # => true",
              f"near(tree.importances, {literal(tree.feature_importances_)})  # => true",
              f"(tree.depth, tree.leaves)  # => ({tree.get_depth()}, {tree.get_n_leaves()})"]
for text, options in [("depth: 3", dict(max_depth=3)), ("leaf: 6", dict(min_samples_leaf=6)),
                      ("pruning: 0.05", dict(ccp_alpha=0.05))]:
    trees = [t.fit(x, z) for t in same(DecisionTreeRegressor, **options)]
    answers = [t.predict(query) for t in trees]
    shares = [t.feature_importances_ for t in trees]
    if any(not np.allclose(answers[0], a) or not np.allclose(shares[0], b)
           for a, b in zip(answers, shares)):
        print("left out, because scikit-learn's state decides:", text)
        continue
    tree = DecisionTreeRegressor(random_state=0, **options).fit(x, z)
    lines += [f"let tree = regression_tree(x, z, {text})",
              f"near(tree(query), {literal(answers[0])})  # => true",
              f"near(tree.importances, {literal(tree.feature_importances_)})  # => true",
              f"(tree.depth, tree.leaves)  # => ({tree.get_depth()}, {tree.get_n_leaves()})"]
(root / "Tests/Programs/classical/tree-figures.nns").write_text("\n".join(lines) + "\n")
