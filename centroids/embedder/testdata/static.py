"""The static embedder's definition in Python (see Static in static.go).

python3 static.py > static.json writes the test vectors: what static.txt gives
for each text. Needs Python's unicodedata of Unicode 14 or 15 for the characters
used here.
"""
import json
import math
import pathlib
import struct
import unicodedata


def float32(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


def read(lines):
    """Word -> (number of its row, vector), and the number of rows. For files without spaces in words but the header."""
    lines = [line.rstrip("\n") for line in lines]
    if len(lines[0].split(" ")) == 2:
        dims = int(lines.pop(0).split(" ")[1])
    else:
        dims = len(lines[0].split(" ")) - 1
    rows = {}
    for number, line in enumerate(lines, 1):
        fields = line.split(" ")
        rows.setdefault(" ".join(fields[:-dims]), (number, [float32(float(f)) for f in fields[-dims:]]))
    return rows, len(lines)


def words(text):
    word = ""
    for c in text[:65536] + " ":
        if unicodedata.category(c)[0] in "LMN":
            word += c
        elif word:
            yield word
            word = ""


def lower(word):
    # str.lower of one character is the simple mapping, but for U+0130.
    return "".join("i" if c == "\u0130" else c.lower() for c in word)


def found(text, rows):
    return [w if w in rows else lower(w) for w in words(text) if w in rows or lower(w) in rows]


def embed(text, rows, count):
    harmonic = math.fsum(1 / r for r in range(1, count + 1))
    parts = []
    for word in found(text, rows):
        number, vector = rows[word]
        weight = 1e-3 / (1e-3 + 1 / (number * harmonic))
        parts.append([weight * v for v in vector])
    if not parts:
        return None
    sums = [math.fsum(column) for column in zip(*parts)]
    norm = math.sqrt(math.fsum(v * v for v in sums))
    return [v / norm for v in sums] if norm > 0 else None


TEXTS = [
    "", " \n\t ", "?!", "nothing known here", "zero", "Zero zero", "the", "the is", "is the", "THE IS", "the sky", "The Sky", "SKY", "sky sky Sky",
    "the sky is blue", "Why is the sky blue?", "the\u00a0sky\u2014is,blue", "New_York", "new york", "two words", "the, is", "42", "4 2", "42nd",
    "\u00c9T\u00c9 na\u00efve", "e\u0301te\u0301 the", "hello hello hello, the zero", "don't hello", "hello-the", "sky" * 2, "\u0130s \u0130S is",
    "\U0001f600the\ufffdis", "blue sky -1",
]

if __name__ == "__main__":
    rows, count = read(pathlib.Path(__file__).with_name("static.txt").read_text().splitlines())
    out = [{"text": t, "vector": embed(t, rows, count)} for t in TEXTS]
    print("[" + ",\n".join(json.dumps(c) for c in out) + "]")
