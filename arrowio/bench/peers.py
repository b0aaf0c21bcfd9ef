"""Times the operations of bench_test.go in Polars and pandas.

usage: peers.py table.arrow right.arrow repeats
Prints a JSON object: peer -> operation -> [best milliseconds, rows of the result].
"""

import json
import sys
import time

import pandas as pd
import polars as pl


def best(f, repeats):
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        out = f()
        times.append((time.perf_counter() - start) * 1000)
        rows = len(out)
        del out
    return [min(times), rows]


def main():
    table, right, repeats = sys.argv[1], sys.argv[2], int(sys.argv[3])
    t, r = pl.read_ipc(table).rechunk(), pl.read_ipc(right).rechunk()
    polars = {
        "filter": lambda: t.filter((pl.col("x") > 0.5) & (pl.col("k") < 500)),
        "sort float": lambda: t.sort("x"),
        "sort int desc, float": lambda: t.sort(["k", "x"], descending=[True, False]),
        "sort text": lambda: t.sort("s"),
        "group int": lambda: t.group_by("k").agg(pl.len(), pl.col("x").mean(), pl.col("y").sum(), pl.col("x").max().alias("M")),
        "group text": lambda: t.group_by("s").agg(pl.len(), pl.col("x").mean()),
        "group two": lambda: t.group_by("k", "b").agg(pl.len(), pl.col("x").mean()),
        "group all different": lambda: t.group_by("id").agg(pl.len(), pl.col("x").sum()),
        "join": lambda: t.join(r, on="j", how="inner"),
        "join left text": lambda: t.join(r.rename({"t": "s"}), on="s", how="left"),
    }
    out = {"polars " + pl.__version__: {name: best(f, repeats) for name, f in polars.items()}}
    t, r = t.to_pandas(), r.to_pandas()
    pandas = {
        "filter": lambda: t[(t.x > 0.5) & (t.k < 500)],
        "sort float": lambda: t.sort_values("x"),
        "group int": lambda: t.groupby("k").agg(n=("x", "size"), m=("x", "mean"), s=("y", "sum"), M=("x", "max")),
        "group text": lambda: t.groupby("s").agg(n=("x", "size"), m=("x", "mean")),
        "join": lambda: t.merge(r, on="j", how="inner"),
    }
    out["pandas " + pd.__version__] = {name: best(f, 1) for name, f in pandas.items()}
    json.dump(out, sys.stdout)


main()
