"""Quadratic kappa of routing by length alone on prompts of other origin: cut
where the built-in set's prompts fall into four equal parts.

    python3 docs/checks/length_only.py PROMPTS.jsonl[.gz] ...

No library is needed.
"""
import gzip
import json
import os
import sys

TIERS = ["SIMPLE", "MEDIUM", "COMPLEX", "FRONTIER"]
BUILTIN = os.path.join(os.path.dirname(__file__), "../../datasets/builtin/prompts.jsonl")


def read(path):
    with (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [(len(r["prompt"]), TIERS.index(r["tier"])) for r in rows if r.get("tier") in TIERS]


def quadratic_kappa(pairs):
    n, expected = len(pairs), 0.0
    observed = sum((a - b) ** 2 for a, b in pairs) / n
    for i in range(4):
        for j in range(4):
            expected += (i - j) ** 2 * sum(a == i for a, _ in pairs) * sum(b == j for _, b in pairs) / n**2
    return 1 - observed / expected


if __name__ == "__main__":
    lengths = sorted(length for length, _ in read(BUILTIN))
    cuts = [lengths[len(lengths) * k // 4] for k in (1, 2, 3)]
    for path in sys.argv[1:]:
        pairs = [(tier, sum(length >= cut for cut in cuts)) for length, tier in read(path)]
        print(f"{os.path.basename(path)}: accuracy {sum(a == b for a, b in pairs) / len(pairs):.3f}, quadratic kappa {quadratic_kappa(pairs):.3f}")
