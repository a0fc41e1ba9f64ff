"""Writes the figures of k_means, knn, neighbors, pca and trustworthiness: what scikit-learn says.

    pip install numpy torch scikit-learn
    python Tests/Figures/neighbors.py .build/release/nns
"""

import sys
import warnings

import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE, trustworthiness
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor, NearestNeighbors

from cases import files, grid, literal, number, write

warnings.filterwarnings("ignore")


def clusters():
    """Lloyd's method from the same start, also one that empties clusters."""
    out = []
    for rows, columns, k, iterations in [(40, 3, 4, 300), (60, 5, 6, 300), (60, 5, 6, 2)]:
        x = grid(rows, columns)
        start = x[:k]
        m = KMeans(k, init=start, n_init=1, max_iter=iterations).fit(x)
        q = grid(7, columns)
        out += [
            f"let x = {literal(x)}",
            f"let m = k_means(x, {k}, start: x[0..{k}], iterations: {iterations})",
            f"agrees(m.centers, {literal(m.cluster_centers_)}, f64, 1e-12)  # => true",
            f"agrees(m.inertia, {number(m.inertia_)}, f64, 1e-12)  # => true",
            f"m.iterations == {m.n_iter_}  # => true",
            f"all(m(x) == {literal(m.labels_.astype(np.int64))})  # => true",
            f"all(m({literal(q)}) == {literal(m.predict(q).astype(np.int64))})  # => true",
            f"all(k_means(x.f32, {k}, start: x[0..{k}].f32, iterations: {iterations})(x.f32) == m(x))"
            "  # => true",
        ]
    x = grid(30, 2)
    start = np.concatenate([x[:2], [[50, 50], [60, -60]]])
    m = KMeans(4, init=start, n_init=1).fit(x)
    out += [
        f"let x = {literal(x)}", f"let m = k_means(x, 4, start: {literal(start)})",
        f"agrees(m.centers, {literal(m.cluster_centers_)}, f64, 1e-12)  # => true",
        f"agrees(m.inertia, {number(m.inertia_)}, f64, 1e-12)  # => true",
    ]
    files["k-means"] = out


def nearest():
    x, q = grid(200, 6), grid(9, 6)
    classes = np.arange(200) % 3
    numbers = np.stack([x @ np.ones(6), x[:, 0] ** 2], 1)
    d, i = NearestNeighbors(n_neighbors=4).fit(x).kneighbors(q)
    own = NearestNeighbors(n_neighbors=3).fit(x).kneighbors()
    out = [
        f"let x = {literal(x)}", f"let q = {literal(q)}", f"let c = {literal(classes)}",
        f"let t = {literal(numbers)}", "let (d, i) = neighbors(x, q, k: 4)",
        f"agrees(d, {literal(d)}, f64, 1e-13)  # => true", f"all(i == {literal(i)})  # => true",
        "let (d, i) = neighbors(x, k: 3)",
        f"agrees(d, {literal(own[0])}, f64, 1e-13)  # => true",
        f"all(i == {literal(own[1])})  # => true",
        "all(neighbors(x.f32, k: 3)[1] == i)  # => true",
    ]
    # A query that is a row: neighbours at no distance.
    both = np.concatenate([q, x[:3]])
    out.append(f"let q = {literal(both)}")
    for weights in ["uniform", "distance"]:
        m = KNeighborsClassifier(7, weights=weights).fit(x, classes)
        r = KNeighborsRegressor(7, weights=weights).fit(x, numbers)
        out += [
            f'agrees(knn(x, c, k: 7, weights: "{weights}")(q), {literal(m.predict_proba(both))}, f64, 1e-12)'
            "  # => true",
            f'agrees(knn(x, t, k: 7, weights: "{weights}")(q), {literal(r.predict(both))}, f64, 1e-12)'
            "  # => true",
            f'agrees(knn(x, t[.., 1], k: 7, weights: "{weights}")(q), {literal(r.predict(both)[:, 1])}, f64,'
            " 1e-12)  # => true",
        ]
    files["nearest-neighbours"] = out


def projections():
    out = []
    for rows, columns, k in [(50, 6, 3), (5, 9, 4), (8, 8, 8)]:
        x = grid(rows, columns) @ np.diag(1 + np.arange(columns))
        q = grid(4, columns)
        out += [f"let x = {literal(x)}", f"let q = {literal(q)}"]
        for whiten in [False, True]:
            # The last of as many components as rows has no variance.
            k = min(k, rows - 1)
            p = PCA(k, whiten=whiten, svd_solver="full").fit(x)
            out += [
                f"let p = pca(x, {k}, whiten: {number(whiten)})",
                f"agrees(p.components, {literal(p.components_)}, f64, 1e-10)  # => true",
                f"agrees(p.mean, {literal(p.mean_)}, f64, 1e-12)  # => true",
                f"agrees(p.variance, {literal(p.explained_variance_)}, f64, 1e-12)  # => true",
                f"agrees(p.ratio, {literal(p.explained_variance_ratio_)}, f64, 1e-12)  # => true",
                f"agrees(p(q), {literal(p.transform(q))}, f64, 1e-10)  # => true",
                f"agrees(p.undo(p(q)), {literal(p.inverse_transform(p.transform(q)))}, f64, 1e-10)"
                "  # => true",
                f"agrees(pca(x.f32, {k}).components, {literal(p.components_)}, f32, 1e-5)  # => true",
            ]
    files["pca"] = out


def embedded():
    x = np.concatenate([grid(30, 4) + 6 * i * np.eye(4)[i] for i in range(3)])
    y = x[:, [0, 2]] + grid(90, 2) / 2
    start = PCA(2, svd_solver="full").fit_transform(x)
    start = start / np.std(start[:, 0]) * 1e-4
    m = TSNE(perplexity=10, init=start, method="exact").fit(x)
    out = [
        f"let x = {literal(x)}", f"let y = {literal(y)}",
        *(f"abs(trustworthiness(x, y, neighbors: {k}) - {number(trustworthiness(x, y, n_neighbors=k))})"
          " < 1e-12  # => true" for k in (5, 12)),
        "let (e, kl) = t_sne(x, perplexity: 10, progress: false)",
        f"# scikit-learn, method exact: {m.kl_divergence_:.4f}",
        f"kl < {m.kl_divergence_ * 1.05:.4f}  # => true",
        f"trustworthiness(x, e, neighbors: 12) > {trustworthiness(x, m.embedding_, n_neighbors=12) - 0.01:.4f}"
        "  # => true",
    ]
    files["embeddings"] = out


clusters()
nearest()
projections()
embedded()
write("neighbors.py", sys.argv[1])
