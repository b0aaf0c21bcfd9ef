package arrowio_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"divvy/arrowio"
)

// A countdown is a context that ends when it has been asked for its end so many
// times: so a test stops work in every place where work looks.
type countdown struct{ left atomic.Int64 }

func after(n int64) *countdown {
	c := &countdown{}
	c.left.Store(n)
	return c
}

func (c *countdown) Deadline() (time.Time, bool) { return time.Time{}, false }
func (c *countdown) Done() <-chan struct{}       { return nil }
func (c *countdown) Value(any) any               { return nil }
func (c *countdown) Err() error {
	if c.left.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}

// followed is a Reporter that sees to it that stages begin and end in turn.
type followed struct {
	mu            sync.Mutex
	total, count  int64
	stages        []string
	running, over bool // over: more was done than there was to do
}

func (f *followed) Start(total int64, what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.over = f.over || f.running
	f.total, f.count, f.running, f.stages = total, 0, true, append(f.stages, what)
}

func (f *followed) Add(n int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count += n
	f.over = f.over || f.total > 0 && f.count > f.total
}

func (f *followed) Done() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.over = f.over || !f.running
	f.running = false
}

// TestWithin stops every operation in every place where it looks whether it
// should, and sees that it gives all memory back (the checked allocator's) and
// that it then goes through to its end.
func TestWithin(t *testing.T) {
	mem := checked(t)
	big := random(t, mem, 70_000, 7)
	small := must(t)(sample(t, mem).WithValues("id", []int{1, 2, 3, 4}))
	other := must(t)(random(t, mem, 500, 8).Unique("cat"))
	dir := t.TempDir()
	file := filepath.Join(dir, "out")
	table := func(f func(*arrowio.Table) (*arrowio.Table, error)) func(*arrowio.Table) error {
		return func(in *arrowio.Table) error {
			out, err := f(in)
			if err != nil {
				if out != nil {
					t.Error("a table beside an error")
				}
				return err
			}
			out.Release()
			return nil
		}
	}
	type op = func(*arrowio.Table) error
	ops := map[string]op{
		"filter":   table(func(t *arrowio.Table) (*arrowio.Table, error) { return t.Filter("small > 1") }),
		"sort":     table(func(t *arrowio.Table) (*arrowio.Table, error) { return t.Sort("-cat", "small") }),
		"top":      table(func(t *arrowio.Table) (*arrowio.Table, error) { return t.Top(10, "small") }),
		"rows":     func(t *arrowio.Table) error { _, err := t.SortedRows("cat"); return err },
		"unique":   table(func(t *arrowio.Table) (*arrowio.Table, error) { return t.Unique("cat", "small") }),
		"describe": table((*arrowio.Table).Describe),
		"column":   table(func(t *arrowio.Table) (*arrowio.Table, error) { return t.WithColumn("twice", "small * 2") }),
		"fill":     table(func(t *arrowio.Table) (*arrowio.Table, error) { return t.FillNull("small", 0) }),
		"drop":     table(func(t *arrowio.Table) (*arrowio.Table, error) { return t.DropNull() }),
		"counts":   table(func(t *arrowio.Table) (*arrowio.Table, error) { return t.ValueCounts("cat") }),
		"group": table(func(t *arrowio.Table) (*arrowio.Table, error) {
			return t.GroupBy("cat").Agg(arrowio.Count(), arrowio.Mean("small"), arrowio.Max("cat"), arrowio.First("cat"),
				arrowio.Median("small"), arrowio.Std("small"), arrowio.CountUnique("cat"))
		}),
		"pivot":  table(func(t *arrowio.Table) (*arrowio.Table, error) { return t.Pivot("small", "cat", arrowio.Count()) }),
		"join":   table(func(t *arrowio.Table) (*arrowio.Table, error) { return t.Join(other, "outer", "cat") }),
		"semi":   table(func(t *arrowio.Table) (*arrowio.Table, error) { return t.Join(other, "semi", "cat") }),
		"concat": table(func(in *arrowio.Table) (*arrowio.Table, error) { return arrowio.Concat(in, big) }),
	}
	everyType := map[string]op{
		"sort":    table(func(t *arrowio.Table) (*arrowio.Table, error) { return t.Sort("-id") }),
		"filter":  table(func(t *arrowio.Table) (*arrowio.Table, error) { return t.Filter("id > 1") }),
		"join":    table(func(t *arrowio.Table) (*arrowio.Table, error) { return t.Join(small, "right", "n") }),
		"ipc":     func(t *arrowio.Table) error { return t.WriteIPC(file) },
		"zstd":    func(t *arrowio.Table) error { return t.WriteIPC(file, arrowio.IPCOptions{Compression: "zstd"}) },
		"parquet": func(t *arrowio.Table) error { return t.WriteParquet(file, arrowio.ParquetOptions{RowGroupRows: 2}) },
		"csv":     func(t *arrowio.Table) error { return t.WriteCSV(file) },
		"json":    func(t *arrowio.Table) error { return t.WriteJSONLines(file) },
	}
	try := func(name string, tbl *arrowio.Table, run op) {
		stopped := 0
		for looks := int64(0); ; looks += 1 + looks/4 {
			if err := os.WriteFile(file, []byte("before"), 0o644); err != nil {
				t.Fatal(err)
			}
			err := run(tbl.Within(after(looks)))
			if err == nil {
				break
			}
			if stopped++; !errors.Is(err, context.Canceled) || !strings.HasPrefix(err.Error(), "arrowio: ") {
				t.Fatalf("%s stopped at look %d: %v", name, looks, err)
			}
			left, _ := os.ReadDir(dir)
			if got, _ := os.ReadFile(file); string(got) != "before" || len(left) != 1 {
				t.Fatalf("%s stopped at look %d leaves %q in %v", name, looks, got, left)
			}
		}
		if stopped == 0 {
			t.Errorf("%s does not look whether it should stop", name)
		}
		f := &followed{}
		if err := run(tbl.Within(t.Context(), f)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if len(f.stages) == 0 || f.over || f.running || f.total > 0 && f.count == 0 {
			t.Errorf("%s: stages %q, %d of %d done, over %v, running %v", name, f.stages, f.count, f.total, f.over, f.running)
		}
	}
	for name, run := range ops {
		try(name, big, run)
	}
	for name, run := range everyType {
		try("every type: "+name, small, run)
	}
}

// TestReadingStops does the same with reading.
func TestReadingStops(t *testing.T) {
	mem := checked(t)
	tbl := random(t, mem, 15_000, 7)
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	err := errors.Join(tbl.WriteIPC(file("x.arrow")), tbl.WriteIPC(file("x.arrows"), arrowio.IPCOptions{Stream: true}),
		tbl.WriteParquet(file("x.parquet"), arrowio.ParquetOptions{RowGroupRows: 2000}), tbl.WriteCSV(file("x.csv")), tbl.WriteJSONLines(file("x.jsonl")))
	if err != nil {
		t.Fatal(err)
	}
	csv := func(path string, o ...arrowio.ReadOptions) (*arrowio.Table, error) {
		return arrowio.ReadCSV(path, arrowio.CSVOptions{Read: o[0]})
	}
	for name, read := range map[string]func(string, ...arrowio.ReadOptions) (*arrowio.Table, error){
		"x.arrow": arrowio.ReadIPC, "x.arrows": arrowio.ReadIPC, "x.parquet": arrowio.ReadParquet, "x.csv": csv, "x.jsonl": arrowio.ReadJSONLines,
	} {
		stopped := 0
		for looks := int64(0); ; looks += 1 + looks/2 {
			got, err := read(file(name), arrowio.ReadOptions{Allocator: mem, Context: after(looks)})
			if err == nil {
				got.Release()
				break
			}
			if stopped++; !errors.Is(err, context.Canceled) {
				t.Fatalf("%s stopped at look %d: %v", name, looks, err)
			}
		}
		if stopped < 2 {
			t.Errorf("%s looks only %d times whether it should stop", name, stopped)
		}
		f := &followed{}
		must(t)(read(file(name), arrowio.ReadOptions{Allocator: mem, Progress: f}))
		if len(f.stages) == 0 || f.running || f.count == 0 {
			t.Errorf("%s: stages %q, %d of %d done, running %v", name, f.stages, f.count, f.total, f.running)
		}
	}
	if _, err := arrowio.DecodeCSV(strings.NewReader("a\n1\n"), arrowio.CSVOptions{Read: arrowio.ReadOptions{Context: after(0)}}); !errors.Is(err, context.Canceled) {
		t.Errorf("decode: %v", err)
	}
	if err := tbl.Within(after(0)).EncodeCSV(io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("encode: %v", err)
	}
}
