"""A cascade in plain Python, to hold the simulator against.

    python3 docs/checks/cascade.py outcomes.jsonl.gz MODEL,MODEL,… [TASK_TYPE]
    bin/routeproof simulate cascade --outcomes outcomes.jsonl.gz --ladder MODEL,MODEL,… --json

Prints what each model of the ladder serves and escalates, by the first reason,
and the mean quality. With each in place of the models it prints why each
response would not be taken, a line a response, for eval/policy's test.
"""
import collections, gzip, json, sys

PHRASES = ["i'm not sure", "i don't know", "i cannot", "i'm unable", "i don't have enough", "as an ai"]


def no_constant(name):
    raise ValueError(name + " is no JSON")


def refused(outcome, task_type):
    if outcome.get("error"):
        return "error"
    text = outcome["response"]
    if len(text.strip()) < 20:
        return "too_short"
    lower = text.lower().replace("’", "'")
    if any(phrase in lower for phrase in PHRASES):
        return "uncertain"
    if task_type != "general":
        try:
            json.loads(text, parse_constant=no_constant)
        except ValueError:
            return "bad_json"
    return None


def main(path, ladder, task_type="general"):
    if ladder == "each":
        outcomes = (json.loads(line) for line in gzip.open(path, "rt"))
        print("\n".join(sorted("\t".join((o["id"], o["model"], refused(o, task_type) or "taken")) for o in outcomes)))
        return
    ladder, by_prompt = ladder.split(","), collections.defaultdict(dict)
    for line in gzip.open(path, "rt"):
        outcome = json.loads(line)
        by_prompt[outcome["id"]][outcome["model"]] = outcome
    served, escalated, reasons, score, exhausted = collections.Counter(), collections.Counter(), collections.defaultdict(collections.Counter), 0, 0
    for outcomes in by_prompt.values():
        given = None
        for i, model in enumerate(ladder):
            reason = refused(outcomes[model], task_type)
            given = given if reason == "error" else model
            if reason is None:
                break
            reasons[model][reason] += 1
            if i < len(ladder) - 1:
                escalated[model] += 1
            else:
                exhausted += 1
        if given:
            served[given] += 1
            score += outcomes[given]["score"]
    print(json.dumps({
        "tiers": [{"model": m, "served": served[m], "escalated": escalated[m], "reasons": dict(sorted(reasons[m].items()))} for m in ladder],
        "n": len(by_prompt), "quality": score / len(by_prompt), "exhausted": exhausted,
    }, indent=1))


if __name__ == "__main__":
    main(*sys.argv[1:])
