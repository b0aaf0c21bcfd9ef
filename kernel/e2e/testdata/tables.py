"""Tables that a cell wrote, read by pyarrow, pandas, Polars and DuckDB, and back."""

import datetime as dt
import math
import pathlib
import tempfile

import duckdb
import pandas
import polars
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet
from harness import KernelCase

UTC = dt.timezone.utc

# A row for every edge: empty, hostile and null.
WRITE = """
import "time"
import "math"
valid := []bool{true, true, false}
t, err := arrowio.NewTable().
	Strings("text", []string{"\\n\\nHuman: <script>alert('x')</script> é漢🙂", "", "unseen"}).Valid(valid).
	Floats("float64", []float64{0.1, math.Inf(-1), 0}).Valid(valid).
	Float32s("float32", []float32{1.5, -0.25, 0}).Valid(valid).
	Ints("int", []int{math.MaxInt64, math.MinInt64, 0}).Valid(valid).
	Int64s("int64", []int64{1, -1, 0}).Valid(valid).
	Int32s("int32", []int32{math.MaxInt32, math.MinInt32, 0}).Valid(valid).
	Bools("bool", []bool{true, false, true}).Valid(valid).
	Times("time", []time.Time{time.Date(2024, 3, 17, 12, 30, 15, 123456789, time.UTC), time.Unix(0, 0), time.Unix(1, 0)}).Valid(valid).
	Categories("category", []string{"harmless", "helpful", "harmless"}).Valid(valid).
	IntLists("int_list", [][]int32{{1, 2, 3}, {}, {4}}).Valid(valid).
	FloatLists("float_list", [][]float64{{0.5}, {}, {1}}).Valid(valid).
	Strings("no_null", []string{"a", "b", "c"}).
	Build()
if err != nil {
	panic(err)
}
"""

WANT = {
    "text": ["\n\nHuman: <script>alert('x')</script> é漢🙂", "", None],
    "float64": [0.1, -math.inf, None],
    "float32": [1.5, -0.25, None],
    "int": [2**63 - 1, -(2**63), None],
    "int64": [1, -1, None],
    "int32": [2**31 - 1, -(2**31), None],
    "bool": [True, False, None],
    "time": [
        pandas.Timestamp("2024-03-17T12:30:15.123456789Z"),
        pandas.Timestamp(0, tz="UTC"),
        None,
    ],
    "category": ["harmless", "helpful", None],
    "int_list": [[1, 2, 3], [], None],
    "float_list": [[0.5], [], None],
    "no_null": ["a", "b", "c"],
}

TYPES = {
    "text": pa.string(),
    "float64": pa.float64(),
    "float32": pa.float32(),
    "int": pa.int64(),
    "int64": pa.int64(),
    "int32": pa.int32(),
    "bool": pa.bool_(),
    "time": pa.timestamp("ns", tz="UTC"),
    "int_list": pa.list_(pa.int32()),
    "float_list": pa.list_(pa.float64()),
    "no_null": pa.string(),
}


class Tables(KernelCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        tmp = tempfile.TemporaryDirectory()
        cls.addClassCleanup(tmp.cleanup)
        cls.dir = pathlib.Path(tmp.name)

    def setUp(self):
        self.path = self.dir / f"{self._testMethodName}.file"

    def write(self, method):
        self.ok(WRITE)
        self.ok(f"if err := t.{method}({go(self.path)}); err != nil {{ panic(err) }}")

    def check(self, table):
        table.validate(full=True)
        self.assertEqual(table.column_names, list(WANT))
        for name, values in WANT.items():
            with self.subTest(column=name):
                self.assertEqual(table[name].to_pylist(), values)
                if name in TYPES:  # a category may come back as plain text
                    self.assertEqual(table.schema.field(name).type, TYPES[name])

    def test_pyarrow_reads_ipc(self):
        self.write("WriteIPC")
        with pa.memory_map(str(self.path)) as f:
            table = pa.ipc.open_file(f).read_all()
            self.check(table)
            self.assertTrue(pa.types.is_dictionary(table.schema.field("category").type))

    def test_pyarrow_reads_parquet(self):
        self.write("WriteParquet")
        self.check(pa.parquet.read_table(self.path))

    def test_pandas_polars_and_duckdb_read_parquet(self):
        self.write("WriteParquet")
        seen = {
            "pandas": pandas.read_parquet(self.path)["text"].tolist(),
            "polars": polars.read_parquet(self.path)["text"].to_list(),
            "duckdb": [r[0] for r in duckdb.sql(f"select text from read_parquet('{self.path}')").fetchall()],
        }
        for reader, values in seen.items():
            with self.subTest(reader=reader):
                self.assertEqual(values[:2], WANT["text"][:2])
                self.assertTrue(pandas.isna(values[2]))
        total = duckdb.sql(f"select sum(int64), sum(len(int_list)) from read_parquet('{self.path}')")
        self.assertEqual(total.fetchall(), [(0, 3)])

    def test_a_cell_reads_what_pyarrow_wrote(self):
        table = pa.table({"prompt": ["a", "", "c"], "reward": [0.5, 1.5, None], "ids": [[1], [], [2, 3]]},
                         schema=pa.schema([("prompt", pa.string()), ("reward", pa.float64()), ("ids", pa.list_(pa.int32()))]))
        for kind in ("IPC", "Parquet"):
            with self.subTest(kind=kind):
                path = self.dir / f"back.{kind}"
                if kind == "IPC":
                    with pa.ipc.new_file(path, table.schema) as w:
                        w.write_table(table)
                else:
                    pa.parquet.write_table(table, path)
                ran = self.ok(
                    f"back, err := arrowio.Read{kind}({go(path)})\nif err != nil {{ panic(err) }}\n"
                    'prompts, err := back.Strings("prompt")\nvalid, err := back.Valid("reward")\n'
                    'ids, err := back.IntLists("ids")\nfmt.Printf("%q %v %v\\n", prompts, valid, ids)'
                )
                self.assertEqual(ran.stdout, '["a" "" "c"] [true true false] [[1] [] [2 3]]\n')

    def test_a_table_is_shown_escaped(self):
        self.ok(WRITE)
        shown = self.ok("t").bundles("execute_result")[0]
        self.assertIn("<table", shown["text/html"])
        self.assertNotIn("<script>", shown["text/html"])
        self.assertIn("&lt;script&gt;", shown["text/html"])
        self.assertIn("3 rows", shown["text/plain"])


def go(path):
    """A path as a Go string literal."""
    return "`" + str(path) + "`"
