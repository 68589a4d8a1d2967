"""The table of n-gram variants in docs/decisions.md: nearest centroid over hashed n-grams, by scikit-learn.

    python3 docs/checks/ngrams.py TIERS_PUBLIC.jsonl.gz SIMPLE,MEDIUM,COMPLEX,FRONTIER DERIVED.jsonl.gz T1,T2,T3,T4

Means over 40 splits by a hash of salt and text: 60 % to fit on, 20 % to test on. Needs python3 with scikit-learn.
"""
import collections
import gzip
import hashlib
import json
import math
import re
import sys

import numpy as np
from sklearn.feature_extraction import FeatureHasher
from sklearn.metrics import cohen_kappa_score, f1_score


def pieces(text):
    """Every key of 3 to 5 characters of a text."""
    for n in (3, 4, 5):
        for i in range(len(text) - n + 1):
            yield "c" + text[i:i + n]


def grams(text, variant):
    text = text.lower()
    counts = collections.Counter()
    words = re.findall(r"\w+", text)
    if "words" in variant:
        counts.update("w" + w for w in words)
        counts.update("w" + a + " " + b for a, b in zip(words, words[1:]))
    if "whole" in variant:
        counts.update(pieces(" " + " ".join(text.split()) + " "))
    if "within" in variant:
        for w in re.findall(r"\w+|[^\w\s]+", text):
            counts.update(pieces(" " + w + " "))
    return {k: 1 + math.log(n) for k, n in counts.items()}


def split_of(salt, text):
    u = int.from_bytes(hashlib.sha256((salt + "\0" + text).encode()).digest()[:8], "big") / 2**64
    return 0 if u < 0.4 else 1 if u < 0.6 else 2 if u < 0.8 else 3


for path, names in zip(sys.argv[1::2], sys.argv[2::2]):
    tiers = names.split(",")
    rows = [r for r in map(json.loads, gzip.open(path, "rt")) if r["tier"] in tiers]
    truth = np.array([tiers.index(r["tier"]) for r in rows])
    for variant in ("words whole", "words within", "words", "whole"):
        x = FeatureHasher(1024, input_type="dict").transform(grams(r["prompt"], variant) for r in rows).toarray()
        x /= np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)
        figures = []
        for i in range(40):
            split = np.array([split_of("x%d" % i, r["prompt"]) for r in rows])
            fit, test = split < 2, split == 3
            if len(set(truth[fit])) < len(tiers):
                continue
            c = np.array([x[fit & (truth == k)].sum(0) for k in range(len(tiers))])
            c /= np.linalg.norm(c, axis=1, keepdims=True)
            p = (x[test] @ c.T).argmax(1)
            figures.append(((p == truth[test]).mean(), f1_score(truth[test], p, average="macro"),
                            cohen_kappa_score(truth[test], p, weights="quadratic", labels=range(len(tiers)))))
        print("%-40s %-13s accuracy %.3f  macro-F1 %.3f  quadratic kappa %.3f" % (path.split("/")[-1], variant, *np.mean(figures, axis=0)))
