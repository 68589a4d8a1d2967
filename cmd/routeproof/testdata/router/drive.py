"""Runs docs/examples/router.py for TestPythonRouter: a job as JSON comes on standard input, what came of it goes to
standard output.
"""
import json
import sys

import embedders
from router import Router
from safetensors.numpy import load_file

CHANGES = {  # of an embedder that must not pass
    "prefix": lambda embed: lambda texts: embed(["query: " + text for text in texts]),
    "length": lambda embed: lambda texts: 1.1 * embed(texts),
    "nan": lambda embed: lambda texts: float("nan") * embed(texts),
    "zeros": lambda embed: lambda texts: 0 * embed(texts),
    "dims": lambda embed: lambda texts: embed(texts)[:, 1:],
    "": lambda embed: embed,
}


def refusal(path, change):
    """The error of loading an artifact and verifying a changed embedder, or none."""
    try:
        router = Router.load(path)
        identity = dict(router.manifest["embedder"])
        embed = embedders.of(identity)
        if change == "identity":
            identity["model"], change = "another", ""
        elif change == "unverified":
            router.classify(["hello"])
        router.verify(CHANGES[change](embed), identity)
    except Exception as e:
        return "%s: %s" % (type(e).__name__, e)
    return ""


job = json.load(sys.stdin)
out = {"decisions": [], "tensors": [], "refusals": [refusal(r["artifact"], r["change"]) for r in job["refuse"]]}
for path in job["classify"]:
    router = Router.load(path)
    identity = router.manifest["embedder"]
    router.verify(embedders.of(identity), identity)
    together = router.classify(job["texts"])
    # The same one by one, as a router is asked.
    assert together[:5] + together[-5:] == [router.classify([t])[0] for t in job["texts"][:5] + job["texts"][-5:]], path
    assert router.classify([]) == []
    out["decisions"].append(together)
    out["tensors"].append(sorted(load_file(path)))
json.dump(out, sys.stdout)
