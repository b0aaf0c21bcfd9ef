//go:build unix

package worker

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"divvy/kernel/cell"
)

// discard is a sink for benchmarks.
type discard struct{}

func (discard) Emit(cell.Event)                                     {}
func (discard) Input(context.Context, string, bool) (string, error) { return "", nil }

// BenchmarkExecute is the round trip of a cell that does nothing: what the
// separate process costs.
func BenchmarkExecute(b *testing.B) {
	s := start(b, Config{})
	execute(b, s, "nothing")
	for b.Loop() {
		s.Execute(b.Context(), cell.Request{ID: "x", Count: 1, Code: "nothing"}, discard{})
	}
}

// BenchmarkPrint is a cell of a thousand prints.
func BenchmarkPrint(b *testing.B) {
	s := start(b, Config{})
	execute(b, s, "nothing")
	for b.Loop() {
		s.Execute(b.Context(), cell.Request{Code: "prints 1000"}, discard{})
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/1000, "us/print")
}

// BenchmarkDisplay is a cell that shows a picture of 2 MB.
func BenchmarkDisplay(b *testing.B) {
	s := start(b, Config{})
	execute(b, s, "nothing")
	for b.Loop() {
		s.Execute(b.Context(), cell.Request{Code: "display 2000000"}, discard{})
	}
}

// BenchmarkDisplayCodec compares the ways to encode and decode such a picture:
// with its strings beside the JSON, as frames do, and inside.
func BenchmarkDisplayCodec(b *testing.B) {
	e := cell.Event{Kind: cell.Display, Bundle: &cell.Bundle{Data: map[string]any{
		"text/plain": "a figure", "image/png": strings.Repeat("A", 2_000_000)}}}
	b.Run("parts", func(b *testing.B) {
		for b.Loop() {
			head, parts, err := encodeEvent(e)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := decodeEvent(frame{head: head, parts: parts}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("json", func(b *testing.B) {
		for b.Loop() {
			text, err := json.Marshal(e)
			if err != nil {
				b.Fatal(err)
			}
			var back cell.Event
			if err := json.Unmarshal(text, &back); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkRestart is how long the cell after a crash waits.
func BenchmarkRestart(b *testing.B) {
	s := start(b, Config{})
	for b.Loop() {
		s.Execute(b.Context(), cell.Request{Code: "signal 9"}, discard{})
		s.Execute(b.Context(), cell.Request{Code: "nothing"}, discard{})
	}
}
