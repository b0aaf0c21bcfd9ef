package arrowio_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"divvy/arrowio"
)

// TestCompressedText writes and reads text files under names that ask for gzip,
// zstd and tabs.
func TestCompressedText(t *testing.T) {
	mem := checked(t)
	tbl := must(t)(sample(t, mem).Select("text", "n", "ok"))
	dir := t.TempDir()
	for name, begin := range map[string]string{
		"a.csv": "text,n,ok\n", "a.tsv": "text\tn\tok\n", "a.csv.gz": "\x1f\x8b", "a.tsv.zst": "\x28\xb5\x2f\xfd", "a.jsonl": `{"text":`, "a.jsonl.zst": "\x28\xb5\x2f\xfd", "a.JSONL.GZ": "\x1f\x8b",
	} {
		path := filepath.Join(dir, name)
		write, read := tbl.WriteJSONLines, arrowio.ReadJSONLines
		if !strings.Contains(strings.ToLower(name), "jsonl") {
			write = func(p string) error { return tbl.WriteCSV(p) }
			read = func(p string, o ...arrowio.ReadOptions) (*arrowio.Table, error) {
				return arrowio.ReadCSV(p, arrowio.CSVOptions{Read: o[0]})
			}
		}
		if err := write(path); err != nil {
			t.Fatal(err)
		}
		if b, err := os.ReadFile(path); err != nil || !strings.HasPrefix(string(b), begin) {
			t.Errorf("%s begins with %q, %v", name, b[:min(len(b), 12)], err)
		}
		back := must(t)(read(path, arrowio.ReadOptions{Allocator: mem}))
		if got, want := back.String(), tbl.String(); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "cut.csv.gz"), []byte("\x1f\x8b\x08\x00\x00\x00"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := arrowio.ReadCSV(filepath.Join(dir, "cut.csv.gz")); err == nil || !strings.Contains(err.Error(), "cut.csv.gz: gzip: ") {
		t.Errorf("a cut file: %v", err)
	}
}

// TestWrongReader reads each format by the functions for the others.
func TestWrongReader(t *testing.T) {
	tbl := must(t)(sample(t, checked(t)).Select("text", "n"))
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	for _, err := range []error{
		tbl.WriteIPC(file("a.data")), tbl.WriteIPC(file("a.arrows"), arrowio.IPCOptions{Stream: true}), tbl.WriteParquet(file("a.pq")),
		tbl.WriteCSV(file("a.csv")), tbl.WriteCSV(file("a.tsv")), tbl.WriteJSONLines(file("a.jsonl")), os.WriteFile(file("a.xlsx"), []byte("PK\x03\x04...."), 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	readCSV := func(p string) (*arrowio.Table, error) { return arrowio.ReadCSV(p) }
	readIPC := func(p string) (*arrowio.Table, error) { return arrowio.ReadIPC(p) }
	readParquet := func(p string) (*arrowio.Table, error) { return arrowio.ReadParquet(p) }
	readLines := func(p string) (*arrowio.Table, error) { return arrowio.ReadJSONLines(p) }
	for _, tt := range []struct {
		file string
		read func(string) (*arrowio.Table, error)
		want string
	}{
		{"a.data", readCSV, "this is Arrow IPC: use ReadIPC"},
		{"a.data", readParquet, "this is Arrow IPC: use ReadIPC"},
		{"a.arrows", readParquet, "this is Arrow IPC: use ReadIPC"},
		{"a.arrows", readLines, "this is Arrow IPC: use ReadIPC"},
		{"a.pq", readCSV, "this is Parquet: use ReadParquet"},
		{"a.pq", readIPC, "this is Parquet: use ReadParquet"},
		{"a.pq", readLines, "this is Parquet: use ReadParquet"},
		{"a.pq", arrowio.OpenIPC, "this is Parquet: use ReadParquet"},
		{"a.csv", readParquet, "by its name this is CSV: use ReadCSV"},
		{"a.tsv", readIPC, "by its name this is CSV with tabs: use ReadCSV"},
		{"a.jsonl", readParquet, "by its name these are JSON lines: use ReadJSONLines"},
		{"a.csv", readLines, "line 1: "},
		{"a.xlsx", readCSV, "this is a zip archive, as spreadsheets (.xlsx) are: unpack it, or save the sheet as CSV"},
	} {
		_, err := tt.read(file(tt.file))
		if err == nil || !strings.Contains(err.Error(), file(tt.file)+": "+tt.want) {
			t.Errorf("%s: error %v, want %q", tt.file, err, tt.want)
		}
	}
}

// TestCSVSaysTheWayOut looks at messages about files that are not as expected.
func TestCSVSaysTheWayOut(t *testing.T) {
	for text, want := range map[string]string{
		"a;b;c\n1,5;2;3\n":       `line 2: 2 fields where the first line has 1; that line has 2 times ';': is it the CSVOptions.Comma?`,
		"a\tb\tc\n1,5\t2,1\t3\n": `line 2: 3 fields where the first line has 1; that line has 2 times '\t': is it the CSVOptions.Comma?`,
		"a,b\n1\n":               "line 2: 1 field where the first line has 2",
		"n\n1\nx\n":              `line 3, column "n": "x" is no i64: give the column the type str in CSVOptions.Types, or name what stands for null in CSVOptions.Null`,
	} {
		o := arrowio.CSVOptions{Read: arrowio.ReadOptions{Allocator: checked(t)}}
		if strings.HasPrefix(text, "n\n") {
			o.Types = map[string]string{"n": "i64"}
		}
		_, err := arrowio.DecodeCSV(strings.NewReader(text), o)
		if err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
}

// TestTimesOfOtherTools reads the forms in which they write one instant.
func TestTimesOfOtherTools(t *testing.T) {
	for _, text := range []string{
		"2024-03-16T09:30:00Z", "2024-03-16T10:30:00+01:00", "2024-03-16 10:30:00+01:00", "2024-03-16T10:30:00.000000+0100", "2024-03-16 09:30:00 UTC",
		"2024-03-16 09:30:00", "2024-03-16T09:30:00.000000000", "2024-03-16 09:30",
	} {
		tbl := must(t)(arrowio.DecodeCSV(strings.NewReader("when\n"+text+"\n"), arrowio.CSVOptions{Read: arrowio.ReadOptions{Allocator: checked(t)}}))
		if times, err := tbl.Times("when"); err != nil || times[0].Format("2006-01-02T15:04:05Z07:00") != "2024-03-16T09:30:00Z" {
			t.Errorf("%q is %v, %v", text, times, err)
		}
	}
}
