package arrowio

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"divvy/arrowio/compressed"
)

// HowToRead gives the lines with which pandas, Polars, DuckDB, R and Spark read
// a file that a table was written to, to be copied to where it is wanted. The
// format is seen by the file's first bytes, that of text by its name's ending.
func HowToRead(path string) (string, error) {
	format, err := formatOf(path)
	if err != nil {
		return "", err
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("arrowio: %w", err)
	}
	file := strconv.Quote(filepath.ToSlash(abs)) // Python and R quote so too
	lines := hints[format]
	var b strings.Builder
	for i, tool := range []string{"pandas", "Polars", "DuckDB", "R", "Spark"} {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "# %s\n%s\n", tool, strings.ReplaceAll(lines[i], "FILE", file))
	}
	return b.String(), nil
}

var hints = map[string][5]string{
	"ipc": {
		"import pandas as pd\ndf = pd.read_feather(FILE)",
		"import polars as pl\ndf = pl.read_ipc(FILE)",
		"import duckdb, pyarrow as pa\nt = pa.ipc.open_file(FILE).read_all(); r = duckdb.from_arrow(t)",
		"library(arrow)\ndf <- read_feather(FILE)",
		"import pyarrow.feather\ndf = spark.createDataFrame(pyarrow.feather.read_table(FILE).to_pandas())",
	},
	"stream": {
		"import pyarrow as pa\ndf = pa.ipc.open_stream(FILE).read_pandas()",
		"import polars as pl\ndf = pl.read_ipc_stream(FILE)",
		"import duckdb, pyarrow as pa\nt = pa.ipc.open_stream(FILE).read_all(); r = duckdb.from_arrow(t)",
		"library(arrow)\ndf <- read_ipc_stream(FILE)",
		"import pyarrow as pa\ndf = spark.createDataFrame(pa.ipc.open_stream(FILE).read_pandas())",
	},
	"parquet": {
		"import pandas as pd\ndf = pd.read_parquet(FILE)",
		"import polars as pl\ndf = pl.read_parquet(FILE)",
		"import duckdb\nr = duckdb.read_parquet(FILE)",
		"library(arrow)\ndf <- read_parquet(FILE)",
		"from pyspark.sql import SparkSession\ndf = SparkSession.builder.getOrCreate().read.parquet(FILE)",
	},
	"csv": {
		"import pandas as pd\ndf = pd.read_csv(FILE)",
		"import polars as pl\ndf = pl.read_csv(FILE)",
		"import duckdb\nr = duckdb.read_csv(FILE, allow_quoted_nulls=False)",
		"library(readr)\ndf <- read_csv(FILE)",
		"from pyspark.sql import SparkSession\ndf = SparkSession.builder.getOrCreate().read.csv(FILE, header=True, inferSchema=True, multiLine=True, escape='\"')",
	},
	"tsv": {
		"import pandas as pd\ndf = pd.read_csv(FILE, sep='\\t')",
		"import polars as pl\ndf = pl.read_csv(FILE, separator='\\t')",
		"import duckdb\nr = duckdb.read_csv(FILE, sep='\\t', allow_quoted_nulls=False)",
		"library(readr)\ndf <- read_tsv(FILE)",
		"from pyspark.sql import SparkSession\ndf = SparkSession.builder.getOrCreate().read.csv(FILE, header=True, inferSchema=True, multiLine=True, sep='\\t', escape='\"')",
	},
	"jsonl": {
		"import pandas as pd\ndf = pd.read_json(FILE, lines=True)",
		"import polars as pl\ndf = pl.read_ndjson(FILE)",
		"import duckdb\nr = duckdb.read_json(FILE)",
		"library(jsonlite)\ndf <- stream_in(file(FILE))",
		"from pyspark.sql import SparkSession\ndf = SparkSession.builder.getOrCreate().read.json(FILE)",
	},
}

func formatOf(path string) (string, error) {
	f, err := openFile(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	head := make([]byte, 8)
	n, _ := f.Read(head)
	switch head = head[:n]; {
	case bytes.HasPrefix(head, []byte("ARROW1")):
		return "ipc", nil
	case bytes.HasPrefix(head, []byte("PAR1")):
		return "parquet", nil
	case bytes.HasPrefix(head, []byte{0xff, 0xff, 0xff, 0xff}):
		return "stream", nil
	}
	if bytes.HasPrefix(head, []byte("PK\x03\x04")) {
		return "", &zipError{path}
	}
	if format := textFormat(path); format != "" {
		return format, nil
	}
	return "", fmt.Errorf("arrowio: %s is no file that a table was written to", path)
}

// zipError says that a file is an archive.
type zipError struct{ path string }

func (e *zipError) Error() string { return "arrowio: " + e.path + ": " + isZip }

const isZip = "this is a zip archive, as spreadsheets (.xlsx) are: unpack it, or save the sheet as CSV"

// textFormat is the format that a text file's name tells, "" for none.
func textFormat(path string) string {
	switch ext := strings.ToLower(filepath.Ext(compressed.Trim(path))); ext {
	case ".csv":
		return "csv"
	case ".tsv":
		return "tsv"
	case ".jsonl", ".ndjson", ".json":
		return "jsonl"
	}
	return ""
}

// otherFormat says that a file is of another format than the one it was read as,
// and how to read that; "" where it may well be of that one.
func otherFormat(path, format string) string {
	is, err := formatOf(path)
	var zip *zipError
	if errors.As(err, &zip) {
		return isZip
	}
	if is == "stream" {
		is = "ipc" // one function reads both
	}
	isText := is == "csv" || is == "tsv" || is == "jsonl"
	if err != nil || is == format || isText && (format == "csv" || format == "jsonl") {
		return ""
	}
	return map[string]string{
		"ipc":     "this is Arrow IPC: use ReadIPC",
		"parquet": "this is Parquet: use ReadParquet",
		"csv":     "by its name this is CSV: use ReadCSV",
		"tsv":     "by its name this is CSV with tabs: use ReadCSV",
		"jsonl":   "by its name these are JSON lines: use ReadJSONLines",
	}[is]
}
