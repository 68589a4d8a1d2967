"""A router for the artifacts of routeproof: copy this file. Needs numpy and safetensors.

    router = Router.load("centroids.safetensors")
    router.verify(embed, identity)
    router.classify(["What time is it in Lima?"])[0]["tier"]

embed is your function from a list of texts to an array [texts, dims] of unit vectors, zeros for a text that has
none. identity is a dict that says what embed does: the manifest's "embedder" of the artifact it goes with.
"""
import hashlib
import json

import numpy as np
from safetensors import safe_open

# Tensors beside those of the tiers, by format and scorer.
HEADS = {
    (1, "centroid"): [],
    (2, "logistic"): ["linear.weight", "linear.bias"],
    (2, "nearest"): ["examples.vectors", "examples.tiers"],
}
FIELDS = set(
    "format tiers embedder scorer neighbours thresholds margin fallback inverse_temperature certificates dataset fitted "
    "measured drift canaries canary_tolerance sha256".split()
)


class Router:
    @classmethod
    def load(cls, path):
        """Reads an artifact. Raises unless it is whole and wholly understood."""
        with safe_open(path, framework="numpy") as f:
            return cls((f.metadata() or {})["routeproof"], {name: f.get_tensor(name) for name in f.keys()})

    def __init__(self, text, tensors):
        self.manifest = m = json.loads(text, parse_constant=refuse, object_pairs_hook=distinct)
        head = HEADS.get((m["format"], m["scorer"]))
        if head is None or not FIELDS.issuperset(m):
            raise ValueError(f"format {m['format']}, scorer {m['scorer']!r}, fields {sorted(m)}: not all are known here")
        self.tiers = m["tiers"]  # cheapest first
        check_number("number of tiers", len(self.tiers), 2, 8)
        expect("tensors", sorted(self.tiers + head), sorted(tensors))
        expect("types of the tensors", {"float32"}, {str(t.dtype) for t in tensors.values()})
        # The checksum covers the tensors, then the manifest's text without the 64 digits that end it.
        digest = hashlib.sha256()
        for name in self.tiers + head:
            digest.update(tensors[name].astype("<f4").tobytes())
        digest.update((text[:-66] + '"}').encode())
        expect("sha256", m["sha256"], digest.hexdigest())

        dims = m["embedder"]["dims"]
        self.centroids = np.stack([tensors[tier] for tier in self.tiers]).astype(np.float64)
        expect("shape of the centroids", (len(self.tiers), dims), self.centroids.shape)
        check_norms("the centroids", self.centroids)
        self.head = [tensors[name].astype(np.float64) for name in head]
        if head:
            rows = len(self.tiers) if m["scorer"] == "logistic" else len(self.head[1])
            expect("shapes of " + " and ".join(head), [(rows, dims), (rows,)], [t.shape for t in self.head])
        self._check_head()
        self._check_rules()
        self.thresholds = np.array([m["thresholds"][tier] for tier in self.tiers], dtype=np.float64)
        self.fallback = self.tiers.index(m["fallback"])
        self.embed = None

    def _check_head(self):
        m = self.manifest
        if m["scorer"] == "logistic":
            weights = np.concatenate([t.ravel() for t in self.head])
            expect("weights and biases beyond ±1e6", [], weights[~(np.abs(weights) <= 1e6)].tolist()[:3])  # nan is beyond
        if m["scorer"] != "nearest":
            expect("neighbours", 0, m.get("neighbours", 0))
            return
        check_norms("the examples", self.head[0])
        known = np.isin(self.head[1], np.arange(len(self.tiers)))
        expect(f"tiers of examples that are not of 0 to {len(self.tiers) - 1}", [], self.head[1][~known].tolist()[:3])
        check_number("neighbours", m["neighbours"], 1, len(self.head[1]), types=(int,))

    def _check_rules(self):
        m = self.manifest
        check_number("margin", m["margin"], 0, 2)
        if m["inverse_temperature"] is not None:
            check_number("inverse_temperature", m["inverse_temperature"], 0, 500)
        expect("tiers of the thresholds", sorted(self.tiers), sorted(m["thresholds"]))
        for tier in self.tiers:
            check_number(f"threshold of {tier}", m["thresholds"][tier], -np.inf, np.inf)
        if m["fallback"] not in self.tiers:
            raise ValueError(f"fallback: expected one of {self.tiers}, found {m['fallback']!r}")
        check_number("canary_tolerance", m["canary_tolerance"], 0, 2)
        if m["canary_tolerance"] == 0:
            raise ValueError("canary_tolerance: expected more than 0")
        check_number("number of canaries", len(m["canaries"]), 1, 64)
        for i, c in enumerate(m["canaries"]):
            kinds = ["scores", "head_scores"] if self.head else ["scores"]
            if not {"text", "scores"} <= set(c) <= {"text", *kinds} or not isinstance(c["text"], str):
                raise ValueError(f"canary {i + 1}: expected a text with {' and '.join(kinds)}, found {sorted(c)}")
            for kind in kinds[:len(c) - 1]:
                expect(f"number of {kind} of canary {i + 1}", len(self.tiers), len(c[kind]))
                for score in c[kind]:
                    check_number(f"{kind} of canary {i + 1}", score, -1, 1)

    def verify(self, embed, identity):
        """Takes embed into service. Raises unless it is the embedder that the artifact was built with."""
        expect("embedder", self.manifest["embedder"], identity)
        vectors = self._vectors(embed, [c["text"] for c in self.manifest["canaries"]])
        self._compare("scores", "", cosines(vectors, self.centroids))
        self._compare("head_scores", ", score of the head", self._score(vectors)[0])
        self.embed = embed

    def _compare(self, kind, what, found):
        """Holds what was found of the canaries to what the manifest has of that kind."""
        m = self.manifest
        expected = np.array([c.get(kind, scores) for c, scores in zip(m["canaries"], found)])
        i, k = np.unravel_index(np.abs(found - expected).argmax(), expected.shape)
        if not abs(found[i, k] - expected[i, k]) <= m["canary_tolerance"]:
            raise ValueError(f"canary {i + 1} of {len(found)}, tier {self.tiers[k]}{what}: expected {expected[i, k]:.6f}, "
                             f"found {found[i, k]:.6f} (tolerance {m['canary_tolerance']:g})")

    def classify(self, texts):
        """Returns a dict for each text. A text without a vector goes to the fallback tier and has no scores."""
        if self.embed is None:
            raise RuntimeError("verify an embedder first")
        if not texts:
            return []
        vectors = self._vectors(self.embed, texts)
        known = vectors.any(axis=1)
        scores, logits = self._score(vectors)
        nearest = scores.argmax(axis=1)  # the cheaper tier on a tie
        best = np.sort(scores, axis=1)[:, ::-1]
        margin = best[:, 0] - best[:, 1]
        accepted = known & (best[:, 0] >= self.thresholds[nearest]) & (margin >= self.manifest["margin"])
        tier = np.where(accepted, nearest, self.fallback)
        beta = self.manifest["inverse_temperature"]
        probability = None if beta is None else softmax(beta * logits)
        return [{
            "tier": self.tiers[tier[i]],
            "scores": dict(zip(self.tiers, scores[i].tolist())) if known[i] else None,
            "probability": float(probability[i, tier[i]]) if known[i] and beta is not None else None,
            "margin": float(margin[i]) if known[i] else None,
            "accepted": bool(accepted[i]),
        } for i in range(len(texts))]

    def _vectors(self, embed, texts):
        vectors = np.asarray(embed(texts), dtype=np.float32).astype(np.float64)
        expect("shape of the vectors", (len(texts), self.centroids.shape[1]), vectors.shape)
        check_norms("the vectors", vectors[vectors.any(axis=1)])
        return vectors

    def _score(self, vectors):
        """Returns what tiers are compared by, and what the inverse temperature multiplies."""
        if self.manifest["scorer"] == "logistic":
            logits = dots(vectors, self.head[0]) + self.head[1]
            return softmax(logits), logits
        if self.manifest["scorer"] == "centroid":
            scores = cosines(vectors, self.centroids)
            return scores, scores
        # Each tier's share of the nearest examples, weighted by their cosines where these are positive.
        weights = cosines(vectors, self.head[0])
        near = np.argsort(-weights, axis=1, kind="stable")[:, :self.manifest["neighbours"]]  # the first of equally near ones
        weights = np.maximum(np.take_along_axis(weights, near, axis=1), 0)
        scores = np.stack([(weights * (self.head[1][near] == k)).sum(axis=1) for k in range(len(self.tiers))], axis=1)
        total = scores.sum(axis=1, keepdims=True)
        scores = np.where(total > 0, scores / np.where(total > 0, total, 1), 1 / len(self.tiers))
        return scores, scores


def expect(what, expected, found):
    if expected != found:
        raise ValueError(f"{what}: expected {expected}, found {found}")


def refuse(constant):
    raise ValueError(f"the manifest: expected JSON, found {constant}")


def distinct(pairs):
    expect("names in an object of the manifest", sorted(set(name for name, _ in pairs)), sorted(name for name, _ in pairs))
    return dict(pairs)


def check_number(what, value, low, high, types=(int, float)):
    if type(value) not in types or not np.isfinite(value) or not low <= value <= high:
        raise ValueError(f"{what}: expected {low} to {high}, found {value!r}")


def check_norms(what, vectors):
    if not np.allclose(np.linalg.norm(vectors, axis=1), 1, rtol=0, atol=1e-4):
        raise ValueError(f"{what}: expected vectors of norm 1")


def dots(a, b):
    # Not a @ b.T, whose rounding depends on where a row stands: equal rows must tie.
    return np.einsum("nd,md->nm", a, b)


def cosines(a, b):
    return np.clip(dots(a, b), -1, 1)


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
