package diversity_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/metrics"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"divvy/stdlib/dataset"
	"divvy/stdlib/diversity"
	"divvy/stdlib/tokenize"
)

// The curve of a file that no memory holds: it is read, tokenized and counted batch
// by batch.
func ExampleCurveOf() {
	ctx := context.Background()
	file := filepath.Join(os.TempDir(), "large.jsonl.gz")
	defer os.Remove(file)
	if err := dataset.Example().WriteJSONL(ctx, file); err != nil {
		log.Fatal(err)
	}
	r := dataset.Open(ctx, dataset.Options{}, file)
	defer r.Close()
	curve, err := diversity.CurveOf(ctx, r, tokenize.WhiteSpace(), diversity.StreamOptions{Every: 300})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(curve.Sizes, curve.D[0] < curve.D[1], curve.D[1] < curve.D[2])
	// Output: [300 600 720] true true
}

// batches is a Source of lists.
type batches struct {
	lists  [][]string
	at     int
	failed error
}

func (b *batches) Next() bool        { b.at++; return b.at <= len(b.lists) }
func (b *batches) Prompts() []string { return b.lists[b.at-1] }
func (b *batches) Err() error        { return b.failed }

// TestCurveOfIsCurve streams prompts in batches of every size, empty ones too, and
// compares the points with those of Curve over all.
func TestCurveOfIsCurve(t *testing.T) {
	prompts := dataset.Example().Prompts()
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		tok := tokenize.WhiteSpace()
		src := &batches{}
		for from := 0; from < len(prompts); {
			to := min(len(prompts), from+r.IntN(200))
			src.lists, from = append(src.lists, prompts[from:to]), to
		}
		o := diversity.StreamOptions{Options: diversity.Options{N: 1 + r.IntN(4), P: 0.3, MaxTokens: []int{0, 20}[r.IntN(2)], Workers: 1 + r.IntN(2)},
			Every: []int{0, 1, 7, 100, 720, 5000}[r.IntN(6)], Approximate: r.IntN(3) == 0}
		what := fmt.Sprintf("seed %d, %+v", seed, o)
		got, err := diversity.CurveOf(t.Context(), src, tok, o)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		var sizes []int
		switch {
		case o.Every == 0:
			n := 0
			for _, l := range src.lists {
				if n += len(l); len(l) > 0 {
					sizes = append(sizes, n)
				}
			}
		default:
			for n := o.Every; n <= len(prompts); n += o.Every {
				sizes = append(sizes, n)
			}
			if len(sizes) == 0 || sizes[len(sizes)-1] != len(prompts) {
				sizes = append(sizes, len(prompts))
			}
		}
		if !slices.Equal(got.Sizes, sizes) {
			t.Fatalf("%s: points at %v, want %v", what, got.Sizes, sizes)
		}
		ids, err := tok.EncodeAll(t.Context(), prompts, tokenize.Options{})
		if err != nil {
			t.Fatal(err)
		}
		want, err := diversity.Curve(t.Context(), ids, sizes, o.Options)
		if err != nil {
			t.Fatal(err)
		}
		for i := range sizes {
			w, g := want.At(i), got.At(i)
			if o.Approximate {
				if math.Abs(g.D-w.D) > 5*diversity.ApproximateError*w.D || g.Total != w.Total {
					t.Fatalf("%s: at %d %v, want about %v", what, sizes[i], g, w)
				}
			} else if g != w {
				t.Fatalf("%s: at %d %v, want %v", what, sizes[i], g, w)
			}
		}
	}
}

// TestCurveOfKeepsWhatItHas gives, beside an error, the curve up to it.
func TestCurveOfKeepsWhatItHas(t *testing.T) {
	tok := tokenize.WhiteSpace()
	broken := &batches{lists: [][]string{{"a b c", "a b"}}, failed: errors.New("the line broke")}
	got, err := diversity.CurveOf(t.Context(), broken, tok, diversity.StreamOptions{})
	if err == nil || !strings.Contains(err.Error(), "after 2 prompts: the line broke") || !slices.Equal(got.Sizes, []int{2}) || got.Unique[0] != 2 {
		t.Errorf("%v, %v", got, err)
	}
	for _, approximate := range []bool{false, true} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		got, err = diversity.CurveOf(ctx, &batches{lists: [][]string{{"a b c"}}}, tok, diversity.StreamOptions{Approximate: approximate})
		if !errors.Is(err, context.Canceled) || got == nil || got.Len() != 0 {
			t.Errorf("%v, %v", got, err)
		}
	}
	if got, err := diversity.CurveOf(t.Context(), &batches{}, tok, diversity.StreamOptions{}); err != nil || got.Len() != 0 {
		t.Errorf("nothing: %v, %v", got, err)
	}
	if _, err := diversity.CurveOf(t.Context(), &batches{}, tok, diversity.StreamOptions{Every: -1}); err == nil {
		t.Error("a point every -1 prompts")
	}
}

// TestStreamNeedsLittleMemory measures 256 MB that come through a pipe in half of it,
// most of which are the counter's buckets, of one size for any file:
// the heap's live objects, as the garbage collector last found them, are looked at
// all the while.
func TestStreamNeedsLittleMemory(t *testing.T) {
	const size, most = 256 << 20, 128 << 20
	in, out := io.Pipe()
	go func() {
		w := bufio.NewWriterSize(out, 1<<16)
		r := rand.New(rand.NewPCG(1, 1))
		lines := make([]string, 100)
		for i := range lines {
			var text strings.Builder
			for range 600 {
				fmt.Fprintf(&text, "word%d ", r.IntN(300))
			}
			lines[i] = fmt.Sprintf("{\"prompt\": %q}\n", text.String())
		}
		for written := 0; written < size; {
			n, err := w.WriteString(lines[r.IntN(len(lines))])
			if err != nil {
				return // the reader has said why
			}
			written += n
		}
		out.CloseWithError(w.Flush())
	}()
	var live atomic.Uint64
	stop := make(chan struct{})
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		for {
			metrics.Read(sample)
			if now := sample[0].Value.Uint64(); now > live.Load() {
				live.Store(now)
			}
			select {
			case <-stop:
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	}()
	r := dataset.OpenReader(t.Context(), dataset.Options{Workers: 1}, "pipe.jsonl", in)
	defer r.Close()
	curve, err := diversity.CurveOf(t.Context(), r, tokenize.WhiteSpace(), diversity.StreamOptions{Options: diversity.Options{Workers: 1}, Every: 5000})
	close(stop)
	<-watched
	if err != nil {
		t.Fatal(err)
	}
	last := curve.At(curve.Len() - 1)
	if last.Total < 15_000_000 || last.Prompts < 20_000 {
		t.Errorf("only %v", last)
	}
	if live.Load() > most {
		t.Errorf("%d MB were live while %d MB were read", live.Load()>>20, size>>20)
	}
	t.Logf("%v; %d MB live at most", last, live.Load()>>20)
}
