package peers

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"divvy/arrowio"
	"divvy/install/pyenv"
)

// table gives n rows of six columns: all-different and repeated integers, floats,
// a Boolean and short texts.
func table(b *testing.B, n int) *arrowio.Table {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	id, k, j := r.Perm(n), make([]int, n), make([]int, n)
	x, y, flag, s := make([]float64, n), make([]float64, n), make([]bool, n), make([]string, n)
	for i := range n {
		k[i], j[i] = r.IntN(1000), r.IntN(n/10)
		x[i], y[i] = r.NormFloat64(), r.Float64()
		flag[i] = r.IntN(2) == 0
		s[i] = "key-" + strconv.Itoa(r.IntN(n/100))
	}
	t, err := arrowio.NewTable().Ints("id", id).Ints("k", k).Ints("j", j).Floats("x", x).Floats("y", y).
		Bools("b", flag).Strings("s", s).Build()
	if err != nil {
		b.Fatal(err)
	}
	return t
}

// right gives the other side of the joins: unique keys, half of which match.
func right(b *testing.B, n int) *arrowio.Table {
	r := rand.New(rand.NewPCG(2, uint64(n)))
	j := r.Perm(n / 5)[:n/10]
	t, v := make([]string, len(j)), make([]float64, len(j))
	for i := range j {
		t[i], v[i] = "key-"+strconv.Itoa(i), r.Float64()
	}
	tbl, err := arrowio.NewTable().Ints("j", j).Strings("t", t).Floats("v", v).Build()
	if err != nil {
		b.Fatal(err)
	}
	return tbl
}

type operation struct {
	name string
	run  func() (*arrowio.Table, error)
}

func operations(t, r *arrowio.Table) []operation {
	return []operation{
		{"filter", func() (*arrowio.Table, error) { return t.Filter("x > 0.5 and k < 500") }},
		{"sort float", func() (*arrowio.Table, error) { return t.Sort("x") }},
		{"sort int desc, float", func() (*arrowio.Table, error) { return t.Sort("-k", "x") }},
		{"sort text", func() (*arrowio.Table, error) { return t.Sort("s") }},
		{"group int", func() (*arrowio.Table, error) {
			return t.GroupBy("k").Agg(arrowio.Count(), arrowio.Mean("x"), arrowio.Sum("y"), arrowio.Max("x"))
		}},
		{"group text", func() (*arrowio.Table, error) { return t.GroupBy("s").Agg(arrowio.Count(), arrowio.Mean("x")) }},
		{"group two", func() (*arrowio.Table, error) { return t.GroupBy("k", "b").Agg(arrowio.Count(), arrowio.Mean("x")) }},
		{"group all different", func() (*arrowio.Table, error) { return t.GroupBy("id").Agg(arrowio.Count(), arrowio.Sum("x")) }},
		{"join", func() (*arrowio.Table, error) { return t.Join(r, "inner", "j") }},
		{"join left text", func() (*arrowio.Table, error) {
			byText, err := r.Rename("t", "s")
			if err != nil {
				return nil, err
			}
			return t.Join(byText, "left", "s")
		}},
	}
}

// BenchmarkOperation is one operation without its peers, for a profile:
// -bench 'Operation/10M/^filter$'.
func BenchmarkOperation(b *testing.B) {
	for _, n := range []int{1_000_000, 10_000_000} {
		b.Run(fmt.Sprintf("%dM", n/1_000_000), func(b *testing.B) {
			var t, r *arrowio.Table
			for i, op := range operations(nil, nil) {
				b.Run(op.name, func(b *testing.B) {
					if t == nil {
						t, r = table(b, n), right(b, n)
					}
					run := operations(t, r)[i].run
					for b.Loop() {
						if _, err := run(); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		})
	}
}

// BenchmarkPeers times each operation here, in Polars and in pandas by turns, so
// that what else the machine does hits all of them, and prints the best times and
// their ratios; results must have as many rows.
func BenchmarkPeers(b *testing.B) {
	env := pyenv.Need(b)
	for _, n := range []int{1_000_000, 10_000_000} {
		b.Run(fmt.Sprintf("%dM", n/1_000_000), func(b *testing.B) {
			t, r := table(b, n), right(b, n)
			dir := b.TempDir()
			left, other := filepath.Join(dir, "table.arrow"), filepath.Join(dir, "right.arrow")
			for path, tbl := range map[string]*arrowio.Table{left: t, other: r} {
				if err := tbl.WriteIPC(path); err != nil {
					b.Fatal(err)
				}
			}
			runtime.GC()
			debug.FreeOSMemory()
			// The benchmark's own context ends before its clean-up, which waits for the peers.
			cmd := env.Command(context.WithoutCancel(b.Context()), filepath.Join("testdata", "peers.py"), left, other)
			ask, answers := talkTo(b, cmd)
			var names []string
			answers(&names)
			const repeats = 4
			best := map[string]map[string]float64{}
			for range b.N {
				for _, op := range operations(t, r) {
					times := map[string]float64{}
					for range repeats {
						runtime.GC()
						start := time.Now()
						out, err := op.run()
						took := time.Since(start).Seconds() * 1000
						if err != nil {
							b.Fatalf("%s: %v", op.name, err)
						}
						rows := out.NumRows()
						out.Release()
						better(times, "ours", took)
						ask(op.name)
						var theirs map[string][2]float64
						answers(&theirs)
						for peer, x := range theirs {
							better(times, peer, x[0])
							if int(x[1]) != rows {
								b.Errorf("%s: %d rows here, %d in %s", op.name, rows, int(x[1]), peer)
							}
						}
					}
					best[op.name] = times
				}
			}
			report := ""
			for _, op := range operations(t, r) {
				ours := best[op.name]["ours"]
				report += fmt.Sprintf("\n%.0e rows  %-22s %8.1f ms", float64(n), op.name, ours)
				for _, peer := range names {
					if ms, ok := best[op.name][peer]; ok {
						report += fmt.Sprintf("   %s %8.1f ms, ratio %.2f", peer, ms, ours/ms)
					}
				}
			}
			fmt.Println(report) // a benchmark's log is cut after ten lines
		})
	}
}

func better(times map[string]float64, who string, ms float64) {
	if old, ok := times[who]; !ok || ms < old {
		times[who] = ms
	}
}

// talkTo starts a program that answers lines with lines of JSON.
func talkTo(b *testing.B, cmd *exec.Cmd) (ask func(string), answer func(any)) {
	var said strings.Builder
	cmd.Stderr = &said
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			b.Errorf("%v\n%s", err, &said)
		}
	})
	dec := json.NewDecoder(out)
	return func(line string) { fmt.Fprintln(in, line) }, func(v any) {
		if err := dec.Decode(v); err != nil {
			b.Fatal(err)
		}
	}
}
