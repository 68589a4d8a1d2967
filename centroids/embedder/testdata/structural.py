"""The structural embedder's definition in Python (see Structural in structural.go).

python3 structural.py > structural.json writes the test vectors. Lexicons and
scales are read from structural.txt, which the program embeds too. Needs Python's
unicodedata of Unicode 14 or 15 for the characters used here.
"""
import json
import math
import pathlib
import unicodedata

SPACE = set("\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000") | {chr(c) for c in range(0x2000, 0x200B)}
HEAD = 12  # words


def read(path):
    """Lexicons: name -> (words, pairs). Scales: name -> (mean, standard deviation)."""
    lexicons, scales = {}, {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        kind, name, rest = line.split(" ", 2)
        if kind == "lexicon":
            entries = [e.strip() for e in rest.split(",")]
            one, two = lexicons.setdefault(name, (set(), set()))
            one.update(e for e in entries if " " not in e)
            two.update(e for e in entries if " " in e)
        else:
            scales[name] = tuple(float(f) for f in rest.split(" "))
    return lexicons, scales


def lower(text):
    # str.lower of one character is the simple mapping, but for U+0130.
    return "".join("i" if c == "\u0130" else c.lower() for c in text)


def words_of(text):
    word = ""
    for c in text + " ":
        if unicodedata.category(c)[0] in "LMN":
            word += c
        elif word:
            yield word
            word = ""


def blank(line):
    return all(c in SPACE for c in line)


def trimmed(line):
    begin, end = 0, len(line)
    while begin < end and line[begin] in SPACE:
        begin += 1
    while end > begin and line[end - 1] in SPACE:
        end -= 1
    return line[begin:end]


def log(n):
    return math.log(1 + n)


def is_bullet(line):
    line = trimmed(line)
    if len(line) > 1 and line[0] in "-*\u2022" and line[1] in SPACE:
        return True
    digits = 0
    while digits < len(line) and line[digits] in "0123456789":
        digits += 1
    return 0 < digits < len(line) and line[digits] in ".)"


def mixed(word):
    """A lower-case letter directly before an upper-case one, as in camelCase."""
    cats = [unicodedata.category(c) for c in word]
    return any(a == "Ll" and b == "Lu" for a, b in zip(cats, cats[1:]))


def features(text, lexicons):
    """Name -> value, in the embedder's order; None where the text is blank."""
    text = text[:65536]
    if blank(text):
        return None
    written = list(words_of(text))
    words = [lower(w) for w in written]
    pairs = [a + " " + b for a, b in zip(words, words[1:])]
    n = max(1, len(words))
    lines = [line for line in text.split("\n")]
    filled = [line for line in lines if not blank(line)]
    paragraphs, current = [], 0
    for line in lines + [""]:
        if blank(line):
            if current:
                paragraphs.append(current)
            current = 0
        else:
            current += len(trimmed(line))
    count = lambda chars: sum(text.count(c) for c in chars)
    ends = count(".!?\u3002\uff01\uff1f")
    questions = count("?\uff1f")
    at = 0
    while at < len(words) and words[at] in lexicons["polite"][0]:
        at += 1
    first = words[at] if at < len(words) else ""
    tail = trimmed(text)[-1]
    cats = [unicodedata.category(c) for c in text]
    numbers = sum(1 for i, c in enumerate(cats) if c[0] == "N" and (i == 0 or cats[i - 1][0] != "N"))
    runes = len(text)
    f = {
        "runes": log(runes),
        "runes_squared": log(runes) ** 2,
        "words": log(len(words)),
        "lines": log(len(filled)),
        "paragraphs": log(len(paragraphs)),
        "first_paragraph": log(paragraphs[0]),
        "last_paragraph": log(paragraphs[-1]),
        "sentences": log(ends),
        "sentence_length": log(len(words) / (1 + ends)),
        "word_length": min(12, sum(len(w) for w in words) / n),
        "long_words": log(sum(len(w) >= 8 for w in words)),
        "long_word_share": sum(len(w) >= 8 for w in words) / n,
        "distinct_words": len(set(words)) / n,
        "ends_in_question": float(tail in "?\uff1f"),
        "questions": log(questions),
        "first_line_question": float("?" in filled[0] or "\uff1f" in filled[0]),
        "starts_what": float(first in lexicons["what"][0]),
        "starts_why": float(first in lexicons["why"][0]),
        "starts_auxiliary": float(first in lexicons["auxiliary"][0]),
        "starts_imperative": float(first in lexicons["imperative"][0]),
        "digits": sum(c == "Nd" for c in cats) / runes,
        "numbers": log(numbers),
        "symbols": sum(c[0] in "PS" for c in cats) / runes,
        "upper_case": sum(c == "Lu" for c in cats) / runes,
        "beyond_ascii": sum(c > "\x7f" for c in text) / runes,
        "commas": log(count(",\u3001\uff0c")),
        "colons": log(count(":;\uff1a\uff1b")),
        "quotes": log(count("\"\u201c\u201d\u00ab\u00bb")),
        "brackets": log(count("(\uff08")),
        "bullets": log(sum(is_bullet(line) for line in filled)),
        "code_marks": log(count("{}<>=_\\`|#[]")),
        "mixed_case_words": log(sum(mixed(w) for w in written)),
        "mathematics": log(sum(c == "Sm" for c in cats) + count("*/^")),
        "money": log(sum(c == "Sc" for c in cats) + count("%")),
        "starts_upper_case": float(unicodedata.category(trimmed(text)[0]) == "Lu"),
    }
    for name in ("recall", "choose", "extract", "compose", "reason", "code", "open", "constraint", "logic", "brief", "long",
                 "we", "i", "you"):
        one, two = lexicons[name]
        hits = sum(w in one for w in words) + sum(p in two for p in pairs)
        f[name] = log(hits)
        if name in ("recall", "compose", "reason", "open", "constraint", "logic"):
            f[name + "_share"] = min(1, hits / n)
        if name in ("recall", "choose", "extract", "compose", "reason", "open"):
            head = words[:HEAD]
            f[name + "_first"] = float(any(w in one for w in head) or any(p in two for p in pairs[:HEAD - 1]))
    return f


def embed(text, lexicons, scales):
    f = features(text, lexicons)
    if f is None:
        return [0.0] * len(scales)
    assert list(f) == list(scales), (list(f), list(scales))
    v = [max(-3.0, min(3.0, (x - scales[k][0]) / scales[k][1])) for k, x in f.items()]
    norm = math.sqrt(sum(x * x for x in v))
    return [x / norm for x in v] if norm else v


TEXTS = [
    "", " \t\n\u3000", "a", "?", "Hello, World!", "what is the capital of peru", "Please list 3 colours.\n\n- red\n- blue\n2) x",
    "Prove or refute: every planar graph has an independent set of n/4 + 1.", "\u0130STANBUL \u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2 stra\u00dfe",
    "caf\u00e9 cafe\u0301 \u00ab d\u00e9j\u00e0 \u00bb", "\u91cf\u5b50\u8ba1\u7b97\u673a\u4e3a\u4ec0\u4e48\u9700\u8981\u7ea0\u9519\u7801\uff1f",
    "line one\r\nline two\n\n\tdef fooBar(x_1):\n\t\treturn x**2\n", "Our budget is $4,000 or 12 %. Must we not, however, keep it under \u20ac5k?",
    "Summarise this in one sentence:\n\n\"The quarterly report compares revenue, churn and support load across nine regions.\"\n\nKeep it short.",
    "for i := range rows {\n\ttotal += rows[i].price * 1.19\n}", "\u0663\u0664 \u00bd \u2167 x\u00b2",
]

if __name__ == "__main__":
    lexicons, scales = read(pathlib.Path(__file__).parent.parent / "structural.txt")
    out = [{"text": text, "vector": [round(x, 9) for x in embed(text, lexicons, scales)]} for text in TEXTS]
    print("[\n" + ",\n".join(json.dumps(case) for case in out) + "\n]")
