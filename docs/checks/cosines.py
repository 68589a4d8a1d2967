"""Checks the scores of `classify --with-vector` against the artifact's bytes, with nothing but the standard library: for an
artifact that scores by centroids (classifiers.embedding.scorer: centroid).

    bin/routeproof classify --artifact A --in PROMPTS --with-vector | python3 docs/checks/cosines.py A
"""
import json
import math
import struct
import sys

raw = open(sys.argv[1], "rb").read()
size = struct.unpack("<Q", raw[:8])[0]
header, data = json.loads(raw[8:8 + size]), raw[8 + size:]
tiers = json.loads(header["__metadata__"]["routeproof"])["tiers"]
centroid = {}
for tier in tiers:
    start, end = header[tier]["data_offsets"]
    centroid[tier] = struct.unpack("<%df" % ((end - start) // 4), data[start:end])


def cosine(a, b):
    return sum(x * y for x, y in zip(a, b)) / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))


worst, n = 0.0, 0
for line in sys.stdin:
    row = json.loads(line)
    if row["scores"] is None:
        continue
    want = {tier: cosine(row["vector"], c) for tier, c in centroid.items()}
    worst = max([worst] + [abs(want[tier] - row["scores"][tier]) for tier in tiers])
    assert row["tier"] == max(want, key=want.get) or not row["accepted"], row["id"]
    n += 1
print("%d texts, largest difference of a score %.1e" % (n, worst))
