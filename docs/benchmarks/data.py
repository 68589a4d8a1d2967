"""Makes the data of a row: python3 data.py NAME FOLDER SCALE SHARED. Arrays are raw and little-endian."""
import gzip
import json
import pathlib
import sys

import numpy as np

DIMS, TIERS, CHUNK = 1536, 4, 20_000


def unit(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def vectors(folder, scale, rng):
    n = int(200_000 * scale)
    centroids = unit(rng.standard_normal((TIERS, DIMS), np.float32))
    labels = rng.choice(TIERS, n, p=[0.5, 0.3, 0.15, 0.05]).astype(np.int32)
    with open(folder / "vectors.f32", "wb") as f, open(folder / "vectors.npy", "wb") as array:
        np.lib.format.write_array_header_1_0(array, {"descr": "<f4", "fortran_order": False, "shape": (n, DIMS)})
        for at in range(0, n, CHUNK):
            own = labels[at:at + CHUNK]
            rows = unit(centroids[own] + 0.5 * rng.standard_normal((len(own), DIMS), np.float32))
            rows.tofile(f)
            rows.tofile(array)
    centroids.tofile(folder / "centroids.f32")
    labels.tofile(folder / "tiers.i32")


def pairs(folder, scale, rng):
    n = int(200_000 * scale)
    with open(folder / "pairs.f32", "wb") as f:
        for at in range(0, n, CHUNK):
            cheap, dear = rng.standard_normal((2, min(n - at, CHUNK), DIMS), np.float32)
            dear += rng.random((len(dear), 1), np.float32) * 4 * cheap
            for row, x in (at, cheap), (n + at, dear):
                f.seek(4 * DIMS * row)
                unit(x).tofile(f)


def curve(folder, scale, rng):
    n = int(400_000 * scale)
    save_scores(folder, rng.standard_normal(n), rng.integers(0, 2, n), rng.integers(0, 4, n) > 0)


def mmlu(folder, shared, rng):
    path = shared / "outcomes" / "routellm_mmlu.jsonl.gz"
    if path.exists():
        scores = {}
        for line in gzip.open(path, "rt"):
            outcome = json.loads(line)
            scores.setdefault(outcome["model"], {})[outcome["id"]] = outcome["score"]
        weak, strong = scores["mistralai/Mixtral-8x7B-Instruct-v0.1"], scores["gpt-4-1106-preview"]
        ids = sorted(weak.keys() & strong.keys())
        weak, strong = np.array([weak[i] for i in ids]), np.array([strong[i] for i in ids])
    else:
        print("mmlu: made up, since there are no recorded outcomes", file=sys.stderr)
        weak, strong = rng.random(14_037) < 0.68, rng.random(14_037) < 0.81
    need = 1.0 * strong - weak
    save_scores(folder, np.round(1 / (1 + np.exp(-0.3 * need - rng.standard_normal(len(need)))), 5), weak, strong)


def save_scores(folder, scores, weak, strong):
    for name, column in ("scores", scores), ("weak", weak), ("strong", strong):
        np.asarray(column, np.float64).tofile(folder / f"{name}.f64")


def table(folder, scale, rng):
    share = np.array([[40, 6, 2, 1], [5, 20, 4, 1], [1, 4, 9, 1], [1, 1, 1, 3]])
    (share.ravel() * int(100_000 * scale) // share.sum()).astype(np.int32).tofile(folder / "counts.i32")


def points(folder, rng):
    cost = rng.random(200)
    np.column_stack([cost, 0.9 * cost**0.3 + 0.05 * rng.standard_normal(200)]).tofile(folder / "points.f64")


def predictions(folder, scale):
    np.array([1_000_000 * scale], np.int64).tofile(folder / "rows.i64")


def soup(rng, words):
    """Returns words of Zipf's law, as one text."""
    parts = ["ba", "ker", "lo", "mi", "st", "an", "tri", "e", "qua", "son", "der", "pi", "gu", "nt", "al", "ov"]
    known = ["".join(parts[k] for k in rng.integers(0, len(parts), rng.integers(1, 5))) for _ in range(20_000)]
    picked = np.minimum(rng.zipf(1.3, words) - 1, len(known) - 1)
    ends = rng.choice([" ", ", ", ". ", "? ", ": ", "\n"], words, p=[0.86, 0.06, 0.04, 0.01, 0.01, 0.02])
    capital = rng.random(words) < 0.1
    return "".join((known[k].capitalize() if c else known[k]) + e for k, e, c in zip(picked, ends, capital))


def save_texts(folder, texts):
    encoded = [t.encode() for t in texts]
    np.cumsum([len(t) for t in encoded]).astype(np.int64).tofile(folder / "ends.i64")
    with open(folder / "texts.bin", "wb") as f:
        f.writelines(encoded)


def prompts(folder, scale, rng):
    n, text = int(100_000 * scale), soup(rng, 2_000_000)
    save_texts(folder, [text[at:at + size] for at, size in zip(rng.integers(0, len(text) - 2000, n), rng.integers(40, 880, n))])


def responses(folder, scale, rng):
    """Half of the answers must be JSON. Of all, some are short, doubtful, or not JSON."""
    n, text = int(1_000_000 * scale), soup(rng, 4_000_000)
    doubts = ["I'm not sure. ", "I don’t know, ", "As an AI model ", "i cannot ", "I'm unable to say. "]
    structured = rng.integers(0, 2, n).astype(np.uint8)
    at, size, kind, cut = rng.integers(0, len(text) - 2000, n), rng.integers(200, 745, n), rng.random(n), rng.integers(0, 200, n)
    answers = []
    for i in range(n):
        body = text[at[i]:at[i] + size[i]]
        if kind[i] < 0.02:
            body = f" {body[:12]}\n"
        elif kind[i] < 0.07:
            body = body[:cut[i]] + doubts[i % len(doubts)] + body[cut[i]:]
        if structured[i] and not 0.1 < kind[i] < 0.15:
            half = len(body) // 2
            body = json.dumps({"answer": body[:half], "steps": [body[half:], "done"], "score": round(kind[i], 4), "final": True}, ensure_ascii=False)
            if 0.15 < kind[i] < 0.17:
                body = body[:-1]
        answers.append(body)
    structured.tofile(folder / "structured.u8")
    save_texts(folder, answers)


def main(name, folder, scale, shared):
    folder, scale, rng = pathlib.Path(folder), float(scale), np.random.default_rng(5)
    if name == "mmlu":
        mmlu(folder, pathlib.Path(shared), rng)
    elif name == "points":
        points(folder, rng)
    elif name == "predictions":
        predictions(folder, scale)
    else:
        {"vectors": vectors, "pairs": pairs, "curve": curve, "table": table, "prompts": prompts, "responses": responses}[name](folder, scale, rng)


main(*sys.argv[1:])
