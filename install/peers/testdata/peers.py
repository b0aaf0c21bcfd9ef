"""Times the operations of bench_test.go in Polars and pandas, one at a time.

usage: peers.py table.arrow right.arrow
Prints a line of JSON, the names of the peers, then for each line of input, the
name of an operation, one more: peer -> [milliseconds, rows of the result].
"""

import json
import sys
import time

import pandas as pd
import polars as pl

t, r = pl.read_ipc(sys.argv[1]).rechunk(), pl.read_ipc(sys.argv[2]).rechunk()
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
td, rd = t.to_pandas(), r.to_pandas()
pandas = {
    "filter": lambda: td[(td.x > 0.5) & (td.k < 500)],
    "sort float": lambda: td.sort_values("x"),
    "group int": lambda: td.groupby("k").agg(n=("x", "size"), m=("x", "mean"), s=("y", "sum"), M=("x", "max")),
    "group text": lambda: td.groupby("s").agg(n=("x", "size"), m=("x", "mean")),
    "join": lambda: td.merge(rd, on="j", how="inner"),
}
peers = {"polars " + pl.__version__: polars, "pandas " + pd.__version__: pandas}
print(json.dumps(list(peers)), flush=True)
for line in sys.stdin:
    times = {}
    for peer, operations in peers.items():
        if run := operations.get(line.strip()):
            start = time.perf_counter()
            out = run()
            times[peer] = [(time.perf_counter() - start) * 1000, len(out)]
            del out
    print(json.dumps(times), flush=True)
