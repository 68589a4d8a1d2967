"""The static embedder against numpy, and its nearest centroid against scikit-learn's.

    make build
    python3 docs/checks/static_vectors.py VECTORS.txt.gz PROMPTS.jsonl.gz SIMPLE,MEDIUM,COMPLEX,FRONTIER

Run it in the module's folder: it has bin/routeproof build an artifact with the word vectors and embed the prompts
(classify --with-vector), computes the same with numpy and its own word splitting (over unicodedata), and prints the largest
difference of an element. Then, over 20 random splits with 20 % to test on, stratified by tier: nearest centroid by cosine on
our vectors, the same on numpy's, the plain mean of the word vectors, and always the most frequent tier. Needs python3 with
numpy and scikit-learn.
"""
import gzip
import json
import pathlib
import subprocess
import sys
import tempfile
import unicodedata

import numpy as np
from sklearn.metrics import accuracy_score, cohen_kappa_score, f1_score
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.neighbors import NearestCentroid


def lines(path):
    with (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="utf-8") as f:
        yield from f


def read(path):
    rows = lines(path)
    count, dims = map(int, next(rows).split())
    rank, vectors = {}, []
    for r, line in enumerate(rows, 1):
        word, *numbers = line.rstrip("\n").split(" ")
        assert len(numbers) == dims
        rank.setdefault(word, r)
        vectors.append(numbers)
    assert len(vectors) == count
    return rank, np.array(vectors, dtype=np.float32).astype(np.float64)


def embed(vectors, prompts, tiers):
    """What the program makes of the prompts."""
    with tempfile.TemporaryDirectory() as folder:
        config, artifact = pathlib.Path(folder, "tiers.yaml"), pathlib.Path(folder, "c.safetensors")
        config.write_text(json.dumps({"tiers": [{"name": t} for t in tiers]}))
        common = ["--word-vectors", vectors, "--problems", pathlib.Path(folder, "problems")]
        program = "bin/routeproof"
        subprocess.run([program, "build", "--prompts", prompts, "--config", config, "--out", artifact, *common], check=True, capture_output=True)
        out = subprocess.run([program, "classify", "--in", prompts, "--artifact", artifact, "--with-vector", *common], check=True, stdout=subprocess.PIPE).stdout
    return np.array([json.loads(line)["vector"] for line in out.splitlines()], dtype=np.float64)


def words(text):
    marked = "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in text[:65536])
    return marked.split()


def mean(text, rank, rows, weights):
    known = [rank.get(w) or rank.get(w.lower()) for w in words(text)]
    at = np.array([r - 1 for r in known if r], dtype=int)
    return (weights[at, None] * rows[at]).sum(0)


def unit(x):
    return x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-300)


vectors, path, tiers = sys.argv[1], sys.argv[2], sys.argv[3].split(",")
prompts = [json.loads(line) for line in lines(path)]
texts = [p["prompt"] for p in prompts]
ours = embed(vectors, path, tiers)
assert len(ours) == len(texts)
rank, rows = read(vectors)
r = np.arange(1, len(rows) + 1)
sif = 1e-3 / (1e-3 + (1 / r) / (1 / r).sum())
theirs = unit(np.array([mean(t, rank, rows, sif) for t in texts]))
plain = unit(np.array([mean(t, rank, rows, np.ones(len(rows))) for t in texts]))
print("%d texts, %d without a vector; largest difference of an element %.1e" % (
    len(texts), (np.abs(ours).sum(1) == 0).sum(), np.abs(ours - theirs).max()))

labelled = [i for i, p in enumerate(prompts) if p.get("tier") in tiers]
truth = np.array([tiers.index(prompts[i]["tier"]) for i in labelled])


def nearest(x, train, test):
    # On unit vectors the nearest unit centroid is the one of largest cosine.
    centroids = NearestCentroid().fit(x[train], truth[train])
    return centroids.classes_[(x[test] @ unit(centroids.centroids_).T).argmax(1)]


def majority(x, train, test):
    return np.full(len(test), np.bincount(truth[train]).argmax())


for name, x, predict in (("static", ours, nearest), ("numpy", theirs, nearest), ("plain mean", plain, nearest), ("majority", ours, majority)):
    scores = []
    for train, test in StratifiedShuffleSplit(20, test_size=0.2, random_state=0).split(truth, truth):
        got = predict(x[labelled], train, test)
        scores.append((accuracy_score(truth[test], got), f1_score(truth[test], got, average="macro", zero_division=0),
                       cohen_kappa_score(truth[test], got, weights="quadratic", labels=range(len(tiers)))))
    print("%-11s accuracy %.3f  macro-F1 %.3f  quadratic kappa %.3f" % (name, *np.mean(scores, axis=0)))
