"""The other libraries' side of each row, and whether both sides agree.

    python3 peer.py time ROW_PEER FOLDER
    python3 peer.py check ROW FOLDER
    python3 peer.py versions

A peer is a function of the folder that reads its data and returns what is timed, and how often. peers.py runs
this. Libraries are imported where they are used, since the row "file" times the process.
"""
import json
import pathlib
import sys
import time

import numpy as np

DIMS, TIERS, LEVELS = 1536, 4, (0.2, 0.5, 0.8)
CHECKS = pathlib.Path(__file__).resolve().parent.parent / "checks"


def read(folder, name):
    kinds = {"f32": "<f4", "f64": "<f8", "i32": "<i4", "i64": "<i8", "u8": "u1"}
    return np.fromfile(folder / name, kinds[name.split(".")[1]])


def vectors(folder, name="vectors.f32"):
    return read(folder, name).reshape(-1, DIMS)


def texts(folder):
    data, ends = (folder / "texts.bin").read_bytes(), read(folder, "ends.i64").tolist()
    return [data[a:b].decode() for a, b in zip([0, *ends], ends)]


def unit(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def one_hot(tiers):
    rows = np.zeros((TIERS, len(tiers)), np.float32)
    rows[tiers, np.arange(len(tiers))] = 1
    return rows


def blocks(n):
    """Slices of 500 rows, which stay in a processor's cache while they are used four times."""
    return [slice(at, at + 500) for at in range(0, n, 500)]


def sum_by_tier(x, tiers):
    sums, rows = np.zeros((TIERS, DIMS), np.float32), one_hot(tiers)
    for b in blocks(len(x)):
        for k in range(TIERS):
            sums[k] += rows[k, b] @ x[b]
    return unit(sums)


def centroids_onehot(folder):
    x, tiers = vectors(folder), read(folder, "tiers.i32")
    return lambda: unit(one_hot(tiers) @ x), 5


def centroids_blocks(folder):
    x, tiers = vectors(folder), read(folder, "tiers.i32")
    return lambda: sum_by_tier(x, tiers), 5


def centroids_sklearn(folder):
    from sklearn.neighbors import NearestCentroid
    x, tiers = vectors(folder), read(folder, "tiers.i32")
    return lambda: unit(NearestCentroid().fit(x, tiers).centroids_), 3


def file_fromfile(folder):
    return lambda: sum_by_tier(np.load(folder / "vectors.npy"), read(folder, "tiers.i32")), 1


def file_memmap(folder):
    return lambda: sum_by_tier(np.load(folder / "vectors.npy", mmap_mode="r"), read(folder, "tiers.i32")), 1


def classify_matmul(folder):
    x, c = vectors(folder), vectors(folder, "centroids.f32")
    return lambda: (x @ c.T).argmax(1), 5


def classify_blocks(folder):
    x, c = vectors(folder), vectors(folder, "centroids.f32")

    def run():
        scores = np.empty((TIERS, len(x)), np.float32)
        for b in blocks(len(x)):
            for k in range(TIERS):
                np.matmul(x[b], c[k], out=scores[k, b])
        return scores.argmax(0)
    return run, 5


def classify_sklearn(folder):
    from sklearn.neighbors import NearestCentroid
    x, model = vectors(folder), NearestCentroid(metric="cosine")
    model.centroids_, model.classes_ = vectors(folder, "centroids.f32"), np.arange(TIERS)
    return lambda: model.predict(x), 3


def score_columns(folder):
    return [read(folder, f"{name}.f64") for name in ("scores", "weak", "strong")]


def curve_numpy(folder):
    sys.path.insert(0, str(CHECKS))
    from curve import curve
    columns = score_columns(folder)

    def run():
        apgr, cpt = curve(*columns)
        return np.array([apgr, *cpt])
    return run, 10


def mmlu_pandas(folder):
    """Share and accuracy at the edges of ten bins, a threshold after the other, as RouteLLM does."""
    import pandas as pd
    table = pd.DataFrame(dict(zip(("score", "weak", "strong"), score_columns(folder))))

    def run():
        _, edges = pd.qcut(table.score, 10, retbins=True, duplicates="drop")
        found = []
        for edge in edges:
            strong = table.score >= edge
            found.append((strong.mean(), table.strong.where(strong, table.weak).mean()))
        return np.array(found)
    return run, 20


def checks_python(folder):
    answers, structured = texts(folder), read(folder, "structured.u8").tolist()
    phrases = ["i'm not sure", "i don't know", "i cannot", "i'm unable", "i don't have enough", "as an ai"]
    short, doubt, no_json = 4, 8, 16  # the bits of eval/policy

    def refuse(name):
        raise ValueError(name)
    parse = json.JSONDecoder(parse_constant=refuse).decode

    def run():
        found = []
        for text, is_structured in zip(answers, structured):
            reasons = short if len(text.strip()) < 20 else 0
            lower = text.lower().replace("’", "'")
            for phrase in phrases:
                if phrase in lower:
                    reasons |= doubt
                    break
            if is_structured:
                try:
                    parse(text)
                except ValueError:
                    reasons |= no_json
            found.append(reasons)
        return np.array(found)
    return run, 1


def pairs_numpy(folder):
    cheap, dear = vectors(folder, "pairs.f32").reshape(2, -1, DIMS)
    return lambda: np.einsum("ij,ij->i", cheap, dear), 5


def accuracy_and_f1(tables):
    """Of tables [replicate, truth, predicted]."""
    right = np.diagonal(tables, axis1=1, axis2=2)
    f1 = 2 * right / (tables.sum(1) + tables.sum(2))
    return np.concatenate([right.sum(1) / tables.sum((1, 2)), f1.mean(1)])


def bootstrap_index(folder):
    counts, rng = read(folder, "counts.i32"), np.random.default_rng(1)
    cells = np.repeat(np.arange(len(counts), dtype=np.uint8), counts)
    n = len(cells)

    def run():
        tables = [np.bincount(cells[rng.integers(0, n, n)], minlength=len(counts)) for _ in range(10_000)]
        return accuracy_and_f1(np.reshape(tables, (-1, TIERS, TIERS)))
    return run, 1


def bootstrap_multinomial(folder):
    counts, rng = read(folder, "counts.i32"), np.random.default_rng(1)
    n, share = counts.sum(), counts / counts.sum()
    return lambda: accuracy_and_f1(rng.multinomial(n, share, 10_000).reshape(-1, TIERS, TIERS)), 10


def hashing_sklearn(folder):
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.preprocessing import normalize
    prompts = texts(folder)
    words = HashingVectorizer(n_features=1024, ngram_range=(1, 2), token_pattern=r"\w+", norm=None, dtype=np.float32)
    chars = HashingVectorizer(n_features=1024, ngram_range=(3, 5), analyzer="char", norm=None, dtype=np.float32)
    return lambda: normalize(words.transform(prompts) + chars.transform(prompts)), 1


def hull_python(folder):
    points = read(folder, "points.f64").reshape(-1, 2).tolist()

    def run():
        hull = []
        for cost, quality in sorted(points, key=lambda p: (p[0], -p[1])):
            if hull and quality <= hull[-1][1]:
                continue
            while len(hull) > 1 and (hull[-1][1] - hull[-2][1]) * (cost - hull[-1][0]) <= (quality - hull[-1][1]) * (hull[-1][0] - hull[-2][0]):
                hull.pop()
            hull.append((cost, quality))
        end = max(cost for cost, _ in points)
        hull.append((end, hull[-1][1]))
        return np.array(sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in zip(hull, hull[1:])) / end)
    return run, 100


def timed(name, folder):
    run, rounds = globals()[name](folder)
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        result = run()
        times.append(1000 * (time.perf_counter() - start))
    if name == "hashing_sklearn":
        result = np.array([*result.shape, result[:1000].count_nonzero()])
    np.save(folder / f"{name}.npy", result)
    return {"ms": min(times)}


class Agreement:
    def __init__(self, row, folder):
        self.row, self.folder, self.differences = row, folder, []

    def peer(self, name):
        return np.load(self.folder / f"{self.row}_{name}.npy")

    def near(self, what, ours, theirs, tolerance):
        ours, theirs = np.asarray(ours), np.asarray(theirs)
        if ours.shape != theirs.shape:
            self.differences.append(f"{what}: shape {ours.shape}, the peer's {theirs.shape}")
        elif not np.max(np.abs(ours - theirs), initial=0) <= tolerance:
            self.differences.append(f"{what}: differ by {np.max(np.abs(ours - theirs)):.3g}, above {tolerance:g}")

    def equal(self, what, ours, theirs):
        self.near(what, np.asarray(ours, int), np.asarray(theirs, int), 0)


def check_centroids(a, peers=("onehot", "blocks", "sklearn")):
    ours = vectors(a.folder, "ours.f32")
    for name in peers:
        a.near(f"centroids, {name}", ours, a.peer(name), 1e-5)


def check_file(a):
    check_centroids(a, ("fromfile", "memmap"))


def check_classify(a):
    scores = np.sort(vectors(a.folder).astype(np.float32) @ vectors(a.folder, "centroids.f32").T)
    margins = scores[:, -1] - scores[:, -2]
    a.near("margins", read(a.folder, "margins.f64"), margins, 1e-5)
    clear, nearest = margins > 1e-5, read(a.folder, "nearest.i32")
    for name in ("matmul", "blocks", "sklearn"):
        a.equal(f"tiers, {name}", nearest[clear], a.peer(name)[clear])


def check_curve(a):
    ours = json.loads((a.folder / "ours.json").read_text())
    a.near("APGR and CPT", [ours["apgr"], *ours["cpt"]], a.peer("numpy"), 1e-9)


def check_mmlu(a):
    share, accuracy = a.peer("pandas").T
    ours = read(a.folder, "share.f64")
    at = np.abs(ours[None] - share[:, None]).argmin(1)
    a.near("shares", ours[at], share, 1e-12)
    a.near("accuracy", read(a.folder, "quality.f64")[at], accuracy, 1e-9)


def check_checks(a):
    a.equal("reasons", read(a.folder, "reasons.u8"), a.peer("python"))


def check_pairs(a):
    a.near("cosines", read(a.folder, "ours.f64"), a.peer("numpy"), 1e-5)


def check_bootstrap(a):
    """Random numbers differ: means and deviations of 10,000 replicates must agree to five standard errors."""
    ours = read(a.folder, "ours.f64").reshape(2, -1)
    for name in ("index", "multinomial"):
        theirs = a.peer(name).reshape(2, -1)
        for what, x, y in zip(("accuracy", "macro-F1"), ours, theirs):
            error = y.std() * np.sqrt(2 / len(y))
            a.near(f"mean {what}, {name}", x.mean(), y.mean(), 5 * error)
            a.near(f"deviation of {what}, {name}", x.std(), y.std(), 5 * error / np.sqrt(2))


def check_hashing(a):
    """The peer hashes otherwise, so only shape and density can agree; the values must be those of the definition."""
    sys.path.insert(0, str(CHECKS.parent.parent / "centroids" / "embedder" / "testdata"))
    from hashing import embed
    prompts = texts(a.folder)
    ours, (rows, columns, nonzero) = read(a.folder, "ours.f32").reshape(-1, 1024), a.peer("sklearn")
    a.equal("shape", (len(prompts), ours.shape[1]), (rows, columns))
    a.near("non-zero elements of a row", np.count_nonzero(ours) / len(ours), nonzero / len(ours), 0.03 * nonzero / len(ours))
    a.near("values", ours[:50], [embed(text, 1024) for text in prompts[:50]], 1e-6)


def check_hull(a):
    a.near("AIQ", json.loads((a.folder / "ours.json").read_text()), a.peer("python"), 1e-9)


def checked(row, folder):
    agreement = Agreement(row, folder)
    globals()[f"check_{row}"](agreement)
    return {"agree": not agreement.differences, "differences": agreement.differences}


def versions():
    import pandas
    import sklearn
    from threadpoolctl import threadpool_info
    blas = next((f"{lib['internal_api']} {lib['version']} {lib['num_threads']} threads" for lib in threadpool_info() if lib["user_api"] == "blas"), "unknown")
    return {"versions": {"python": sys.version.split()[0], "numpy": np.__version__, "BLAS": blas, "pandas": pandas.__version__, "scikit-learn": sklearn.__version__}}


if __name__ == "__main__":
    verb = {"time": timed, "check": checked, "versions": versions}[sys.argv[1]]
    print(json.dumps(verb(*sys.argv[2:3], *map(pathlib.Path, sys.argv[3:]))))
