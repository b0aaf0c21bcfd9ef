package interp_test

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/traefik/yaegi/interp"

	"divvy/kernel/cell"
	. "divvy/kernel/interp"
)

// cell30 is a cell of 30 lines: a type with methods, a generic function, loops.
// yaegi alone can run it too.
const cell30 = `type Account struct {
	Name    string
	Balance float64
	history []float64
}

func (a *Account) Deposit(x float64) {
	a.Balance += x
	a.history = append(a.history, x)
}

func total[T any](xs []T, f func(T) float64) (sum float64) {
	for _, x := range xs {
		sum += f(x)
	}
	return sum
}

accounts := []*Account{{Name: "a"}, {Name: "b"}}
for i := 0; i < 10; i++ {
	accounts[i%2].Deposit(float64(i))
}
counts := map[string]int{}
for _, a := range accounts {
	counts[a.Name] += len(a.history)
}
sum := total(accounts, func(a *Account) float64 { return a.Balance })
if sum != 45 {
	panic("wrong")
}
_ = counts`

// workloads are small programs that a session and yaegi alone both can run:
// declarations, and a statement that is measured.
var workloads = []struct{ name, decls, stmt string }{
	{"sum of session variables", "", "s := 0\nfor i := 0; i < 10000000; i++ { s += i }\n"},
	{"sum in a function", "func sum(n int) int { s := 0; for i := 0; i < n; i++ { s += i }; return s }", "sum(10000000)"},
	{"sum of floats", "func sum(n int) float64 { s := 0.0; x := 1.5; for i := 0; i < n; i++ { s += x * x }; return s }", "sum(1000000)"},
	{"slice index", "func fill(n int) int { xs := make([]int, n); for i := 0; i < n; i++ { xs[i] = i }; s := 0; for i := 1; i < len(xs); i++ { s += xs[i] - xs[i-1] }; return s }", "fill(1000000)"},
	{"matrix index", "func mul(n int) float64 { a := make([][]float64, n); for i := range a { a[i] = make([]float64, n) }; s := 0.0; for i := 0; i < n; i++ { for j := 0; j < n; j++ { s += a[i][j] * a[j][i] } }; return s }", "mul(500)"},
	{"calls", "func add(a, b int) int { return a + b }\nfunc calls(n int) int { s := 0; for i := 0; i < n; i++ { s = add(s, i) }; return s }", "calls(200000)"},
	{"method calls", "type acc struct{ n int }\nfunc (a *acc) add(k int) { a.n += k }\nfunc meth(n int) int { a := &acc{}; for i := 0; i < n; i++ { a.add(i) }; return a.n }", "meth(200000)"},
	{"recursion", "func fib(n int) int { if n < 2 { return n }; return fib(n-1) + fib(n-2) }", "fib(20)"},
	{"map", "func count(n int) int { m := map[int]int{}; for i := 0; i < n; i++ { m[i%100] += i }; return len(m) }", "count(200000)"},
}

// ours is the time in ns that a session takes for a cell, after one with declarations.
func ours(b *testing.B, decls, code string) float64 {
	s, err := New(Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	if r := s.Execute(context.Background(), cell.Request{Count: 1, Code: decls}, discard{}); r.Error != nil {
		b.Fatal(r.Error)
	}
	run := func() {
		if r := s.Execute(context.Background(), cell.Request{Count: 1, Code: code}, discard{}); r.Error != nil {
			b.Fatal(r.Error)
		}
	}
	run()
	b.ResetTimer()
	for range b.N {
		run()
	}
	return float64(b.Elapsed().Nanoseconds()) / float64(b.N)
}

// raw is the time that yaegi alone takes.
func raw(b *testing.B, decls, code string) float64 {
	y := interp.New(interp.Options{Stdout: io.Discard, Stderr: io.Discard})
	if _, err := y.Eval(decls); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for range b.N {
		if _, err := y.Eval(code); err != nil {
			b.Fatal(err)
		}
	}
	return float64(b.Elapsed().Nanoseconds()) / float64(b.N)
}

// against runs code in a session and in raw yaegi, and reports the ratio.
func against(b *testing.B, decls, code string) {
	mine := ours(b, decls, code)
	theirs := raw(b, decls, code)
	b.ReportMetric(mine/theirs, "x-yaegi")
	b.ReportMetric(mine/1e6, "ms/cell")
}

func BenchmarkOnePlusOne(b *testing.B) { against(b, "", "1+1") }

// BenchmarkAgainstYaegi runs loops that do little but compute.
func BenchmarkAgainstYaegi(b *testing.B) {
	for _, w := range workloads {
		b.Run(w.name, func(b *testing.B) { against(b, w.decls, w.stmt) })
	}
}

// BenchmarkCell30 is a cell that is run for the first time in yaegi, which cannot
// declare its type again, declarations and statements apart, and again and again
// in a session.
func BenchmarkCell30(b *testing.B) {
	mine := ours(b, "", cell30)
	_, decls, stmts := Parts(cell30, false)
	var theirs time.Duration
	for range b.N {
		y := interp.New(interp.Options{Stdout: io.Discard, Stderr: io.Discard})
		start := time.Now()
		for _, part := range []string{decls, stmts} {
			if _, err := y.Eval(strings.TrimSpace(part)); err != nil {
				b.Fatal(err)
			}
		}
		theirs += time.Since(start)
	}
	b.ReportMetric(mine*float64(b.N)/float64(theirs.Nanoseconds()), "x-yaegi")
	b.ReportMetric(mine/1e6, "ms/cell")
}

func BenchmarkNew(b *testing.B) {
	for range b.N {
		s, err := New(Options{})
		if err != nil {
			b.Fatal(err)
		}
		s.Close()
	}
}

// BenchmarkTraced compares programs with and without the debugger's hooks, as
// they run while a debugger is attached and nothing stops.
func BenchmarkTraced(b *testing.B) {
	for _, w := range []struct{ name, decls, stmt string }{
		{"loop", "func sum(n int) int {\n\ts := 0\n\tfor i := 0; i < n; i++ {\n\t\ts += i\n\t}\n\treturn s\n}", "sum(100000)"},
		{"calls", "func fib(n int) int {\n\tif n < 2 {\n\t\treturn n\n\t}\n\treturn fib(n-1) + fib(n-2)\n}", "fib(18)"},
	} {
		for _, traced := range []bool{false, true} {
			name := w.name + "/plain"
			if traced {
				name = w.name + "/traced"
			}
			b.Run(name, func(b *testing.B) {
				s := session(b)
				if traced {
					s.Trace()
				}
				must(b, s, w.decls)
				for b.Loop() {
					must(b, s, w.stmt)
				}
				b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/1000, "ms/cell")
			})
		}
	}
}
