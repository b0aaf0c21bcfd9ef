"""Reads with pyarrow, pandas, Polars, DuckDB and nanoarrow what arrowio wrote,
compares it value for value and type for type, and writes what arrowio reads next.

usage: readback.py folder
"""

import csv
import datetime as dt
import json
import os
import pathlib
import sys

os.environ["RUST_BACKTRACE"] = "0"  # Polars panics, within reason, on what it lacks
import duckdb
import every
import nanoarrow as na
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.ipc
import pyarrow.json
import pyarrow.parquet as pq

folder = pathlib.Path(sys.argv[1])
want = every.table()
checks = 0


def at(name):
    return str(folder / name)


def spell(type):
    """A type as text; Parquet's own name of a list's values is no difference."""
    return str(type).replace("<element:", "<item:")


def same(what, got, want, columns=None):
    """Fails unless two Arrow tables are equal: NaN is NaN, -0.0 is not 0.0."""
    global checks
    got.validate(full=True)
    assert got.column_names == want.column_names, (what, got.column_names)
    for name in columns or want.column_names:
        g, w = got[name], want[name]
        assert spell(g.type) == spell(w.type), f"{what}: {name} is {g.type}, want {w.type}"
        assert repr(g.to_pylist()) == repr(w.to_pylist()), f"{what}: {name}: got {g.to_pylist()}, want {w.to_pylist()}"
        checks += 1
    print("ok", what)


def lacks(what, convert):
    """The columns that a reader has no type for, found on pyarrow's table."""
    out = set()
    for name in want.column_names:
        try:
            convert(want.select([name]))
        except (Exception, pl.exceptions.PanicException) as e:
            out.add(name)
            print(f"   {what} has no {want[name].type}: {str(e).splitlines()[0][:90]}")
    return out


# pyarrow: the very table, type for type.
for name in ["every.arrow", "every-batches.arrow", "every-lz4.arrow", "every-zstd.arrow"]:
    same("pyarrow " + name, pa.ipc.open_file(at(name)).read_all(), want)
    same("pyarrow " + name + " as feather", pa.feather.read_table(at(name)), want)
assert pa.ipc.open_file(at("every-batches.arrow")).num_record_batches == 3
same("pyarrow every.arrows", pa.ipc.open_stream(at("every.arrows")).read_all(), want)
with pa.memory_map(at("every.arrow")) as f:
    same("pyarrow mapped", pa.ipc.open_file(f).read_all(), want)

# Parquet: as pyarrow gives back what it wrote itself (Parquet has no seconds).
pq.write_table(want, at("pyarrow.parquet"))
parquet = pq.read_table(at("pyarrow.parquet"))
for name in ["every", "every-snappy", "every-gzip", "every-brotli", "every-none"]:
    same(f"pyarrow {name}.parquet", pq.read_table(at(name + ".parquet")), parquet)
meta = pq.read_metadata(at("every-snappy.parquet"))
assert meta.num_row_groups == 3 and meta.row_group(0).num_rows == 2 and meta.row_group(2).num_rows == 1, meta
group = {meta.row_group(0).column(i).path_in_schema: meta.row_group(0).column(i) for i in range(meta.num_columns)}
stats = {n: group[n].statistics for n in ("int64", "uint8", "float64", "string", "date32", "timestamp_us")}
assert group["int64"].compression == "SNAPPY" and (stats["int64"].min, stats["int64"].max, stats["int64"].null_count) == (2**63 - 1, 2**63 - 1, 1), stats["int64"]
assert (stats["uint8"].min, stats["uint8"].max) == (255, 255), stats["uint8"]
assert stats["string"].null_count == 1 and stats["string"].min == "" and stats["date32"].max == dt.date(2024, 2, 29), stats
assert not stats["float64"].has_min_max, "a NaN is no bound"
found = pq.read_table(at("every-snappy.parquet"), filters=[("int64", "<", -1)])["int64"].to_pylist()
assert found == [-(2**63)], found  # row groups are skipped by their statistics
print("ok parquet metadata")

for kind, none, nothing in [("arrow", pa.ipc.open_file(at("empty.arrow")).read_all(), pa.ipc.open_file(at("zero.arrow")).read_all()),
                            ("stream", pa.ipc.open_stream(at("empty.arrows")).read_all(), pa.ipc.open_stream(at("zero.arrows")).read_all()),
                            ("parquet", pq.read_table(at("empty.parquet")), pq.read_table(at("zero.parquet")))]:  # fmt: skip
    same(f"no rows, {kind}", none, (parquet if kind == "parquet" else want).slice(0, 0))
    assert nothing.num_columns == 0, (kind, nothing.schema)

# nanoarrow decodes the stream by itself; pyarrow only compares.
lacking = lacks("nanoarrow", lambda t: pa.RecordBatchReader.from_stream(na.ArrayStream(t)).read_all())
assert lacking == set(), lacking
# It verifies every table of a schema, which other readers do not.
read = pa.RecordBatchReader.from_stream(na.ArrayStream.from_path(at("every.arrows"))).read_all()
same("nanoarrow stream", read, want)
batches = list(na.ArrayStream.from_path(at("every.arrows")))
rows = [v for b in batches for v in b.child(0).to_pylist()]
assert len(batches) == 5 and rows == want["bool"].to_pylist(), (len(batches), rows)

# pandas, over Arrow's types: as it makes them of pyarrow's table.
frame = want.to_pandas(types_mapper=pd.ArrowDtype)
frames = {"feather": pd.read_feather(at("every.arrow"), dtype_backend="pyarrow"),
          "parquet": pd.read_parquet(at("every.parquet"), dtype_backend="pyarrow")}  # fmt: skip
for what, df in frames.items():
    like = parquet.to_pandas(types_mapper=pd.ArrowDtype) if what == "parquet" else frame
    assert list(df.columns) == list(like.columns)
    for name in like.columns:
        assert spell(df[name].dtype) == spell(like[name].dtype), (what, name, df[name].dtype)
        assert repr(list(df[name])) == repr(list(like[name])), (what, name, list(df[name]))
        checks += 1
    print("ok pandas", what)
# and over its own
columns = [n for n in want.column_names if n != "time64ns"]  # which datetime.time cannot hold
df, like = (pd.read_parquet(at(f), columns=columns) for f in ("every.parquet", "pyarrow.parquet"))
for name in like.columns:
    assert df[name].dtype == like[name].dtype and repr(list(df[name])) == repr(list(like[name])), (name, df[name].dtype)
    checks += 1
print("ok pandas with numpy")

# Polars and DuckDB, which have types of their own: as they make them of pyarrow's table.
lacking = lacks("polars", pl.from_arrow)
assert lacking == {"decimal256"}, lacking
columns = [n for n in want.column_names if n not in lacking]
like = pl.from_arrow(want.select(columns))
for what, df in {"ipc": pl.read_ipc(at("every.arrow"), columns=columns), "batches": pl.read_ipc(at("every-batches.arrow"), columns=columns), "lz4": pl.read_ipc(at("every-lz4.arrow"), columns=columns),
                 "zstd": pl.read_ipc(at("every-zstd.arrow"), columns=columns), "stream": pl.read_ipc_stream(at("every.arrows"), columns=columns)}.items():  # fmt: skip
    for name in like.columns:
        assert df[name].dtype == like[name].dtype, (what, name, df[name].dtype, like[name].dtype)
        assert repr(df[name].to_list()) == repr(like[name].to_list()), (what, name, df[name].to_list())
        checks += 1
    print("ok polars", what)
like = pl.read_parquet(at("pyarrow.parquet"), columns=columns)
for f in ["every.parquet", "every-snappy.parquet", "every-none.parquet"]:
    df = pl.read_parquet(at(f), columns=columns)
    for name in like.columns:
        assert df[name].dtype == like[name].dtype, (f, name, df[name].dtype, like[name].dtype)
        assert repr(df[name].to_list()) == repr(like[name].to_list()), (f, name, df[name].to_list())
        checks += 1
    print("ok polars", f)

lacking = lacks("duckdb", lambda t: duckdb.from_arrow(t).to_arrow_table())
assert lacking == {"float16", "decimal256"}, lacking
kept = [n for n in want.column_names if n not in lacking]
# Arrow for Go marks a time of day as one of UTC, as Arrow for C++ did before 2025;
# DuckDB alone has a type for that.
times = [n for n in kept if n.startswith("time") and "stamp" not in n]
replace = ", ".join(f"{n}::TIME AS {n}" for n in times)
exclude = f"select * exclude ({', '.join(lacking)}) replace ({replace}) from "
for f, like in [("every.arrow", duckdb.from_arrow(want.select(kept))), ("every.parquet", duckdb.sql(f"{exclude} '{folder}/pyarrow.parquet'")),
                ("every-snappy.parquet", duckdb.sql(f"{exclude} '{folder}/pyarrow.parquet'"))]:  # fmt: skip
    if f.endswith("arrow"):
        rel = duckdb.from_arrow(pa.ipc.open_file(at(f)).read_all().select(kept))
    else:
        rel = duckdb.sql(f"{exclude} '{folder}/{f}'")
    assert rel.types == like.types, (f, rel.types, like.types)
    same("duckdb " + f, rel.to_arrow_table(), like.to_arrow_table())

# CSV: numbers, texts that need quotation marks, null beside the empty text.
texts = ["plain", "", None, 'say "hi", or', "two\nlines", " spaces ", "NA", "null", "007", "=1+1", "żółć 🎈", "\ttab", "'single'", "a;b"]
ints = [1, None, -3, 2**63 - 1, -(2**63), 0, 7, 8, 9, 10, 11, 12, 13, 14]
floats = [0.5, -0.25, None, 1e300, 5e-324, 1.0, 2.0, 3.0, 1e21, 0.1, 1 / 3, -1e-7, 123456.789, 0.0]
bools = [True, False, None] + [True] * 11
days = [dt.date(2024, 2, 29), None] + [dt.date(1999, 12, 31)] * 12
like = {"text": texts, "int": ints, "float": floats, "bool": bools, "day": days}


def equal(what, get, columns, blank=False):
    global checks
    for name in columns:
        values = [v or "" for v in like[name]] if blank and name == "text" else like[name]
        got = [None if isinstance(v, float) and v != v or v is pd.NA else v for v in get(name)]
        assert repr(got) == repr(values), f"{what}: {name}: got {got}, want {values}"
        checks += 1
    print("ok", what)


with open(at("text.csv"), newline="", encoding="utf-8") as f:
    rows = list(csv.DictReader(f))
assert [r["text"] for r in rows] == [t or "" for t in texts], rows
assert [float(r["float"]) for r in rows if r["float"]] == [v for v in floats if v is not None]
t = pa.csv.read_csv(at("text.csv"), parse_options=pa.csv.ParseOptions(newlines_in_values=True),
                    convert_options=pa.csv.ConvertOptions(strings_can_be_null=True, quoted_strings_can_be_null=False, null_values=[""]))  # fmt: skip
assert [str(f.type) for f in t.schema] == ["string", "int64", "double", "bool", "date32[day]"], t.schema
equal("pyarrow csv", lambda n: t[n].to_pylist(), like)
df = pd.read_csv(at("text.csv"), dtype_backend="numpy_nullable", keep_default_na=False, na_values={n: [""] for n in ("int", "float", "bool")})
assert [str(d) for d in df.dtypes][1:4] == ["Int64", "Float64", "boolean"], df.dtypes
equal("pandas csv", lambda n: df[n].tolist(), ["text", "int", "float", "bool"], blank=True)
df = pl.read_csv(at("text.csv"), try_parse_dates=True)
assert df.dtypes == [pl.String, pl.Int64, pl.Float64, pl.Boolean, pl.Date], df.dtypes
equal("polars csv", lambda n: df[n].to_list(), like)
rel = duckdb.read_csv(at("text.csv"), allow_quoted_nulls=False)
assert [str(x) for x in rel.types] == ["VARCHAR", "BIGINT", "DOUBLE", "BOOLEAN", "DATE"], rel.types
equal("duckdb csv", lambda n: rel.to_arrow_table()[n].to_pylist(), like)

# JSON lines: nested values, and integers that a float cannot hold.
like["day"] = [d and str(d) for d in days]
nested = [{"who": "a", "marks": [1, None, 2**53 + 1]}, None, {"who": None, "marks": []}] + [{"who": "z", "marks": []}] * 11
big = [2**64 - 1, None, 0] + [2**53 + 1] * 11
like |= {"nested": nested, "big": big}
with open(at("text.jsonl"), encoding="utf-8") as f:
    rows = [json.loads(line) for line in f]
assert [list(r) for r in rows] == [list(like)] * 14
equal("json", lambda n: [r[n] for r in rows], like)
t = pa.json.read_json(at("text.jsonl"))
equal("pyarrow json", lambda n: t[n].to_pylist(), ["text", "int", "float", "bool", "nested"])
df = pl.read_ndjson(at("text.jsonl"), infer_schema_length=None)
equal("polars json", lambda n: df[n].to_list(), ["text", "int", "float", "bool", "nested"])
rel = duckdb.read_json(at("text.jsonl"))
equal("duckdb json", lambda n: [r[rel.columns.index(n)] for r in rel.fetchall()], ["text", "int", "float", "bool", "nested", "big"])
df = pd.read_json(at("text.jsonl"), lines=True, engine="pyarrow", dtype_backend="pyarrow")  # its own engine ends at 5e-324
equal("pandas json", lambda n: df[n].tolist(), ["text", "int", "float", "bool"])

# The other way: what they write, for arrowio to read.
pq.write_table(want, at("from-pyarrow.parquet"), row_group_size=2)
pq.write_table(want, at("from-pyarrow-v1.parquet"), compression="gzip", use_dictionary=False, data_page_version="2.0")
with pa.ipc.new_stream(at("from-pyarrow.arrows"), want.schema) as w:
    for b in want.to_batches(max_chunksize=2):
        w.write_batch(b)
pa.feather.write_feather(want, at("from-pyarrow-lz4.arrow"), compression="lz4", chunksize=2)
pa.feather.write_feather(want, at("from-pyarrow-zstd.arrow"), compression="zstd")
pa.feather.write_feather(want, at("from-pyarrow.arrow"), compression="uncompressed")
frame = pl.from_arrow(want.select(columns)).drop("time32s", "time32ms", "time64us")  # it has nanoseconds only
frame.write_ipc(at("from-polars.arrow"))
frame.write_ipc_stream(at("from-polars.arrows"), compat_level=pl.CompatLevel.oldest())
frame.write_parquet(at("from-polars.parquet"))
# DuckDB's Parquet has no negative durations, one type of time of day, and a fault:
# lists of a fixed size with nulls have fewer values than their offsets say.
kept = [n for n in kept if not n.startswith(("duration", "time32", "fixed_list"))]
duckdb.from_arrow(want.select(["fixed_list"])).write_parquet(at("faulty.parquet"))
duckdb.from_arrow(want.select(kept)).write_parquet(at("from-duckdb.parquet"))
twice = pa.table([[1], [2], [3]], names=["n", "n", "n_2"])
pa.feather.write_feather(twice, at("twice.arrow"), compression="uncompressed")
pq.write_table(twice, at("twice.parquet"))
print(checks, "columns compared")
