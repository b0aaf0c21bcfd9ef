package dataset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"divvy/arrowio"
)

func tableOf(t testing.TB, ds *Dataset) *arrowio.Table {
	t.Helper()
	table, err := ds.Table(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func dedup(t *testing.T, ds *Dataset) *Dataset {
	t.Helper()
	out, err := ds.Dedup(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Every call that is long on a large data set ends with its context, says where
// it was, and leaves nothing half done.
func TestLongCallsEndWithTheirContext(t *testing.T) {
	ds := rankedRows(t, 3*blockRows, 4).Shuffle(1)
	folder := t.TempDir()
	file := filepath.Join(folder, "in.jsonl")
	if err := ds.WriteJSONL(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	rewards := make([][]float64, ds.Len())
	for i := range rewards {
		rewards[i] = ds.Rewards(i)
	}
	stop := errors.New("stopped by hand")
	for name, call := range map[string]func(ctx context.Context) (any, error){
		"Load":         func(ctx context.Context) (any, error) { return Load(ctx, file) },
		"Read":         func(ctx context.Context) (any, error) { return Read(ctx, Options{}, file) },
		"Filter":       func(ctx context.Context) (any, error) { return ds.Filter(ctx, func(Row) bool { return true }) },
		"Dedup":        func(ctx context.Context) (any, error) { return ds.Dedup(ctx) },
		"Ranked":       func(ctx context.Context) (any, error) { return ds.Ranked(ctx) },
		"Rankings":     func(ctx context.Context) (any, error) { return ds.Rankings(ctx, 2, 1) },
		"RankingsWith": func(ctx context.Context) (any, error) { return ds.RankingsWith(ctx, 2, PythonRandom(1)) },
		"WithRewards":  func(ctx context.Context) (any, error) { return ds.WithRewards(ctx, rewards) },
		"Describe":     func(ctx context.Context) (any, error) { return ds.Describe(ctx) },
		"Record":       func(ctx context.Context) (any, error) { return ds.Record(ctx) },
		"Records":      func(ctx context.Context) (any, error) { return ds.Records(ctx) },
		"Table":        func(ctx context.Context) (any, error) { return ds.Table(ctx) },
		"EncodeJSONL":  func(ctx context.Context) (any, error) { return nil, ds.EncodeJSONL(ctx, io.Discard) },
		"WriteJSONL": func(ctx context.Context) (any, error) {
			return nil, ds.WriteJSONL(ctx, filepath.Join(folder, "out.jsonl"))
		},
	} {
		if _, err := call(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		os.Remove(filepath.Join(folder, "out.jsonl"))
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(stop)
		got, err := call(ctx)
		if !errors.Is(err, stop) || !strings.HasPrefix(err.Error(), "dataset: ") {
			t.Errorf("%s: the error is %v, want one that says where it was stopped, and by what", name, err)
		}
		if got != nil && !reflect.ValueOf(got).IsNil() {
			t.Errorf("%s: there is a result besides the error", name)
		}
		if files, _ := os.ReadDir(folder); len(files) != 1 {
			t.Errorf("%s: left %v", name, files)
		}
	}
}

// A call stops in the middle, too.
func TestFilterIsInterrupted(t *testing.T) {
	ds := rankedRows(t, 4*blockRows, 2)
	ctx, cancel := context.WithCancel(t.Context())
	seen := 0
	_, err := ds.Filter(ctx, func(Row) bool {
		if seen++; seen == blockRows+1 {
			cancel()
		}
		return true
	})
	if want := fmt.Sprintf("dataset: filtering, %d of %d rows done: context canceled", 2*blockRows, ds.Len()); err == nil || err.Error() != want {
		t.Errorf("the error is %v, want %s", err, want)
	}
	if seen != 2*blockRows {
		t.Errorf("%d rows were looked at, want %d", seen, 2*blockRows)
	}
}

// Rows that several goroutines work on come out as from one: the same rows in
// the same order, and the error of the first bad row.
func TestRowsOfManyBlocks(t *testing.T) {
	const n = 7*blockRows + 3
	ds := rankedRows(t, n, 4)
	shuffled := ds.Shuffle(3)
	ranked, err := shuffled.Ranked(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	prompts := shuffled.Prompts()
	for i := range n {
		if prompts[i] != shuffled.Prompt(i) || prompts[i] != Render(shuffled.Row(i).Prefix) {
			t.Fatalf("prompt %d: %q", i, prompts[i])
		}
		if !reflect.DeepEqual(ranked.Row(i).Prefix, shuffled.Row(i).Prefix) || ranked.Row(i).Line != shuffled.Row(i).Line {
			t.Fatalf("row %d: %+v, want that of %+v", i, ranked.Row(i), shuffled.Row(i))
		}
	}
	records, err := shuffled.Records(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for _, r := range records {
		rows += int(r.NumRows())
	}
	if whole := tableOf(t, shuffled); rows != n || whole.NumRows() != n {
		t.Errorf("%d rows in records, %d in the table, want %d", rows, whole.NumRows(), n)
	}
	var first, second bytes.Buffer
	if err := shuffled.EncodeJSONL(t.Context(), &first); err != nil {
		t.Fatal(err)
	}
	back, err := Parse(t.Context(), Options{Workers: 3}, "x", &first)
	if err != nil {
		t.Fatal(err)
	}
	if err := back.EncodeJSONL(t.Context(), &second); err != nil || back.Len() != n {
		t.Fatal(back.Len(), err)
	}
	rewards := make([][]float64, n)
	for i := range rewards {
		rewards[i] = ds.Rewards(i)
	}
	rewards[2*blockRows+7], rewards[6*blockRows] = []float64{1}, nil
	for range 20 { // whichever goroutine is first
		if _, err := ds.WithRewards(t.Context(), rewards); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("row %d ", 2*blockRows+7)) {
			t.Fatalf("the error is %v, want that of the first bad row", err)
		}
	}
}

// Rendering in place is replacing mark after mark, as Python does.
func TestRenderIsReplacing(t *testing.T) {
	pieces := []string{PrompterMark, AssistantMark, "<|", "<|prompt", "er|>", "<", "|>", "text", " ", "\n\x1f", "\u00e9\u2003", "<|<|prompter|>", "assistant|>"}
	r := NewRandom(5)
	for range 20_000 {
		var prefix []string
		for range r.Below(12) {
			prefix = append(prefix, pieces[r.Below(len(pieces))])
		}
		want := strings.Join(prefix, "")
		want = strings.ReplaceAll(want, PrompterMark, "\n\nHuman: ")
		want = strings.ReplaceAll(want, AssistantMark, "\n\nAssistant: ")
		want = strings.TrimRightFunc(want, isPythonSpace)
		if got := Render(prefix); got != want {
			t.Fatalf("%q is rendered %q, want %q", prefix, got, want)
		}
	}
}

// More text than one Arrow record can hold is an error, and no panic.
func TestRecordHasALimit(t *testing.T) {
	big := Row{Prefix: []string{PrompterMark + strings.Repeat("x", 1<<20), AssistantMark}, Responses: []string{"a"}, Rewards: []float64{math.Pi}}
	w := newBuilder()
	w.append(&big)
	one := newDataset([]*chunk{newChunk(w.record(), 0)}, nil)
	many, err := one.Take(make([]int, 2100))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := many.Record(t.Context()); err == nil || !strings.Contains(err.Error(), "use Records") {
		t.Errorf("the error is %v", err)
	}
}
