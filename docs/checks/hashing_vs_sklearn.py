"""Hashing embedder + nearest centroid, ours against scikit-learn's, on the same splits.

    python3 docs/checks/hashing_vs_sklearn.py bin/routeproof PROMPTS.jsonl.gz T1,T2,T3,T4 [SPLITS]

Runs the program with SPLITS salts (20 by default) and, for each, fits scikit-learn on the same train prompts:
FeatureHasher(1024) over {n-gram: 1 + ln tf} with the n-grams of centroids/embedder/testdata/hashing.py, rows of unit
norm, the tier of the nearest centroid by cosine. Also recomputes our metrics from our own confusion matrix with
scikit-learn. Needs python3 with scikit-learn.
"""
import collections
import gzip
import hashlib
import importlib.util
import json
import math
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from sklearn.feature_extraction import FeatureHasher
from sklearn.metrics import accuracy_score, balanced_accuracy_score, cohen_kappa_score, f1_score

here = pathlib.Path(__file__).resolve().parent
spec = importlib.util.spec_from_file_location("hashing", here / "../../centroids/embedder/testdata/hashing.py")
hashing = importlib.util.module_from_spec(spec)
spec.loader.exec_module(hashing)

program, path, tiers = sys.argv[1], sys.argv[2], sys.argv[3].split(",")
splits = int(sys.argv[4]) if len(sys.argv) > 4 else 20


def split_of(salt, prompt):
    key = "text " + " ".join(prompt.lower().split())
    u = (int.from_bytes(hashlib.sha256((salt + "\0" + key).encode()).digest()[:8], "big") >> 11) / 2**53
    return "train" if u < 0.4 else "tune" if u < 0.6 else "calibrate" if u < 0.8 else "test"


opener = gzip.open if path.endswith(".gz") else open
rows = [json.loads(line) for line in opener(path, "rt")]
rows = [r for r in rows if r.get("tier") in tiers]
truth = np.array([tiers.index(r["tier"]) for r in rows])


def grams(text):
    counts = collections.Counter(hashing.keys(text))
    return {k: 1 + math.log(n) for k, n in counts.items()}


x = FeatureHasher(1024, input_type="dict").transform(grams(r["prompt"]) for r in rows).toarray()
x /= np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-300)

ours, theirs, worst = [], [], 0.0
for i in range(splits):
    salt = f"check-{i}"
    with tempfile.TemporaryDirectory() as folder:
        config = pathlib.Path(folder, "c.yaml")
        config.write_text(f"splits: {{salt: {salt}}}\nbootstrap: {{replicates: 100}}\n"
                          + "tiers:\n" + "".join(f"  - name: {t}\n" for t in tiers))
        out = subprocess.run([program, "bench", "--config", config, "--prompts", path, "--json"],
                             check=True, capture_output=True).stdout
    result = json.loads(out)["result"]
    assert result["tiers"] == tiers
    score = next(c for c in result["classifiers"] if c["name"] == "embedding")
    for c in result["classifiers"]:
        y, p = [], []
        for t, row in enumerate(c["confusion"]):
            for k, n in enumerate(row):
                y += [t] * int(n)
                p += [k] * int(n)
        for name, value in {
            "accuracy": accuracy_score(y, p), "macro_f1": f1_score(y, p, average="macro"),
            "balanced_accuracy": balanced_accuracy_score(y, p),
            "quadratic_kappa": cohen_kappa_score(y, p, weights="quadratic", labels=range(len(tiers))),
        }.items():
            if not math.isnan(value):
                worst = max(worst, abs(value - c[name]["value"]))
    names = np.array([split_of(salt, r["prompt"]) for r in rows])
    train, test = names == "train", names == "test"
    assert test.sum() == result["n"], (test.sum(), result["n"])
    centroids = np.array([x[train & (truth == k)].sum(0) for k in range(len(tiers))])
    centroids /= np.linalg.norm(centroids, axis=1, keepdims=True)
    predicted = (x[test] @ centroids.T).argmax(1)
    ours.append((score["accuracy"]["value"], score["macro_f1"]["value"], score["quadratic_kappa"]["value"]))
    theirs.append((accuracy_score(truth[test], predicted), f1_score(truth[test], predicted, average="macro"),
                   cohen_kappa_score(truth[test], predicted, weights="quadratic", labels=range(len(tiers)))))

for name, a in (("routeproof", ours), ("scikit-learn", theirs)):
    print("%-13s accuracy %.4f  macro-F1 %.4f  quadratic kappa %.4f   (mean of %d splits)" % (name, *np.mean(a, axis=0), splits))
print("difference    accuracy %+.4f  macro-F1 %+.4f  quadratic kappa %+.4f" % tuple(np.mean(ours, axis=0) - np.mean(theirs, axis=0)))
print("metrics against scikit-learn's on our own predictions: largest difference %.1e" % worst)
