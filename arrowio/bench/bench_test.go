package bench

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"slices"
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

// BenchmarkJoinText is for a profile of the one operation.
func BenchmarkJoinText(b *testing.B) {
	t, r := table(b, 1_000_000), right(b, 1_000_000)
	ops := operations(t, r)
	for b.Loop() {
		if _, err := ops[len(ops)-1].run(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPeers times each operation here, in Polars and in pandas, and prints
// the ratios; results must have as many rows.
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
			const repeats = 3
			type timing struct {
				ms   float64
				rows int
			}
			ours := map[string]timing{}
			for range b.N {
				for _, op := range operations(t, r) {
					best := timing{}
					for range repeats {
						runtime.GC()
						start := time.Now()
						out, err := op.run()
						took := time.Since(start)
						if err != nil {
							b.Fatalf("%s: %v", op.name, err)
						}
						if ms := took.Seconds() * 1000; best.ms == 0 || ms < best.ms {
							best = timing{ms, out.NumRows()}
						}
					}
					ours[op.name] = best
				}
			}
			cmd := env.Command(b.Context(), "peers.py", left, other, strconv.Itoa(repeats))
			var said strings.Builder
			cmd.Stderr = &said
			out, err := cmd.Output()
			if err != nil {
				b.Fatalf("%v\n%s", err, &said)
			}
			var peers map[string]map[string][2]float64
			if err := json.Unmarshal(out, &peers); err != nil {
				b.Fatal(err)
			}
			var names []string
			for name := range peers {
				names = append(names, name)
			}
			slices.Sort(names)
			slices.Reverse(names)
			report := ""
			for _, op := range operations(t, r) {
				report += fmt.Sprintf("\n%.0e rows  %-22s %8.1f ms", float64(n), op.name, ours[op.name].ms)
				for _, peer := range names {
					theirs, ok := peers[peer][op.name]
					if !ok {
						continue
					}
					if int(theirs[1]) != ours[op.name].rows {
						b.Errorf("%s: %d rows here, %d in %s", op.name, ours[op.name].rows, int(theirs[1]), peer)
					}
					report += fmt.Sprintf("   %s %8.1f ms, ratio %.2f", peer, theirs[0], ours[op.name].ms/theirs[0])
				}
			}
			fmt.Println(report) // a benchmark's log is cut after ten lines
		})
	}
}
