"""Times plain Python and datasketch on the prompts of bench_test.go.

usage: peers.py ids.i32 offsets.i64 seeds vocabulary thresholds...
Prints a JSON object: brute force in seconds (from a sample), and for each threshold
what datasketch's MinHash LSH took, kept and found.
"""

import json
import sys
import time

import numpy
from datasketch import MinHash, MinHashLSH, __version__

PERMUTATIONS = 128  # datasketch's default
QUERIES = 20  # of brute force
SAMPLE = 400  # candidates whose recall is measured


def mixed(grams):
    """32-bit hashes of 2-grams: cheaper than datasketch's own SHA-1 of bytes."""
    h = numpy.asarray(grams, dtype=numpy.uint64) * numpy.uint64(0x9E3779B97F4A7C15)
    return (h >> numpy.uint64(32)).tolist()


def jaccard(a, b):
    both = len(a & b)
    return both / (len(a) + len(b) - both) if both else 0.0


def main():
    ids = numpy.fromfile(sys.argv[1], dtype=numpy.int32).astype(numpy.int64)
    offsets = numpy.fromfile(sys.argv[2], dtype=numpy.int64)
    seeds, vocabulary = int(sys.argv[3]), int(sys.argv[4])
    prompts = [ids[a:b] for a, b in zip(offsets[:-1], offsets[1:])]

    start = time.perf_counter()
    sets = [set((p[:-1] * vocabulary + p[1:]).tolist()) for p in prompts]
    making = time.perf_counter() - start
    candidates = range(seeds, len(sets))

    start = time.perf_counter()
    for c in list(candidates)[:QUERIES]:
        max(jaccard(sets[c], sets[s]) for s in range(seeds))
    brute = making + (time.perf_counter() - start) * len(candidates) / QUERIES

    start = time.perf_counter()
    signatures = []
    for s in sets:
        m = MinHash(num_perm=PERMUTATIONS, hashfunc=lambda h: h)
        if s:
            m.update_batch(mixed(list(s)))
        signatures.append(m)
    signing = making + time.perf_counter() - start

    sample = list(candidates)[:SAMPLE]
    near = [[(jaccard(sets[c], sets[s]), s) for s in range(seeds)] for c in sample]
    out = {"version": __version__, "brute": brute, "lsh": []}
    for t in map(float, sys.argv[5:]):
        start = time.perf_counter()
        lsh = MinHashLSH(threshold=t, num_perm=PERMUTATIONS)
        for s in range(seeds):
            if sets[s]:
                lsh.insert(s, signatures[s])
        kept = 0
        for c in candidates:
            if sets[c] and any(jaccard(sets[c], sets[o]) >= t for o in lsh.query(signatures[c])):
                continue
            kept += 1
            if sets[c]:
                lsh.insert(c, signatures[c])
        took = signing + time.perf_counter() - start
        found = pairs = 0
        for c, others in zip(sample, near):
            similar = {s for j, s in others if j >= t}
            pairs += len(similar)
            if similar:
                found += len(similar & set(lsh.query(signatures[c])))
        out["lsh"].append({"threshold": t, "seconds": took, "kept": kept, "recall": found / max(1, pairs), "pairs": pairs})
    json.dump(out, sys.stdout)


main()
