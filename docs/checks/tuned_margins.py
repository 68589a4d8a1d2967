"""What tuning on tune saves on test: the margin of the three-stage hybrid against
0.05, and what an artifact accepts against accepting everything, in USD per 1,000
requests, over 20 ways of splitting the built-in set.

    go build -o bin/routeproof ./cmd/routeproof
    python3 docs/checks/tuned_margins.py bin/routeproof

No library is needed.
"""
import json
import os
import subprocess
import sys
import tempfile

SALTS = ["routeproof"] + [f"s{i}" for i in range(1, 20)]
ROUTEPROOF = os.path.abspath(sys.argv[1])


def call(*args):
    return subprocess.run([ROUTEPROOF, *args], capture_output=True, text=True, check=True).stdout


def settings(salt, margin):
    with open("c.yaml", "w") as f:
        f.write(f"bootstrap: {{replicates: 100}}\nsplits: {{salt: {salt}}}\n")
        f.write(f"classifiers: {{hybrid: {{embedding_margin: {margin}}}}}\n")
    run = json.loads(call("run", "--config", "c.yaml", "--prompts", "prompts.jsonl", "--llm-answers", "answers.jsonl", "--out", "out", "--json"))
    hybrid = run["hybrid"]
    chosen = next(s for s in hybrid["settings"] if s["chosen"])
    return hybrid, chosen, hybrid["settings"][0]


def mean(values):
    values = list(values)
    return sum(values) / len(values)


os.chdir(tempfile.mkdtemp())
call("init", ".")
hybrids, artifacts = [], []
for salt in SALTS:
    tuned, chosen, never = settings(salt, "null")
    _, guess, _ = settings(salt, 0.05)
    hybrids.append((tuned, chosen, guess, never))
    accepted = json.loads(call("calibrate", "classifier", "--heuristic", "--config", "c.yaml", "--prompts", "prompts.jsonl", "--json"))
    artifacts.append(accepted)
    print(f"{salt:12} margin {tuned['margin']}  test: tuned {chosen['test']['headline']:.4f}, 0.05 {guess['test']['headline']:.4f}, LLM {never['test']['headline']:.4f}"
          f"  artifact saves {accepted['tune']['saving']:.4f} on tune, {accepted['test']['saving']:.4f} on test")
for split in ("tune", "test"):
    print(f"hybrid on {split}, mean: tuned {mean(h[1][split]['headline'] for h in hybrids):.4f}, "
          f"0.05 {mean(h[2][split]['headline'] for h in hybrids):.4f}, always the LLM {mean(h[3][split]['headline'] for h in hybrids):.4f}; "
          f"the LLM decides {mean(h[1][split]['llm']['decided'] for h in hybrids):.3f} and {mean(h[2][split]['llm']['decided'] for h in hybrids):.3f}")
    print(f"artifact on {split}, mean: tuned {mean(a[split]['headline'] for a in artifacts):.4f}, everything accepted {mean(a[split]['everything'] for a in artifacts):.4f}, "
          f"saved {mean(a[split]['saving'] for a in artifacts):.4f} ({min(a[split]['saving'] for a in artifacts):.2f} to {max(a[split]['saving'] for a in artifacts):.2f})")
print(f"hybrid, mean optimism {mean(h[0]['optimism'] for h in hybrids):.4f}; on test dearer than 0.05 in {sum(h[1]['test']['headline'] > h[2]['test']['headline'] for h in hybrids)} of {len(SALTS)}")
