"""What certificates rest on, computed anew from the definitions, to hold eval/stats against.

    python3 docs/checks/certificates.py [ROUTELLM_MMLU.jsonl.gz]

Runs `go test ./eval/stats -run TestCertificatesForPython`, which leaves the functions' values for random arguments
in a file, and computes each again: p-values term by term with 50 digits, bounds by what they must solve, sample sizes by
looking at all sizes, procedures as their papers word them. Prints for each function the number of values and the largest
relative difference; exits 1 where one is over 1e-10 or a count or index differs.

With RouteLLM's MMLU outcomes it also draws 2,000 calibration sets of 1,000 prompts and prints how often thresholds on the
length of prompts that were tuned or certified at a loss of .02 lose more (α = .02, δ = .1): what
`go test ./eval/stats -run CoverageMMLU -v -args -coverage-draws 20000` says, with draws of its own.

Needs python3 with mpmath, numpy and scipy.
"""
import collections
import gzip
import json
import math
import pathlib
import subprocess
import sys
import tempfile
from fractions import Fraction

import numpy as np
from mpmath import mp, mpf
from scipy import stats

mp.dps = 50
ROOT = pathlib.Path(__file__).resolve().parents[2]


def at_most(k, n, p):
    """P(Bin(n, p) <= k), the terms of the smaller tail added up."""
    if k >= n:
        return mpf(1)
    p = mpf(p)
    below = k <= n * p
    j = k if below else k + 1
    term = mp.exp(mp.loggamma(n + 1) - mp.loggamma(j + 1) - mp.loggamma(n - j + 1) + j * mp.log(p) + (n - j) * mp.log(1 - p))
    total, ratio = mpf(0), (1 - p) / p if below else p / (1 - p)
    while 0 <= j <= n and term > total * mpf(10) ** -30:
        total += term
        term *= ratio * (mpf(j) / (n - j + 1) if below else mpf(n - j) / (j + 1))
        j += -1 if below else 1
    return total if below else 1 - total


def hoeffding_bentkus(losses, alpha):
    n, total, a = len(losses), sum(Fraction(str(x)) for x in losses), mpf(alpha)  # the digits as written, so that whole sums are whole
    mean = mpf(total.numerator) / total.denominator / n
    h = sum(x * mp.log(x / y) for x, y in ((mean, a), (1 - mean, 1 - a)) if x) if mean < a else 0
    return min(mpf(1), mp.exp(-n * h), mp.e * at_most(math.ceil(total), n, alpha))


def betting(losses, alpha, delta):
    n, a = len(losses), (mpf(alpha) + 1) / 2
    xs, capital, best, variance = [], mpf(1), mpf(1), mpf(1) / 4
    gaps = mpf(0)
    for loss in losses:
        stake = min(mp.sqrt(2 * mp.log(1 / mpf(delta)) / (n * variance)), 1 / (2 * (1 - a)))
        xs.append((mpf(loss) + 1) / 2)
        capital *= 1 + stake * (a - xs[-1])
        best = max(best, capital)
        gaps += (xs[-1] - (mpf(1) / 2 + mp.fsum(xs)) / (len(xs) + 1)) ** 2
        variance = (mpf(1) / 4 + gaps) / (len(xs) + 1)
    return 1 / best


def least_error_free(alpha, delta):
    return max(1, int(mp.ceil(mp.log(mpf(delta)) / mp.log(1 - mpf(alpha)))))


def samples_needed(rate, alpha, delta):
    """The size after the last that fails, of all up to where Chernoff's bound takes over."""
    sizes = np.arange(1, 2 ** 12)
    while True:
        worst = np.minimum(rate + 0.5 / sizes, alpha)
        with np.errstate(divide="ignore", invalid="ignore"):
            h = np.where(worst > 0, worst * np.log(worst / alpha), 0) + (1 - worst) * np.log((1 - worst) / (1 - alpha))
        if sizes[-1] * h[-1] >= -math.log(delta):
            break
        sizes = np.arange(1, 2 * len(sizes))
    fails = ~(stats.binom.cdf(np.floor(rate * sizes + 0.5), sizes, alpha) <= delta)
    return int(sizes[fails][-1]) + 1 if fails.any() else 1


def fixed_sequence(p, delta, starts):
    certified = set()
    for j in starts:
        while j < len(p) and p[j] <= delta / len(starts):
            certified.add(j)
            j += 1
    return sorted(certified)


def holm(p, delta):
    order, certified = sorted(range(len(p)), key=lambda i: p[i]), []
    for rank, i in enumerate(order):
        if p[i] > Fraction(delta) / (len(p) - rank):
            break
        certified.append(i)
    return sorted(certified)


def learned_start(accepted, alpha, delta):
    enough = [i for i, n in enumerate(accepted) if n >= 2 * least_error_free(alpha, delta)]
    return enough[0] if enough else len(accepted) - 1


def conformal(totals, n, alpha):
    passing = [j for j, total in enumerate(totals) if (Fraction(total) + 1) / (n + 1) <= Fraction(alpha)]
    return max(passing, default=-1)


ANEW = {
    "RiskBinomial": at_most,
    "RiskHoeffdingBentkus": hoeffding_bentkus,
    "RiskBetting": betting,
    "LeastErrorFree": least_error_free,
    "SamplesNeeded": samples_needed,
    "CertifyFixedSequence": fixed_sequence,
    "CertifyBonferroni": lambda p, delta: [i for i, x in enumerate(p) if x * len(p) <= Fraction(delta)],
    "CertifyHolm": holm,
    "LearnedStart": learned_start,
    "ConformalThreshold": conformal,
}


def difference(function, arguments, value):
    """Relative; of a bound, that of the tail probability which it must meet."""
    if function == "BinomialUpper":
        k, n, confidence = arguments
        if k == n:
            return float(abs(value - 1))
        theirs, ours = at_most(k, n, value), 1 - mpf(confidence)
    else:
        theirs, ours = value, ANEW[function](*arguments)
    if function == "RiskBinomial" or not isinstance(theirs, (int, list)):
        return float(abs(theirs - ours) / ours) if ours > mpf(2) ** -1000 else float(abs(theirs - ours))
    return 0.0 if theirs == ours else math.inf


def check_values():
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "values.jsonl")
        subprocess.run(["go", "test", "./eval/stats", "-count=1", "-run", "TestCertificatesForPython", "-args", "-certificates", path],
                       cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        lines = [json.loads(line) for line in path.read_text().splitlines()]
    worst = collections.defaultdict(list)
    for line in lines:
        apart = difference(**line)
        worst[line["function"]].append(apart)
        if apart > 1e-10:
            print("DIFFERS", json.dumps(line)[:300], apart)
    for function, apart in worst.items():
        print(f"{function:22} {len(apart):5} values, largest difference {max(apart):.1e}")
    return max(map(max, worst.values()))


def mmlu(path, n=1000, settings=50, alpha=0.02, delta=0.1, draws=2000):
    rows = collections.defaultdict(dict)
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            rows[row["id"]][row["model"].startswith("gpt-4")] = (len(row["prompt"]), row["score"])
    lengths = np.array([r[True][0] for r in rows.values()])
    gains = np.array([r[True][1] - r[False][1] for r in rows.values()])
    ordered = np.sort(lengths)
    cuts = [ordered[(i + 1) * len(ordered) // settings - 1] for i in range(settings)]
    losses = (lengths[:, None] <= cuts) * gains[:, None]
    risk, rng = losses.mean(0), np.random.default_rng(1)
    violated, certified = collections.Counter(), collections.Counter()

    def sequence(name, p):
        passing = np.append(p <= delta, False)
        count(name, np.argmin(passing) - 1)

    def count(name, last):
        certified[name] += last >= 0
        violated[name] += last >= 0 and risk[last] > alpha

    for _ in range(draws):
        x = losses[rng.integers(len(lengths), size=n)]
        mean = x.mean(0)
        count("naive", max(np.flatnonzero(mean <= alpha), default=-1))
        sequence("betting", betting_all(x, alpha, delta))
        error = x.std(0, ddof=1) / math.sqrt(n)
        sequence("CLT", stats.norm.cdf((mean - alpha) / np.maximum(error, 1e-300)))
        m, a = (mean + 1) / 2, (alpha + 1) / 2
        m = np.minimum(m, a)
        h = m * np.log(m / a) + (1 - m) * np.log((1 - m) / (1 - a))
        sequence("Hoeffding-Bentkus", np.minimum(np.exp(-n * h), math.e * stats.binom.cdf(np.ceil((mean + 1) / 2 * n), n, a)))
    for name in certified:
        print(f"MMLU, {draws} draws: {name:18} violates {violated[name] / draws:6.1%}, certifies something in {certified[name] / draws:6.1%}")


def betting_all(losses, alpha, delta):
    """The same for all columns at once, in floating point."""
    x, n, a = (losses + 1) / 2, len(losses), (alpha + 1) / 2
    seen = np.arange(1, n + 1)[:, None]
    means = (0.5 + np.cumsum(x, 0)) / (seen + 1)
    variances = (0.25 + np.cumsum((x - means) ** 2, 0)) / (seen + 1)
    before = np.vstack([np.full(x.shape[1], 0.25), variances[:-1]])
    stakes = np.minimum(np.sqrt(2 * math.log(1 / delta) / (n * before)), 0.5 / (1 - a))
    return 1 / np.maximum(1, np.cumprod(1 + stakes * (a - x), 0).max(0))


if __name__ == "__main__":
    worst = check_values()
    if len(sys.argv) > 1:
        mmlu(sys.argv[1])
    sys.exit(int(worst > 1e-10))
