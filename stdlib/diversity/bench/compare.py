"""Diversity beside Python, on the same ids in one run.

    python3 -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python compare.py [prompts, 1000000 by default]

Python computes d of all prompts once, as the official code does it: a list of all
2-grams and a set of it. Divvy computes the whole curve, d at every prefix size, the
best of five times; Python's is the best of two.
datasketch's HyperLogLog gets the first 20,000 prompts (it is per 2-gram that
counts). Needs about 90 bytes of memory a 2-gram for Python's list and set.
"""

import math
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import numpy
from datasketch import HyperLogLogPlusPlus

PACKAGE = pathlib.Path(__file__).resolve().parent.parent
LENGTH, VOCAB = 60, 32000


def make(prompts):
    """Ids of a Zipf law (exponent 1.05, shift 2.7), dealt out at random."""
    r = numpy.random.default_rng(42)
    weights = (numpy.arange(VOCAB) + 2.7) ** -1.05
    ids = r.choice(VOCAB, size=prompts * LENGTH, p=weights / weights.sum())
    return r.permutation(VOCAB)[ids].astype("<i4").reshape(prompts, LENGTH)


def official(prompts):
    grams = []
    for ids in prompts:
        for i in range(len(ids) - 1):
            grams.append((ids[i], ids[i + 1]))
    unique = len(set(grams))
    return len(prompts) ** 0.5 * unique / len(grams), unique


def main():
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    ids = make(n)
    grams = n * (LENGTH - 1)
    lists = ids.tolist()
    python = math.inf
    for _ in range(2):
        start = time.perf_counter()
        d, unique = official(lists)
        python = min(python, (time.perf_counter() - start) * 1e9 / grams)
    sketch = HyperLogLogPlusPlus(p=16)
    start = time.perf_counter()
    for row in ids[:20000]:
        for i in range(LENGTH - 1):
            sketch.update(row[i : i + 2].tobytes())
    datasketch = (time.perf_counter() - start) * 1e9 / (min(n, 20000) * (LENGTH - 1))
    del lists
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "ids"
        path.write_bytes(ids.tobytes())
        text = subprocess.run(["go", "test", "-run", "xxx", "-bench", "Curve", "-benchtime", "1x", "-count", "5", "."], cwd=PACKAGE, capture_output=True,
                              text=True, check=True, env={**os.environ, "DIVVY_BENCH_IDS": str(path)}).stdout
    assert f"unique {unique}" in text, f"Python counts {unique} distinct 2-grams, Divvy another number:\n{text}"
    print(f"{grams} 2-grams, {unique} distinct, d = {d:.4f}; {os.cpu_count()} cores\n")
    print("| what | ns/N-gram | official Python takes, times |\n|---|---:|---:|")
    print(f"| official Python, d once, N=2 | {python:.1f} | 1 |")
    print(f"| datasketch HyperLogLog++ (p=16), N=2 | {datasketch:.1f} | {python / datasketch:.1f} |")
    best = {}
    for name, speed in re.findall(r"Benchmark(Curve\S*?)(?:-\d+)?\s+\d+\s.*?([\d.]+) ns/gram", text):
        best[name] = min(float(speed), best.get(name, math.inf))
    for name, speed in best.items():
        print(f"| Divvy {name} | {speed:.2f} | {python / speed:.0f} |")


main()
