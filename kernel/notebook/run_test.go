package notebook

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"divvy/kernel/cell"
)

func TestRunStopsAtFailure(t *testing.T) {
	nb := source(t, "out 1", "out 2\nfail boom", "out 3")
	nb.Cells[2].fields["outputs"] = []any{map[string]any{"output_type": "stream", "name": "stdout", "text": "stale"}}
	in := &script{run: actor}
	f, err := nb.Run(t.Context(), in, Options{})
	if err != nil || f == nil {
		t.Fatalf("failure %v, error %v", f, err)
	}
	if f.Number != 2 || f.Of != 3 || f.Count != 2 || f.Line() != 2 || f.Err.Value != "boom" || f.Cell != nb.Cells[1] {
		t.Errorf("failure %+v, line %d", f, f.Line())
	}
	if len(in.requests) != 2 {
		t.Errorf("%d cells were run", len(in.requests))
	}
	if out := nb.Cells[2].fields["outputs"].([]any); len(out) != 0 {
		t.Errorf("a cell that was not reached keeps stale outputs: %v", out)
	}
	if out := nb.Cells[1].fields["outputs"].([]any); len(out) != 2 || out[1].(map[string]any)["output_type"] != "error" {
		t.Errorf("the failing cell's outputs: %v", out)
	}
}

func TestRunGoesOn(t *testing.T) {
	nb := source(t, "fail a", "out b")
	if f, err := nb.Run(t.Context(), &script{run: actor}, Options{AllowErrors: true}); f != nil || err != nil {
		t.Errorf("with AllowErrors: %v, %v", f, err)
	}
	object(nb.Cells[0].fields, "metadata")["tags"] = []any{"raises-exception"}
	in := &script{run: actor}
	if f, err := nb.Run(t.Context(), in, Options{}); f != nil || err != nil || len(in.requests) != 2 {
		t.Errorf("with raises-exception: %v, %v, %d cells", f, err, len(in.requests))
	}
}

// waits runs cells that end only when their context does.
func waits(ctx context.Context, _ cell.Request, out cell.Sink) *cell.Error {
	out.Emit(cell.Event{Kind: cell.Stream, Stream: "stdout", Text: "begun"})
	<-ctx.Done()
	return &cell.Error{Name: cell.ErrInterrupt, Value: "interrupted", Traceback: []string{"interrupted"}}
}

func TestTimeout(t *testing.T) {
	nb := source(t, "x", "y")
	f, err := nb.Run(t.Context(), &script{run: waits}, Options{Timeout: 20 * time.Millisecond})
	if err != nil || f == nil || f.Err.Name != ErrTimeout || f.Err.Value != "the cell did not end within 20ms" {
		t.Fatalf("failure %+v, error %v", f, err)
	}
	outputs := nb.Cells[0].fields["outputs"].([]any)
	if len(outputs) != 2 || outputs[1].(map[string]any)["ename"] != ErrTimeout {
		t.Errorf("outputs %v", outputs)
	}
}

// A cell that fails by itself just before its time is up is not called slow.
func TestTimeoutOfOthers(t *testing.T) {
	nb := source(t, "fail own")
	f, _ := nb.Run(t.Context(), &script{run: actor}, Options{Timeout: time.Hour})
	if f == nil || f.Err.Name != cell.ErrPanic {
		t.Errorf("failure %+v", f)
	}
}

func TestInterrupt(t *testing.T) {
	nb := source(t, "x", "y")
	ctx, cancel := context.WithCancel(t.Context())
	in := &script{run: func(ctx context.Context, r cell.Request, out cell.Sink) *cell.Error {
		cancel()
		return waits(ctx, r, out)
	}}
	f, err := nb.Run(ctx, in, Options{})
	if !errors.Is(err, context.Canceled) || f != nil || len(in.requests) != 1 {
		t.Fatalf("failure %v, error %v, %d cells", f, err, len(in.requests))
	}
	if out := nb.Cells[0].fields["outputs"].([]any); len(out) != 2 {
		t.Errorf("what was shown is not kept: %v", out)
	}
}

// What a goroutine shows after its cell has ended is stored under that cell.
func TestLateOutputIsStored(t *testing.T) {
	nb := source(t, "first", "second")
	var first cell.Sink
	in := &script{run: func(_ context.Context, r cell.Request, out cell.Sink) *cell.Error {
		if r.Count == 1 {
			first = out
		} else {
			first.Emit(cell.Event{Kind: cell.Stream, Stream: "stdout", Text: "late"})
		}
		return nil
	}}
	if _, err := nb.Run(t.Context(), in, Options{}); err != nil {
		t.Fatal(err)
	}
	if out := nb.Cells[0].fields["outputs"].([]any); len(out) != 1 || out[0].(map[string]any)["text"] != "late" {
		t.Errorf("the first cell shows %v", out)
	}
}

func TestMuchTextIsBounded(t *testing.T) {
	nb := source(t, "x")
	in := &script{run: func(_ context.Context, _ cell.Request, out cell.Sink) *cell.Error {
		for range 20 {
			out.Emit(cell.Event{Kind: cell.Stream, Stream: "stdout", Text: strings.Repeat("0123456789abcde\n", 1<<16)})
		}
		return nil
	}}
	if _, err := nb.Run(t.Context(), in, Options{}); err != nil {
		t.Fatal(err)
	}
	text := nb.Cells[0].fields["outputs"].([]any)[0].(map[string]any)["text"].(string)
	if len(text) < maxText || len(text) > maxText+200 || !strings.HasSuffix(text, "the rest is not stored\n") {
		t.Errorf("%d bytes are stored, the last of them %q", len(text), text[len(text)-60:])
	}
}

func TestRequests(t *testing.T) {
	nb := ParseScript("out a\n\n// %%\n\nout b\n")
	in := &script{run: actor}
	input := func(context.Context, string, bool) (string, error) { return "line", nil }
	if _, err := nb.Run(t.Context(), in, Options{Name: "s.go", Input: input}); err != nil {
		t.Fatal(err)
	}
	want := []cell.Request{
		{ID: "cell-1", Count: 1, Name: "s.go", Code: "out a", AllowStdin: true},
		{ID: "cell-2", Count: 2, Name: "s.go", Code: "\n\n\n\nout b", AllowStdin: true},
	}
	if fmt.Sprint(in.requests) != fmt.Sprint(want) {
		t.Errorf("requests %+v", in.requests)
	}
}

func TestStreamText(t *testing.T) {
	tests := []struct {
		name   string
		pieces []string
		want   string
	}{
		{"plain", []string{"a\nb"}, "a\nb"},
		{"overwritten", []string{"10 %\r20 %\r100 %\n"}, "100 %\n"},
		{"shorter", []string{"abcdef\rxy"}, "xycdef"},
		{"across pieces", []string{"10 %", "\r", "20 %"}, "20 %"},
		{"carriage return and newline", []string{"a\r\nb\r", "\nc"}, "a\nb\nc"},
		{"return at the end", []string{"a\nbc\r"}, "a\nbc"},
		{"backspace", []string{"ab\b\bxy\b\n"}, "xy\n"},
		{"backspace at the start", []string{"\b\ba"}, "a"},
		{"erase", []string{"a long line\r\x1b[Kshort"}, "short"},
		{"letters, not bytes", []string{"grün\rblau"}, "blau"},
		{"earlier lines stay", []string{"one\ntwo\rTWO\nthree"}, "one\nTWO\nthree"},
	}
	for _, tc := range tests {
		var s streamText
		for _, p := range tc.pieces {
			s.write(p)
		}
		if got := s.String(); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}
