package arrowio

import (
	"fmt"
	"path/filepath"
	"strings"

	"divvy/arrowio/compressed"
)

// Read reads a file of any format that this package knows: Arrow IPC and Parquet
// are seen by their first bytes, CSV and JSON lines, which may be compressed, by
// the name's ending (.csv, .tsv, .jsonl, .ndjson, .json). See ReadIPC,
// ReadParquet, ReadCSV and ReadJSONLines, which have further options.
func Read(path string, opts ...ReadOptions) (*Table, error) {
	format, err := formatOf(path)
	if err != nil {
		return nil, err
	}
	switch format {
	case "parquet":
		return ReadParquet(path, opts...)
	case "csv", "tsv":
		o := CSVOptions{}
		if len(opts) > 0 {
			o.Read = opts[0]
		}
		return ReadCSV(path, o)
	case "jsonl":
		return ReadJSONLines(path, opts...)
	}
	return ReadIPC(path, opts...)
}

// Save writes a file of the format that the name's ending tells, atomically:
// .arrow, .feather and .ipc are Arrow IPC files, .arrows a stream; .parquet; .csv
// and .tsv; .jsonl and .ndjson. Text is compressed where .gz or .zst follows. See
// WriteIPC, WriteParquet, WriteCSV and WriteJSONLines, which have options.
func (t *Table) Save(path string) error {
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".arrow", ".feather", ".ipc":
		return t.WriteIPC(path)
	case ".arrows":
		return t.WriteIPC(path, IPCOptions{Stream: true})
	case ".parquet":
		return t.WriteParquet(path)
	}
	switch textFormat(path) {
	case "csv", "tsv":
		return t.WriteCSV(path)
	case "jsonl":
		return t.WriteJSONLines(path)
	}
	if inner := strings.ToLower(filepath.Ext(compressed.Trim(path))); inner == ".parquet" || inner == ".arrow" || inner == ".feather" {
		return fmt.Errorf("arrowio: %s: %s files are compressed within; leave the last ending out", path, inner)
	}
	return fmt.Errorf("arrowio: %s: no format has that ending; there are .parquet, .arrow, .arrows, .csv, .tsv and .jsonl, the last three also with .gz or .zst", path)
}
