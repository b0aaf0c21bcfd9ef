package interp_test

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/traefik/yaegi/interp"

	"divvy/kernel/cell"
	. "divvy/kernel/interp"
)

// cell30 is a cell of 30 lines: a type with methods, a generic function, loops.
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
for i := range 10 {
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

const loop = "s := 0\nfor i := 0; i < 10000000; i++ { s += i }\n"

func ours(b *testing.B, code string) float64 {
	s, err := New(Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
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

// against runs code in a session and in raw yaegi, and reports the ratio.
func against(b *testing.B, code, raw string) {
	mine := ours(b, code)
	y := interp.New(interp.Options{Stdout: io.Discard, Stderr: io.Discard})
	b.StopTimer()
	b.ResetTimer()
	b.StartTimer()
	for range b.N {
		if _, err := y.Eval(raw); err != nil {
			b.Fatal(err)
		}
	}
	theirs := float64(b.Elapsed().Nanoseconds()) / float64(b.N)
	b.ReportMetric(mine/theirs, "x-yaegi")
	b.ReportMetric(mine/1e6, "ms/cell")
}

func BenchmarkOnePlusOne(b *testing.B) { against(b, "1+1", "1+1") }

func BenchmarkLoop(b *testing.B) {
	against(b, loop, "func() {"+strings.ReplaceAll(loop, "\n", ";")+"}()")
}

func BenchmarkCell30(b *testing.B) { b.ReportMetric(ours(b, cell30)/1e6, "ms/cell") }

func BenchmarkNew(b *testing.B) {
	for range b.N {
		s, err := New(Options{})
		if err != nil {
			b.Fatal(err)
		}
		s.Close()
	}
}
