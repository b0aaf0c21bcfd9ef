package arrowio

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What Save writes under each ending is of that format, and Read reads it back.
func TestSaveAndRead(t *testing.T) {
	table, err := NewTable().Strings("prompt", []string{"a,b", "", "ü\n\"x\""}).Ints("n", []int{1, 2, 3}).Floats("d", []float64{.5, 1.5, 2.5}).Build()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, head := range map[string]string{
		"t.arrow": "ARROW1", "t.feather": "ARROW1", "t.IPC": "ARROW1", "t.arrows": "\xff\xff\xff\xff", "t.parquet": "PAR1",
		"t.csv": "prompt,n,d", "t.tsv": "prompt\tn\td", "t.jsonl": `{"prompt":"a,b"`, "t.ndjson": `{"prompt":"a,b"`,
		"t.csv.gz": "\x1f\x8b", "t.jsonl.zst": "\x28\xb5\x2f\xfd",
	} {
		path := filepath.Join(dir, name)
		if err := table.Save(path); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if b, err := os.ReadFile(path); err != nil || !strings.HasPrefix(string(b), head) {
			t.Errorf("%s begins with %q, %v", name, b[:min(12, len(b))], err)
		}
		got, err := Read(path)
		if err != nil || got.String() != table.String() {
			t.Errorf("%s: %v, %v", name, got, err)
		}
		got, err = Read(path, ReadOptions{Columns: []string{"n"}})
		if err != nil || strings.Join(got.Columns(), " ") != "n" {
			t.Errorf("%s, one column: %v, %v", name, got, err)
		}
	}
	for name, says := range map[string]string{"t.xlsx": ".parquet", "t": ".parquet", "t.parquet.gz": "compressed within"} {
		if err := table.Save(filepath.Join(dir, name)); err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s was written", name)
		}
	}
	if _, err := Read(filepath.Join(dir, "none.csv")); err == nil || !strings.Contains(err.Error(), "none.csv") {
		t.Error(err)
	}
	// A Parquet file is one whatever its name.
	odd := filepath.Join(dir, "odd.csv")
	if err := table.WriteParquet(odd); err != nil {
		t.Fatal(err)
	}
	if got, err := Read(odd); err != nil || got.String() != table.String() {
		t.Error(got, err)
	}
}
