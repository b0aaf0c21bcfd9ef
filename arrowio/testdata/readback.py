"""Reads with pyarrow, pandas, Polars and DuckDB what arrowio wrote, and compares
it value for value and type for type with what it was made of.

usage: readback.py folder

The folder has sample.* in every format, and expected.json: {"columns": [{"name",
"type", "values"}]}, type as pyarrow names it, values as JSON has them (times as
ISO text, bytes as hexadecimal). Prints one line a check; fails on the first
difference.
"""

import datetime
import json
import math
import pathlib
import sys

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.dataset
import pyarrow.feather
import pyarrow.ipc
import pyarrow.json
import pyarrow.parquet as pq

folder = pathlib.Path(sys.argv[1])
expected = json.loads((folder / "expected.json").read_text())["columns"]
checks = 0


def plain(v):
    """A value as expected.json has it."""
    if isinstance(v, datetime.datetime):
        v = v.astimezone(datetime.timezone.utc)
        return v.strftime("%Y-%m-%dT%H:%M:%S") + f".{getattr(v, 'nanosecond', 0) + v.microsecond * 1000:09d}"
    if isinstance(v, (bytes, bytearray)):
        return bytes(v).hex()
    if hasattr(v, "tolist") and not isinstance(v, (str, list, dict)):
        v = v.tolist()
    if isinstance(v, list):
        return [plain(x) for x in v]
    if isinstance(v, dict):
        return {k: plain(x) for k, x in v.items()}
    if v is pd.NA or v is pd.NaT or isinstance(v, float) and math.isnan(v):
        return None
    return v


def same(what, columns, get, names=None):
    global checks
    for c in columns:
        if names is not None and c["name"] not in names:
            continue
        got = [plain(v) for v in get(c["name"])]
        if got != c["values"]:
            sys.exit(f"{what}: column {c['name']}: got {got}, want {c['values']}")
        checks += 1
    print("ok", what)


def micro(columns):
    """Times cut to microseconds, for readers that have no nanoseconds."""
    return [dict(c, values=[v[:-3] + "000" for v in c["values"]]) if c["type"].startswith("timestamp") else c for c in columns]


def arrow(what, t):
    for c in expected:
        got = str(t.schema.field(c["name"]).type).replace("<element:", "<item:")  # as Parquet wants a list's values named
        if got != c["type"]:
            sys.exit(f"{what}: column {c['name']} is {got}, want {c['type']}")
    t.validate(full=True)
    same("pyarrow " + what, expected, lambda n: nanos(t[n]))


def nanos(col):
    """Values of an Arrow column; timestamps keep their nanoseconds."""
    if pa.types.is_timestamp(col.type):
        return [None if v is None else pd.Timestamp(v, unit="ns", tz="UTC") for v in col.cast(pa.timestamp("ns", col.type.tz)).cast(pa.int64()).to_pylist()]
    return col.to_pylist()


for name in ["sample.arrow", "sample-batches.arrow", "sample-lz4.arrow", "sample-zstd.arrow"]:
    arrow(name, pa.ipc.open_file(str(folder / name)).read_all())
    arrow(name + " as feather", pa.feather.read_table(str(folder / name)))
arrow("sample.arrows", pa.ipc.open_stream(str(folder / "sample.arrows")).read_all())
for name in ["sample.parquet", "sample-snappy.parquet", "sample-gzip.parquet", "sample-brotli.parquet", "sample-none.parquet"]:
    arrow(name, pq.read_table(str(folder / name)))

meta = pq.read_metadata(str(folder / "sample-snappy.parquet"))
assert meta.num_row_groups == 2, meta
by_name = {meta.row_group(0).column(i).path_in_schema: meta.row_group(0).column(i) for i in range(meta.num_columns)}
stats = by_name["n"].statistics
assert by_name["n"].compression == "SNAPPY" and (stats.min, stats.max, stats.null_count) == (-2, 3, 0), stats
assert by_name["score"].statistics.null_count == 0 and by_name["small"].statistics.null_count == 1
print("ok parquet metadata")

# pandas
for what, df in {"feather": pd.read_feather(folder / "sample.arrow"), "parquet": pd.read_parquet(folder / "sample.parquet")}.items():
    same("pandas " + what, expected, lambda n: df[n].tolist(), names=["text", "score", "n", "single", "when", "group", "ids", "rewards", "maybe", "raw"])
    assert str(df["n"].dtype) == "int64" and str(df["group"].dtype) == "category" and str(df["when"].dtype) == "datetime64[ns, UTC]", df.dtypes

# Polars
want = {"text": pl.String, "score": pl.Float64, "n": pl.Int64, "small": pl.Int32, "single": pl.Float32, "ok": pl.Boolean,
        "when": pl.Datetime("ns", "UTC"), "ids": pl.List(pl.Int32), "rewards": pl.List(pl.Float64), "maybe": pl.String, "raw": pl.Binary}
for what, df in {"ipc": pl.read_ipc(folder / "sample.arrow"), "ipc batches": pl.read_ipc(folder / "sample-batches.arrow"),
                 "stream": pl.read_ipc_stream(folder / "sample.arrows"), "parquet": pl.read_parquet(folder / "sample.parquet")}.items():
    for n, t in want.items():
        assert df.schema[n] == t, (what, n, df.schema[n])
    same("polars " + what, micro(expected), lambda n: df[n].to_list())

# DuckDB
for what, rel in {"parquet": duckdb.sql(f"select * from '{folder}/sample.parquet'"),
                  "parquet row groups": duckdb.sql(f"select * from '{folder}/sample-snappy.parquet'"),
                  "arrow": duckdb.from_arrow(pa.ipc.open_file(str(folder / "sample.arrow")).read_all())}.items():
    t = rel.to_arrow_table()
    nano = t.schema.field("when").type.unit == "ns"
    same("duckdb " + what, expected if nano else micro(expected), lambda n: nanos(t[n]))

# text formats
flat = ["text", "score", "n", "small", "ok", "maybe"]
csv = pa.csv.read_csv(str(folder / "sample.csv"), parse_options=pa.csv.ParseOptions(newlines_in_values=True),
                      convert_options=pa.csv.ConvertOptions(strings_can_be_null=True, quoted_strings_can_be_null=False))
same("pyarrow csv", expected, lambda n: csv[n].to_pylist(), names=flat)
js = pa.json.read_json(str(folder / "sample.jsonl"))
same("pyarrow json", expected, lambda n: js[n].to_pylist(), names=flat + ["single", "group", "ids", "rewards", "note"])
with open(folder / "sample.jsonl", encoding="utf-8") as f:
    rows = [json.loads(line) for line in f]
same("json", expected, lambda n: [r[n] for r in rows], names=flat + ["single", "group", "ids", "rewards", "note"])
df = pd.read_csv(folder / "sample.csv", keep_default_na=False, na_values={"score": "", "small": ""})
same("pandas csv", expected, lambda n: df[n].tolist(), names=["text", "score", "n", "small"])
df = pl.read_csv(folder / "sample.csv")
same("polars csv", expected, lambda n: df[n].to_list(), names=["score", "n", "small", "ok"])
rows = duckdb.sql(f"select * from read_csv('{folder}/sample.csv', allow_quoted_nulls=false)")
t = rows.to_arrow_table()
same("duckdb csv", expected, lambda n: t[n].to_pylist(), names=flat)

# The other way: what they write, for arrowio to read.
t = pa.ipc.open_file(str(folder / "sample.arrow")).read_all()
pq.write_table(t, str(folder / "from-pyarrow.parquet"), row_group_size=3)
with pa.ipc.new_stream(str(folder / "from-pyarrow.arrows"), t.schema) as w:
    for b in t.to_batches(max_chunksize=3):
        w.write_batch(b)
pa.feather.write_feather(t, str(folder / "from-pyarrow.arrow"), compression="lz4", chunksize=3)
large = t.set_column(0, "text", t["text"].cast(pa.large_string()))
pa.feather.write_feather(large, str(folder / "from-pyarrow-large.arrow"), compression="uncompressed")
p = pl.read_ipc(folder / "sample.arrow").drop("group")
p.write_ipc(folder / "from-polars.arrow")
p.write_parquet(folder / "from-polars.parquet")
duckdb.sql(f"copy (select * exclude (\"group\") from '{folder}/sample.parquet') to '{folder}/from-duckdb.parquet'")
print(checks, "columns compared")
