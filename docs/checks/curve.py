"""Times numpy on the whole cost-quality curve, with APGR and CPT, of 400,000
prompts and two models, to set beside

    go test ./eval/curve -run '^$' -bench TwoModels

in one run: needs numpy.
"""
import time
import numpy as np


def curve(scores, weak, strong):
    order = np.argsort(-scores)
    s, gain = scores[order], np.cumsum((strong - weak)[order])
    last = np.flatnonzero(np.append(s[1:] != s[:-1], True))  # ties move together
    n, w, top = len(scores), weak.mean(), strong.mean()
    x, y = np.concatenate([[0], (last + 1) / n]), np.concatenate([[w], w + gain[last] / n])
    area = np.sum((x[1:] - x[:-1]) * (y[1:] + y[:-1]) / 2)
    cpts = []
    for q in (0.2, 0.5, 0.8):
        target = w + q * (top - w)
        k = np.argmax(y >= target - 1e-12)  # sums are rounded, and means of whole numbers meet the target exactly
        cpts.append(x[k - 1] + (x[k] - x[k - 1]) * min(1, (target - y[k - 1]) / (y[k] - y[k - 1])))
    return (area - w) / (top - w), cpts


if __name__ == "__main__":
    rng = np.random.default_rng(5)
    n = 400_000
    scores, weak = rng.standard_normal(n), rng.integers(0, 2, n).astype(float)
    strong = np.maximum(rng.integers(0, 2, n), rng.integers(0, 2, n)).astype(float)
    best = 1e9
    for _ in range(20):
        start = time.perf_counter()
        curve(scores, weak, strong)
        best = min(best, time.perf_counter() - start)
    print(f"numpy {np.__version__}: {1000 * best:.1f} ms")
