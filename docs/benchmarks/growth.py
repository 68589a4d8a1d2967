"""Time and memory of each verb as the number of prompts grows, and on inputs made to be hard.

    make build
    python3 docs/benchmarks/growth.py bin/routeproof [N …]          # 10,000 and 100,000 by default
    python3 docs/benchmarks/growth.py bin/routeproof --hard [N]     # equal, nearly equal, sorted scores; one giant text
    python3 docs/benchmarks/growth.py bin/routeproof --vectors [N …]  # 1,536 numbers a prompt; 20,000 and 200,000 by default
    python3 docs/benchmarks/growth.py bin/routeproof --start        # milliseconds until --version and --help are done

Sets are those of `data synth`, seeded. Prints seconds and the largest resident memory of each verb, and by what a ten times
larger set takes longer: 10 is linear, 100 quadratic. Needs nothing but Python.
"""
import array
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import zlib

LADDER = "SIMPLE=openai/gpt-4o-mini,MEDIUM=anthropic/claude-haiku-3-5,COMPLEX=anthropic/claude-sonnet-4,FRONTIER=anthropic/claude-opus-4"
DIMS = 1536
PAIR = "SIMPLE=openai/gpt-4o-mini,COMPLEX=anthropic/claude-sonnet-4"


def verbs(out):
    """Commands on a set in the current folder, in an order in which each finds what it needs."""
    return {
        "data validate": "data validate prompts.jsonl",
        "data describe": "data describe prompts.jsonl",
        "data split": f"data split prompts.jsonl --out {out}/split.jsonl",
        "data derive": f"data derive outcomes.jsonl --ladder {LADDER} --out {out}/derived.jsonl",
        "build": f"build --prompts prompts.jsonl --out {out}/a.safetensors",
        "classify": f"classify --artifact {out}/a.safetensors --in prompts.jsonl",
        "bench": "bench --prompts prompts.jsonl --llm-answers answers.jsonl",
        "run": f"run --prompts prompts.jsonl --llm-answers answers.jsonl --outcomes outcomes.jsonl --out {out}/run",
        "check": f"check --baseline {out}/run --candidate {out}/run",
        "compare": f"compare {out}/run {out}/run",
        "simulate route": f"simulate route --outcomes outcomes.jsonl --ladder {LADDER} --scores scores.jsonl",
        "simulate cascade": f"simulate cascade --outcomes outcomes.jsonl --ladder {LADDER} --sweep confidence",
        "simulate parallel": f"simulate parallel --outcomes outcomes.jsonl --ladder {PAIR}",
        "calibrate route": f"calibrate route --outcomes outcomes.jsonl --ladder {LADDER} --scores scores.jsonl",
        "logs": "logs logs.jsonl",
    }


def timed(program, command, folder):
    """Seconds, MiB and exit code of a command."""
    began = time.perf_counter()
    child = os.fork()
    if child == 0:
        os.chdir(folder)
        quiet = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(quiet, stream)
        os.execv(program, [program] + command.split())
    _, status, usage = os.wait4(child, 0)
    return time.perf_counter() - began, usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status)


def synth(program, folder, n, *more):
    subprocess.run([program, "data", "synth", "--n", str(n), "--out", folder, *more], check=True, stdout=subprocess.DEVNULL)


def grow(program, sizes):
    last = {}
    for n in sizes:
        with tempfile.TemporaryDirectory() as folder:
            synth(program, folder, n)
            print(f"\n{n:,} prompts, {os.path.getsize(os.path.join(folder, 'outcomes.jsonl')) >> 20} MiB of outcomes\n")
            show(program, folder, verbs("out"), last)


def show(program, folder, commands, last):
    """Runs each verb's command and prints what it took, beside what it took of the set before."""
    os.makedirs(os.path.join(folder, "out"))
    for verb, command in commands.items():
        seconds, mebibytes, code = timed(program, command, folder)
        growth = f"× {seconds / last[verb]:.1f}" if verb in last else ""
        # 10, 11 and 12 are verdicts of check and calibrate.
        print(f"{verb:18} {seconds:8.2f} s {mebibytes:7.0f} MiB  {growth:8} {'' if code in (0, 10, 11) else f'exit {code}'}", flush=True)
        last[verb] = seconds


def grow_vectors(program, sizes):
    last = {}
    for n in sizes:
        with tempfile.TemporaryDirectory() as folder:
            synth(program, folder, n, "--only", "prompts")
            size = make_vectors(folder, n)
            os.sync()  # or writing goes on beside what is timed
            print(f"\n{n:,} prompts, {size >> 20} MiB of vectors\n", flush=True)
            show(program, folder, {
                "build": "build --prompts prompts.jsonl --vectors vectors.npy --vectors-model made --out out/a.safetensors",
                "classify": "classify --artifact out/a.safetensors --vectors vectors.npy --vectors-model made",
            }, last)


def make_vectors(folder, n):
    """Writes one for each prompt: noise, cut out of a long one, and its tier's direction. Equal texts have equal ones. Returns the bytes."""
    rng, tiers, directions = random.Random(1), {}, {}
    noise = array.array("f", (rng.random() - 0.5 for _ in range(1 << 20)))
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({n}, {DIMS}), }}\n".encode()
    with open(os.path.join(folder, "vectors.npy"), "wb", 1 << 20) as f, open(os.path.join(folder, "prompts.jsonl")) as prompts:
        f.write(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
        for line in prompts:
            prompt = json.loads(line)
            text = zlib.crc32(prompt["prompt"].encode())
            at = text % (len(noise) - DIMS)
            row = noise[at:at + DIMS]
            row[directions.setdefault(text, tiers.setdefault(prompt["tier"], len(tiers)))] += 1
            if sys.byteorder == "big":
                row.byteswap()
            f.write(row)
        return f.tell()


def hard(program, n):
    """Scores that a careless sort or sweep takes quadratic time on, and a text of 4 MiB."""
    rng = random.Random(1)
    kinds = {
        "usual": lambda i: rng.random(),
        "all equal": lambda i: 0.5,
        "nearly equal": lambda i: 0.5 + i % 7 * 1e-16,
        "ascending": lambda i: i / n,
        "descending": lambda i: 1 - i / n,
        "two values": lambda i: i % 2,
        "organ pipe": lambda i: min(i, n - i) / n,
    }
    with tempfile.TemporaryDirectory() as folder:
        synth(program, folder, n)
        ids = [json.loads(line)["id"] for line in open(os.path.join(folder, "scores.jsonl"))]
        usual = None
        for kind, score in kinds.items():
            with open(os.path.join(folder, "hard.jsonl"), "w") as f:
                for i, name in enumerate(ids):
                    f.write(json.dumps({"id": name, "score": score(i)}) + "\n")
            seconds, mebibytes, code = timed(program, f"simulate route --outcomes outcomes.jsonl --ladder {LADDER} --scores hard.jsonl", folder)
            usual = usual or seconds
            print(f"simulate route, scores {kind:13} {seconds:7.2f} s {mebibytes:6.0f} MiB  × {seconds / usual:.2f} {'' if code == 0 else f'exit {code}'}", flush=True)
        rows = open(os.path.join(folder, "prompts.jsonl")).read().splitlines()
        row = json.loads(rows[0])
        usual = None
        for kind, text in {"usual": None, "one text of 4 MiB of words": "word " * 800_000, "one of 4 MiB of spaces": "a" + " " * 4_000_000 + "b", "one of 4 MiB of one letter": "x" * 4_000_000}.items():
            with open(os.path.join(folder, "long.jsonl"), "w") as f:
                if text:
                    f.write(json.dumps({**row, "id": "long", "prompt": text}) + "\n")
                f.write("\n".join(rows[:2000]) + "\n")
            for verb, command in {"data validate": "data validate long.jsonl", "build": "build --prompts long.jsonl --out a.safetensors", "bench": "bench --prompts long.jsonl"}.items():
                seconds, mebibytes, code = timed(program, command, folder)
                print(f"{verb:14} {kind:28} {seconds:7.2f} s {mebibytes:6.0f} MiB {'' if code == 0 else f'exit {code}'}", flush=True)


def start(program):
    for flag in ("--version", "--help"):
        runs = [timed(program, flag, ".") for _ in range(50)]
        print(f"{flag:9} {min(run[0] for run in runs) * 1000:.1f} ms at least, {sorted(run[0] for run in runs)[25] * 1000:.1f} ms in the middle of 50, {max(run[1] for run in runs):.0f} MiB")


def main():
    arguments = sys.argv[1:]
    program = os.path.abspath(arguments.pop(0))
    if arguments[:1] == ["--start"]:
        start(program)
        return
    if arguments[:1] == ["--hard"]:
        hard(program, int(arguments[1]) if len(arguments) > 1 else 100_000)
        return
    if arguments[:1] == ["--vectors"]:
        grow_vectors(program, [int(n) for n in arguments[1:]] or [20_000, 200_000])
        return
    grow(program, [int(n) for n in arguments] or [10_000, 100_000])


main()
