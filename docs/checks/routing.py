"""Routers by score, measured anew from the definitions, to hold `simulate route` against.

    python3 docs/checks/routing.py bin/routeproof OUTCOMES MODEL,MODEL,... [--scores FILE]

Runs `simulate route --json --all-metrics` on the outcomes (JSON Lines, perhaps .gz) and computes
again, sums, ties and hulls in exact integers, for the routers `length` and that of --scores:
AUC, APGR and CPT between two models; AIQ, hull and what --all-metrics adds for any number of
models, over all ordered thresholds; each point of the program's hull by serving its thresholds;
and quality, cost and arena score of the models, oracle, cheapest_correct and zero_aiq.

The hulls of the other routers, which pareto_dist and aiq_to_cost_usd need, are the program's.
Prints every figure's name, the program's value, this one and their difference (of costs as a share
of the dearest model's, of figures beyond 1 relative). Exits 1 where one is over 1e-6 or only one
side has a value. Needs numpy.
"""
import argparse, collections, functools, gzip, itertools, json, math, os, subprocess, sys, tempfile
from fractions import Fraction
import numpy as np

MOST = 3_000_000  # ordered thresholds that are enumerated; hulls of more are not checked
EQUAL = 1e-9  # the program's figures are rounded: as shares, what is nearer than this is equal
SHARES = ("auc", "apgr", "cpt.20", "cpt.50", "cpt.80", "apgr_of_oracle")
COSTS = ("aiq", "aiq_paper") + tuple("all_metrics." + name for name in (
    "arena_score", "perf_gain", "cost_save", "cascade_routing_auc", "pareto_dist", "ibc_halfway"))


def rows(path):
    with (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="utf-8-sig") as lines:
        return [json.loads(line, parse_float=Fraction) for line in lines if line.strip()]


class Data:
    """Requests that all models answered and all routers scored; quality and cost as integers over one denominator."""

    def __init__(self, outcomes, models, scores):
        answers, texts = collections.defaultdict(dict), {}
        for row in rows(outcomes):
            score = row.get("score") if row.get("score") is not None else row.get("correct")
            answers[row["id"]][row["model"]] = (score, row.get("cost_usd"))
            texts[row["id"]] = row.get("prompt") or texts.get(row["id"], "")
        # The program has no router by length where a text is unknown; an empty one counts as such.
        self.scores = {"length": {i: len(t) for i, t in texts.items()}} if all(texts.values()) else {}
        if scores:
            known = {r["id"]: float(r["score"]) for r in rows(scores) if r.get("score") is not None}
            self.scores[os.path.basename(scores).split(".")[0]] = known
        ids = [i for i, a in answers.items() if all(a.get(m, (None,))[0] is not None for m in models)
               and all(i in s for s in self.scores.values())]
        self.scores = {name: [s[i] for i in ids] for name, s in self.scores.items()}
        self.n, self.left_out, self.models = len(ids), len(answers) - len(ids), range(len(models))
        q, c = ([[answers[i][m][part] for m in models] for i in ids] for part in (0, 1))
        q, c = ([None if None in row else [Fraction(x) for x in row] for row in part] for part in (q, c))
        self.unit_q = math.lcm(*(x.denominator for row in q for x in row))
        self.unit_c = math.lcm(*(x.denominator for row in c for x in row or []))
        self.q = [[int(x * self.unit_q) for x in row] for row in q]
        self.c = [row and [int(x * self.unit_c) for x in row] for row in c]
        self.known = [k for k in range(self.n) if self.c[k]]
        self.priced = self.known if 100 * len(self.known) >= 95 * self.n else []

    def serve(self, choice):
        """Total cost and quality of the priced requests where request k goes to model choice(k)."""
        return sum(self.c[k][choice(k)] for k in self.priced), sum(self.q[k][choice(k)] for k in self.priced)

    def means(self, points):
        return [(c / (self.unit_c * len(self.priced)), q / (self.unit_q * len(self.priced))) for c, q in points if self.priced]


def share_metrics(data, scores):
    """Quality against the share sent to the second model, highest scores first, equal scores together."""
    moved, weak = collections.defaultdict(lambda: [0, 0]), sum(q[0] for q in data.q)
    for score, q in zip(scores, data.q):
        moved[score][0] += 1
        moved[score][1] += q[1] - q[0]
    xs, gains = zip((0, 0), *(moved[score] for score in sorted(moved, reverse=True)))
    points = list(zip(itertools.accumulate(xs), itertools.accumulate(gains)))  # from (0, 0), less the weak model's quality
    steps, gap = list(zip(points, points[1:])), points[-1][1]
    area = Fraction(sum((b[0] - a[0]) * (a[1] + b[1]) for a, b in steps), 2 * data.n)
    out = {"auc": float((weak + area) / (data.unit_q * data.n))}
    if gap > 0:
        out["apgr"] = float(area / gap)
        for percent in (20, 50, 80):
            target = Fraction(percent * gap, 100)
            a, b = next((a, b) for a, b in steps if b[1] >= target)
            out[f"cpt.{percent}"] = float((a[0] + (b[0] - a[0]) * (target - a[1]) / (b[1] - a[1])) / data.n)
    return out


def threshold_points(data, scores):
    """Total (cost, quality) at all ordered thresholds; nothing where no costs are or too many thresholds."""
    groups, last = collections.defaultdict(list), len(data.models) - 1
    for k in data.priced:
        groups[scores[k]].append(k)
    if not data.priced or math.comb(len(groups) + last, last) > MOST:
        return set()
    below = [[(0, 0)] for _ in data.models]  # below[m][g]: what model m makes of the lowest g scores
    for m, score in itertools.product(data.models, sorted(groups)):
        below[m].append(tuple(below[m][-1][i] + sum(x[k][m] for k in groups[score]) for i, x in enumerate((data.c, data.q))))
    points = set()
    for cuts in itertools.combinations_with_replacement(range(len(groups) + 1), last):
        parts = [(b[start], b[stop]) for b, start, stop in zip(below, (0,) + cuts, cuts + (len(groups),))]
        points.add((sum(stop[0] - start[0] for start, stop in parts), sum(stop[1] - start[1] for start, stop in parts)))
    return points


def hull(points):
    """The non-decreasing concave hull of (cost, quality), as RouterBench has it."""
    kept = []
    for c, q in sorted(points, key=lambda p: (p[0], -p[1])):
        if kept and q <= kept[-1][1]:
            continue
        while len(kept) > 1 and (kept[-1][1] - kept[-2][1]) * (c - kept[-1][0]) <= (q - kept[-1][1]) * (kept[-1][0] - kept[-2][0]):
            kept.pop()
        kept.append((c, q))
    return kept


def area(points, low, high):
    """Under the line through the points, of which only the part between low and high counts."""
    steps = [(max(a[0], low), min(b[0], high), a, b) for a, b in zip(points, points[1:])]
    return sum((x1 - x0) * (a[1] + (b[1] - a[1]) * ((x0 + x1) / 2 - a[0]) / (b[0] - a[0])) for x0, x1, a, b in steps if x0 < x1)


def aiq(points, end):
    """RouterBench's average quality over cost, flat to the end: over the last cost, and over the range of cost."""
    whole, span = area(points + [(end, points[-1][1])], points[0][0], end), end - points[0][0]
    return whole / end if end else None, whole / span if span > EQUAL * end else None


def arena(cost, quality, beta=0.1, cheapest=0.0044, dearest=200):
    """RouterArena's score; there costs are USD per 1,000 requests."""
    c = math.log2(dearest / min(max(1000 * cost, cheapest), dearest)) / math.log2(dearest / cheapest)
    return (1 + beta) * quality * c / (beta * quality + c) if quality and c else 0.0


def cascade_auc(points, singles):
    low, high = min(c for c, _ in singles), max(c for c, _ in singles)
    points = sorted(points)
    start = [(low, min(q for _, q in singles))] if points[0][0] > low else []
    return area(start + points + [(high, points[-1][1])], low, high) / (high - low) if low < high else None


def pareto_dist(own, others, singles):
    points = np.array(own + others + singles)
    spread = np.ptp(points, 0)
    points = (points - points.min(0)) / np.where(spread > EQUAL * points.max(0), spread, np.inf)
    c, q = points.T
    frontier = points[[not np.any((c <= x + EQUAL) & (q >= y - EQUAL) & ((c < x - EQUAL) | (q > y + EQUAL))) for x, y in points]]
    return float(np.mean([np.hypot(*(frontier - p).T).min() for p in points[:len(own)]]))


def cost_metrics(data, points, own, singles, others, end):
    """What costs are needed for: from all thresholds between two models, from the hull's between more."""
    two = len(singles) == 2
    used = sorted(points) if two else hull(points)
    best_c, best_q = min(singles, key=lambda p: (-p[1], p[0]))  # the best single model, of equal ones the cheapest
    singles, ibc = data.means(singles), None
    if two and singles[1][0] > singles[0][0] and singles[1][1] > singles[0][1]:
        (c0, q0), (c1, q1) = singles
        slope = (q1 - q0) / (c1 - c0)
        ibc = ((np.interp((c0 + c1) / 2, *zip(*own)) - q0) / ((c1 - c0) / 2) - slope) / slope
    return dict(zip(COSTS, (
        *aiq(own, end),
        max(arena(*p) for p in data.means(used)),
        max(q for _, q in used) / best_q - 1 if best_q else None,
        1 - min(c for c, q in used if q >= best_q) / best_c if best_c else None,
        cascade_auc(data.means(used), singles),
        pareto_dist(own, others, singles),
        ibc)))


class Comparison:
    """Prints a figure as the program and as this file has it, and keeps the largest difference."""
    worst = 0.0

    def __call__(self, name, theirs, ours, least=1.0):
        apart = (0.0 if theirs is ours else math.inf) if None in (theirs, ours) else abs(theirs - ours) / max(least, abs(ours))
        self.worst = max(self.worst, apart)
        print(f"{name:44} {theirs!s:>23} {ours!s:>23} {apart:8.1e}{'  DIFFERS' if apart > 1e-6 else ''}")


def check(told, data, compare):
    routers, two = {r["name"]: r for r in told["routers"]}, len(data.models) == 2
    hulls = {name: [(p["cost"], p["quality"]) for p in r["hull"] or []] for name, r in routers.items()}
    exact = [data.serve(lambda k: m) for m in data.models]
    singles, end = data.means(exact), told["aiq_to_cost_usd"]
    dearest = max((c for c, _ in singles), default=0) or 1.0
    cost = lambda choice: data.means([data.serve(choice)])[0][0] if data.priced else None
    quality = lambda choice: sum(row[choice(k)] for k, row in enumerate(data.q)) / (data.unit_q * data.n)
    dear = lambda k, m: (data.c[k][m] if data.priced and data.c[k] else 0, m)  # unknown: the ladder's order
    best = lambda k: min(data.models, key=lambda m: (-data.q[k][m], dear(k, m)))
    right = lambda k: min(data.models, key=lambda m: (2 * data.q[k][m] < data.unit_q, dear(k, m)))
    pairs = [(t["name"], t, lambda k, m=m: m) for m, t in enumerate(told["models"])]
    for name, theirs, choice in pairs + [("oracle", told["oracle"], best), ("cheapest_correct", told["cheapest_correct"], right)]:
        compare(name + " quality", theirs["quality"], quality(choice))
        compare(name + " cost_usd", theirs["cost_usd"], cost(choice), dearest)
    for theirs, ours in itertools.zip_longest(told["models"], singles):
        compare(theirs["name"] + " arena_score", theirs["arena_score"], arena(*ours) if ours else None)
    oracle = share_metrics(data, [q[1] - q[0] for q in data.q]) if two else {}
    for key in ("apgr", "cpt.20", "cpt.50", "cpt.80"):
        compare("oracle " + key, functools.reduce(dict.get, key.split("."), told["oracle"]), oracle.get(key))
    compare("aiq_to_cost_usd", end, max((c for points in [singles, *hulls.values()] for c, _ in points), default=None), dearest)
    compare("zero_aiq", told["zero_aiq"], aiq(data.means(hull(exact)), end)[0] if singles else None)

    for name, scores in data.scores.items():
        theirs, ours, points = hulls[name], share_metrics(data, scores) if two else {}, threshold_points(data, scores)
        if "apgr" in ours:
            ours["apgr_of_oracle"] = ours["apgr"] / oracle["apgr"]
        if points:
            own, others = data.means(hull(points)), [p for other in hulls if other != name for p in hulls[other]]
            ours.update(cost_metrics(data, points, own, exact, others, end))
            if not routers[name].get("hull_truncated"):
                compare(f"{name} hull's points", len(theirs), len(own))
            gaps = [np.interp(c, *zip(*theirs)) - np.interp(c, *zip(*own)) for c, _ in theirs + own]
            compare(f"{name} hull's largest gap", max(gaps, key=abs), 0.0)
        elif data.priced:
            print(f"{name}: over {MOST:,} ordered thresholds, neither its AIQ nor its hull nor all_metrics are checked")
        for key in SHARES + (() if data.priced and not points else COSTS):
            compare(f"{name} {key}", functools.reduce(dict.get, key.split("."), routers[name]), ours.get(key))
        for number, point in enumerate(routers[name]["hull"] or []):
            cuts = [math.inf if t is None else t for t in point["thresholds"]]
            (c, q), = data.means([data.serve(lambda k: sum(scores[k] >= t for t in cuts))])
            compare(f"{name} served {number} cost_usd", point["cost"], c, dearest)
            compare(f"{name} served {number} quality", point["quality"], q)
            compare(f"{name} served {number} ordered", int(cuts == sorted(cuts)), 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("binary", "outcomes", "ladder", "--scores"):
        parser.add_argument(name)
    args = parser.parse_args()
    data, compare = Data(args.outcomes, args.ladder.split(","), args.scores), Comparison()
    with tempfile.TemporaryDirectory() as folder:
        command = [os.path.abspath(args.binary), "simulate", "route", "--json", "--all-metrics", "--ladder", args.ladder]
        command += ["--outcomes", os.path.abspath(args.outcomes)] + (["--scores", os.path.abspath(args.scores)] if args.scores else [])
        command += ["--curves", os.path.join(folder, "c.parquet")] if data.priced or len(data.models) == 2 else []
        done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"exit code {done.returncode}: {done.stderr.strip()}")
    told = json.loads(done.stdout)
    for name, value in (("n", data.n), ("left_out", data.left_out), ("priced", len(data.known))):
        compare(name, told[name], value)
    if compare.worst == 0:
        check(told, data, compare)
    print(f"largest difference {compare.worst:.1e}")
    sys.exit(int(compare.worst > 1e-6))


if __name__ == "__main__":
    main()
