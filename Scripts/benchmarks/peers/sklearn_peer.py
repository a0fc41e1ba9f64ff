"""scikit-learn: classical methods."""

import common
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.manifold import TSNE
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier


def classical():
    x, y = load_digits(return_X_y=True)
    x = x.astype("float32")

    def judged(model):
        return lambda: model().fit(x[:1200], y[:1200]).score(x[1200:], y[1200:])

    embedding = TSNE(2, perplexity=30, max_iter=1000, init="random", random_state=0,
                     n_jobs=common.THREADS)
    short = {
        "knn": judged(lambda: KNeighborsClassifier(5)),
        "tree": judged(lambda: DecisionTreeClassifier(random_state=0)),
        "forest": judged(lambda: RandomForestClassifier(
            100, random_state=0, n_jobs=common.THREADS)),
        "k-means": lambda: KMeans(10, n_init=1, random_state=0).fit(x),
        "pca": lambda: PCA(2).fit_transform(x),
    }
    values = {name: common.best(run, 7) * 1e3 for name, run in short.items()}
    return dict(values, **{"t-sne": common.best(lambda: embedding.fit(x), 1, 0)})


common.main(dict(W13=classical))
