"""The hashing embedder's definition in Python (see Hashing in hashing.go).

python3 hashing.py > hashing.json writes the test vectors: for each text and
number of dims the elements that are not zero. Needs Python's unicodedata of
Unicode 14 or 15 for the characters used here.
"""
import json
import math
import unicodedata

MASK = (1 << 64) - 1
SPACE = set("\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000") | {chr(c) for c in range(0x2000, 0x200B)}


def key_hash(key):
    h = 0xCBF29CE484222325
    for b in key.encode("utf-8"):
        h = ((h ^ b) * 0x100000001B3) & MASK
    h ^= h >> 33
    h = (h * 0xFF51AFD7ED558CCD) & MASK
    h ^= h >> 33
    h = (h * 0xC4CEB9FE1A85EC53) & MASK
    return h ^ (h >> 33)


def lower(text):
    # str.lower of one character is the simple mapping, but for U+0130.
    return "".join("i" if c == "\u0130" else c.lower() for c in text)


def keys(text):
    text = lower(text[:65536])
    words, word = [], ""
    for c in text + " ":
        if unicodedata.category(c)[0] in "LMN":
            word += c
        elif word:
            words.append(word)
            word = ""
    for w in words:
        yield "w" + w
    for a, b in zip(words, words[1:]):
        yield "w" + a + " " + b
    folded = "".join(" " if c in SPACE else c for c in text)
    folded = " ".join(p for p in folded.split(" ") if p)
    if folded:
        folded = " " + folded + " "
        for n in (3, 4, 5):
            for i in range(len(folded) - n + 1):
                yield "c" + folded[i:i + n]


def embed(text, dims):
    counts = {}
    for key in keys(text):
        h = key_hash(key)
        counts[h] = counts.get(h, 0) + 1
    v = [0.0] * dims
    for h, n in counts.items():
        v[(h >> 1) % dims] += (-1 if h & 1 else 1) * (1 + math.log(n))
    norm = math.sqrt(sum(x * x for x in v))
    return [x / norm for x in v] if norm else v


TEXTS = [
    "", " \t\n\u3000", "a", "ab", "Hello, World!", "hello   world", "??", "snake_case x2 x2 x2",
    "\u0130STANBUL \u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2 \u212aelvin stra\u00dfe",
    "caf\u00e9 cafe\u0301", "\u91cf\u5b50\u8ba1\u7b97\u673a\u4e3a\u4ec0\u4e48\u9700\u8981\u7ea0\u9519\u7801\uff1f",
    "\u0928\u092e\u0938\u094d\u0924\u0947 \u0926\u0941\u0928\u093f\u092f\u093e", "\U0001f600 ok \U0001f600",
    "the cat and the dog and the cat", "line one\r\nline two\n\n\tdef f(x):\n\t\treturn x**2\n",
]

if __name__ == "__main__":
    out = []
    for dims in (16, 1000, 1024):
        for text in TEXTS:
            v = embed(text, dims)
            out.append({"text": text, "dims": dims, "elements": {str(i): round(x, 9) for i, x in enumerate(v) if x}})
    print(json.dumps(out, indent=0))
