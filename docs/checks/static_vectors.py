"""The static embedder against numpy, and its nearest centroid against scikit-learn's.

    python3 docs/checks/static_vectors.py VECTORS.txt.gz PROMPTS.jsonl.gz SIMPLE,MEDIUM,COMPLEX,FRONTIER

Run it in the module's folder: it has `go run` embed the prompts, computes the same with numpy and its own word splitting
(over unicodedata), and prints the largest difference of an element. Then, over 20 random splits with 20 % to
test on, stratified by tier: nearest centroid by cosine on our vectors, the same on numpy's, the plain mean of the word
vectors, and always the most frequent tier. Needs go, and python3 with numpy and scikit-learn.
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

GO = """package main

import (
	"context"
	"encoding/json"
	"log"
	"os"

	"github.com/routeproof/routeproof/centroids/embedder"
)

func main() {
	e, err := embedder.NewStatic(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	var texts []string
	if err := json.NewDecoder(os.Stdin).Decode(&texts); err != nil {
		log.Fatal(err)
	}
	vectors := make([]float32, len(texts)*e.Identity().Dims)
	if err := e.Embed(context.Background(), vectors, texts); err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(vectors); err != nil {
		log.Fatal(err)
	}
}
"""


def read(path):
    with (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="utf-8") as f:
        count, dims = map(int, f.readline().split())
        rank, rows = {}, []
        for r, line in enumerate(f, 1):
            word, *numbers = line.rstrip("\n").split(" ")
            assert len(numbers) == dims
            rank.setdefault(word, r)
            rows.append(numbers)
    assert len(rows) == count
    return rank, np.array(rows, dtype=np.float32).astype(np.float64)


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
prompts = [json.loads(line) for line in gzip.open(path, "rt")]
texts = [p["prompt"] for p in prompts]
with tempfile.TemporaryDirectory() as folder:
    program = pathlib.Path(folder, "main.go")
    program.write_text(GO)
    out = subprocess.run(["go", "run", program, vectors], input=json.dumps(texts).encode(), check=True, capture_output=True).stdout
rank, rows = read(vectors)
ours = np.array(json.loads(out), dtype=np.float64).reshape(len(texts), -1)
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
