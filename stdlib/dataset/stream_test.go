package dataset

import (
	"context"
	"io"
	"runtime"
	"strings"
	"testing"
)

// repeated gives a text again and again.
type repeated struct {
	text  string
	times int
	at    int
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.times == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.text[r.at:])
	if r.at += n; r.at == len(r.text) {
		r.at = 0
		r.times--
	}
	return n, nil
}

// A file much larger than the memory that reading it takes: 400 MB in 64.
func TestStreamingNeedsLittleMemory(t *testing.T) {
	line := strings.Replace(goodPRO, `"a"`, `"`+strings.Repeat("word ", 780)+`"`, 1) + "\n"
	const rows = 100_000
	r := open(context.Background(), Options{Workers: 2}, []source{{"big.jsonl", func() (io.ReadCloser, int64, error) {
		return io.NopCloser(&repeated{text: line, times: rows}), 0, nil
	}}})
	defer r.Close()
	read, most := 0, uint64(0)
	for i := 0; r.Next(); i++ {
		read += r.Batch().Len()
		if i%8 == 0 {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
		}
	}
	if r.Err() != nil || read != rows {
		t.Fatalf("%d rows, %v; want %d", read, r.Err(), rows)
	}
	if most > 64<<20 {
		t.Errorf("%d MB were live while %d MB were read", most>>20, len(line)*rows>>20)
	}
}

// A Reader that is left half-way lets go of its goroutines.
func TestReaderIsClosedEarly(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 20 {
		r := open(context.Background(), Options{}, []source{{"big.jsonl", func() (io.ReadCloser, int64, error) {
			return io.NopCloser(&repeated{text: goodPRO + "\n", times: 50_000}), 0, nil
		}}})
		if !r.Next() {
			t.Fatal(r.Err())
		}
		r.Close()
	}
	for range 100 {
		if runtime.NumGoroutine() <= before+2 {
			return
		}
		runtime.Gosched()
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}
