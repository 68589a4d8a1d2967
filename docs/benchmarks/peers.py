"""Times routeproof beside other libraries on the same seeded data, and checks that the results agree.

    python3 docs/benchmarks/peers.py            # every row
    python3 docs/benchmarks/peers.py curve      # one
    python3 docs/benchmarks/peers.py --help

README.md beside this file says what the rows are. Exits 1 where two results disagree.
"""
import argparse
import importlib.util
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent


@dataclass(frozen=True)
class Row:
    data: str
    peers: tuple
    least: float = 0  # of the fastest peer's time over ours
    bar: str = ""
    rounds: int = 3
    once: tuple = ()  # peers that take too long for more than one round
    whole: bool = False  # the time and memory of the process count
    most_ms: float = 0
    most_mib: float = 0
    most_size: float = 0  # of DuckDB's file


ROWS = {
    "centroids": Row("vectors", ("onehot", "blocks", "sklearn"), 2.5, "≥ 2.5×"),
    "file": Row("vectors", ("fromfile", "memmap"), 4, "≥ 4×, under 64 MiB", rounds=10, whole=True, most_mib=64),
    "classify": Row("vectors", ("matmul", "blocks", "sklearn"), 1.5, "≥ 1.5×, then ≥ 4×"),
    "curve": Row("curve", ("numpy",), 3, "≥ 3×"),
    "mmlu": Row("mmlu", ("pandas",), 1, "faster"),
    "checks": Row("responses", ("python",), 20, "≥ 20×"),
    "pairs": Row("pairs", ("numpy",), 1.5, "≥ 1.5×"),
    "bootstrap": Row("table", ("index", "multinomial"), 1, "≥ 1×", once=("index",)),
    "write": Row("predictions", ("duckdb",), 1, "≥ 1×, file ≤ 1.1×", most_size=1.1),
    "read": Row("predictions", ("duckdb",), 1, "≥ 1×"),
    "hashing": Row("prompts", ("sklearn",), 50, "≥ 50×", once=("sklearn",)),
    "hull": Row("points", ("python",), bar="under 1 ms", most_ms=1),
}


class Failed(Exception):
    pass


def run(*command):
    """Runs a command. Returns what it says as JSON, its time and the most memory that it held."""
    start = time.perf_counter()
    process = subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, text=True)
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    ms = 1000 * (time.perf_counter() - start)
    if process.returncode:
        raise Failed(said.strip() or f"{command[0]} ended with {process.returncode}")
    return (json.loads(said) if said.strip() else {}) | {"whole_ms": ms, "mib": usage.ru_maxrss / 1024}


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.ours = folder / "ours"
        subprocess.run(["go", "build", "-o", self.ours, "./docs/benchmarks/ours"], cwd=ROOT, check=True)

    def python(self, *args):
        return run(self.options.python, HERE / "peer.py", *args)

    def duckdb(self, step, folder):
        return run("node", HERE / "duckdb.mjs", step, folder, self.options.duckdb)

    def make(self, name):
        folder = self.folder / name
        if not folder.exists():
            print(f"making {name}", file=sys.stderr)
            folder.mkdir()
            run(self.options.python, HERE / "data.py", name, folder, self.options.scale, self.options.data)
            os.sync()  # or writing goes on beside what is timed
            if name == "predictions":
                run(self.ours, "write", folder)
        return folder

    def measure(self, name):
        row, folder = ROWS[name], self.make(ROWS[name].data)
        times, memory = {}, {}
        for turn in range(row.rounds):
            for side in ("ours", *row.peers):
                if turn > 0 and side in row.once:
                    continue
                print(f"{name}: {side}, round {turn + 1} of {row.rounds}", file=sys.stderr)
                if side == "ours":
                    said = run(self.ours, name, folder)
                elif side == "duckdb":
                    said = self.duckdb(name, folder)
                else:
                    said = self.python("time", f"{name}_{side}", folder)
                times.setdefault(side, []).append(said["whole_ms" if row.whole else "ms"])
                memory.setdefault(side, []).append(said["mib"])
        best = {side: min(of) for side, of in times.items()}
        agree = self.duckdb(f"check-{name}", folder) if "duckdb" in row.peers else self.python("check", name, folder)
        ours = best.pop("ours")
        result = {
            "row": name, "ours_ms": ours, "peers_ms": best, "ratio": min(best.values()) / ours, "bar": row.bar,
            "agree": agree["agree"], "differences": agree["differences"],
        }
        met = result["ratio"] >= row.least and not (row.most_ms and ours >= row.most_ms)
        if row.most_mib:
            result["mib"] = {side: max(of) for side, of in memory.items()}
            met = met and result["mib"]["ours"] < row.most_mib
        if row.most_size:
            result["size"] = agree["size"]
            met = met and agree["size"] <= row.most_size
        return result | {"met": met}


def show(result):
    if "skipped" in result:
        return f"| {result['row']} | | | | {result['bar']} | skipped |"
    peers = ", ".join(f"{side} {number(ms)} ({number(ms / result['ours_ms'])}×)" for side, ms in result["peers_ms"].items())
    ratio = f"{number(result['ratio'])}×"
    if "mib" in result:
        ratio += f", {result['mib']['ours']:.0f} MiB"
    if "size" in result:
        ratio += f", file {result['size']:.2f}×"
    met = "yes" if result["met"] else "no"
    return f"| {result['row']} | {number(result['ours_ms'])} | {peers} | {ratio} | {result['bar']} | {met if result['agree'] else 'results disagree'} |"


def number(x):
    if x >= 100:
        return f"{x:,.0f}"
    return f"{x:.1f}" if x >= 10 else f"{x:.2f}" if x >= 0.1 else f"{x:.4f}"


def machine(options):
    cpu = platform.processor()
    if os.path.exists("/proc/cpuinfo"):
        cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), cpu)
    go = subprocess.run(["go", "env", "GOVERSION"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    of = run(options.python, HERE / "peer.py", "versions")
    versions = of["versions"] | {"go": go.removeprefix("go")}
    if options.duckdb:
        versions |= run("node", HERE / "duckdb.mjs", "versions", ".", options.duckdb)["versions"]
    return {"cpu": cpu, "cores": len(os.sched_getaffinity(0)), "versions": versions}


def main():
    parser = argparse.ArgumentParser(description="routeproof beside other libraries on the same data")
    parser.add_argument("rows", nargs="*", metavar="ROW", help="of " + ", ".join(ROWS) + "; all by default")
    parser.add_argument("--json", action="store_true", help="print JSON in place of a table")
    parser.add_argument("--folder", type=pathlib.Path, help="keep the data there, and use what is there")
    parser.add_argument("--scale", type=float, default=1, help="of the number of vectors, texts and rows, for a try")
    parser.add_argument("--duckdb", default=os.environ.get("ROUTEPROOF_DUCKDB", ""), metavar="FOLDER",
                        help="where `npm install @duckdb/node-api` ran (default: $ROUTEPROOF_DUCKDB)")
    parser.add_argument("--data", type=pathlib.Path, default=ROOT.parent / "shared" / "data", metavar="FOLDER",
                        help="where outcomes/routellm_mmlu.jsonl.gz is; without it the row mmlu is made up (default: %(default)s)")
    parser.add_argument("--python", default=sys.executable if importlib.util.find_spec("sklearn") else "/usr/bin/python3",
                        help="one that has numpy, pandas and scikit-learn (default: %(default)s)")
    options = parser.parse_args()
    names = options.rows or list(ROWS)
    for name in names:
        if name not in ROWS:
            parser.error(f"no row {name}: expected {', '.join(ROWS)}")
    if options.duckdb and not pathlib.Path(options.duckdb, "node_modules", "@duckdb", "node-api").exists():
        parser.error(f"{options.duckdb} has no node_modules/@duckdb/node-api")

    folder = options.folder or pathlib.Path(tempfile.mkdtemp(prefix="routeproof-bench-"))
    folder.mkdir(parents=True, exist_ok=True)
    about, results = machine(options), []
    if not options.json:
        print(about["cpu"], f"{about['cores']} cores", *(f"{k} {v}" for k, v in about["versions"].items()), sep=", ")
        print("\n| row | ours, ms | peers, ms | ratio to the fastest | bar | met |\n|---|---|---|---|---|---|", flush=True)
    try:
        bench = Bench(options, folder)
        for i, name in enumerate(names):
            if "duckdb" in ROWS[name].peers and not options.duckdb:
                print(f"{name}: skipped, no DuckDB: npm install @duckdb/node-api in a folder and give it as --duckdb", file=sys.stderr)
                result = {"row": name, "bar": ROWS[name].bar, "skipped": "no DuckDB"}
            else:
                result = bench.measure(name)
            results.append(result)
            if not options.json:
                print(show(result), flush=True)
            for difference in result.get("differences", []):
                print(f"{name}: {difference}", file=sys.stderr)
            if not options.folder and not any(ROWS[later].data == ROWS[name].data for later in names[i + 1:]):
                shutil.rmtree(folder / ROWS[name].data, ignore_errors=True)
    except Failed as e:
        sys.exit(f"{e}")
    finally:
        if not options.folder:
            shutil.rmtree(folder, ignore_errors=True)
    if options.json:
        print(json.dumps({"machine": about, "rows": results}, indent=1, ensure_ascii=False))
    sys.exit(0 if all(r.get("agree", True) for r in results) else 1)


if __name__ == "__main__":
    main()
