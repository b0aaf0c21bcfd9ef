package native_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"divvy/kernel/native"
)

func compiler(t testing.TB) *native.Compiler {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil && os.Getenv("CI") != "true" {
		t.Skip("no go tool in PATH")
	}
	return &native.Compiler{Dir: t.TempDir()}
}

// source makes a program of one declaration.
func source(text string, funcs ...string) *native.Source {
	return &native.Source{Decls: []native.Decl{{Cell: "In[1]", Line: 3, Column: 1, Text: text}}, Funcs: funcs}
}

func build(t testing.TB, c *native.Compiler, src *native.Source) *native.Program {
	t.Helper()
	p, _, err := c.Build(context.Background(), src)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func call(t testing.TB, p *native.Program, fn string, args, results []any) {
	t.Helper()
	if err := p.Call(context.Background(), fn, args, results, os.Stdout, os.Stderr); err != nil {
		t.Fatal(err)
	}
}

// TestCache keeps programs by what is in them, and no more than the limit.
func TestCache(t *testing.T) {
	c := compiler(t)
	src := func(n int) *native.Source { return source(fmt.Sprintf("func f() int { return %d }", n), "f") }
	for i, want := range []bool{false, true} {
		p, cached, err := c.Build(context.Background(), src(1))
		if err != nil || cached != want {
			t.Fatalf("build %d: cached %v, %v", i, cached, err)
		}
		n := 0
		call(t, p, "f", nil, []any{&n})
		if p.Close(); n != 1 {
			t.Errorf("f() is %d", n)
		}
	}
	without := &native.Compiler{Dir: c.Dir, Path: t.TempDir()} // what is kept needs no go tool
	if _, cached, err := without.Build(context.Background(), src(1)); err != nil || !cached {
		t.Errorf("without a go tool: cached %v, %v", cached, err)
	}
	if _, _, err := without.Build(context.Background(), src(2)); !errors.Is(err, native.ErrNoGo) {
		t.Errorf("without a go tool: %v", err)
	}
	old, err := filepath.Glob(filepath.Join(c.Dir, "*"))
	if err != nil || len(old) != 1 {
		t.Fatalf("%v, %v", old, err)
	}
	past := time.Now().Add(-time.Hour)
	if err := os.Chtimes(old[0], past, past); err != nil {
		t.Fatal(err)
	}
	c.Limit = 1 // the newest is kept in any case
	build(t, c, src(3))
	now, err := filepath.Glob(filepath.Join(c.Dir, "*"))
	if err != nil || len(now) != 1 || now[0] == old[0] {
		t.Errorf("%v are kept beyond the limit, %v", now, err)
	}
}

// TestMessages places what the compiler says in the cell.
func TestMessages(t *testing.T) {
	_, _, err := compiler(t).Build(context.Background(), source("func f() int {\n\treturn x\n}\n\nfunc g() { y() }", "f"))
	var bad *native.BuildError
	if !errors.As(err, &bad) {
		t.Fatal(err)
	}
	want := []native.Message{{"In[1]", 4, 9, "undefined: x"}, {"In[1]", 7, 12, "undefined: y"}}
	if fmt.Sprint(bad.List) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", bad.List, want)
	}
}

// TestStop ends a build and a call with their context.
func TestStop(t *testing.T) {
	c := compiler(t)
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(why)
	if _, _, err := c.Build(ctx, source("func f() {}", "f")); !errors.Is(err, why) {
		t.Errorf("build: %v", err)
	}
	p := build(t, c, source("func f() { for {} }\nfunc g() int { return 2 }", "f", "g"))
	ctx, cancel = context.WithCancelCause(context.Background())
	time.AfterFunc(50*time.Millisecond, func() { cancel(why) })
	if err := p.Call(ctx, "f", nil, nil, os.Stdout, os.Stderr); !errors.Is(err, why) {
		t.Errorf("call: %v", err)
	}
	n := 0
	if call(t, p, "g", nil, []any{&n}); n != 2 {
		t.Errorf("g() is %d after the stop", n)
	}
}

// TestOutput passes on all that was written before the call returned.
func TestOutput(t *testing.T) {
	src := source("func f(n int) { for i := 0; i < n; i++ { fmt.Println(i) } }", "f")
	src.Decls[0].Imports = map[string]string{"fmt": "fmt"}
	p := build(t, compiler(t), src)
	for range 20 {
		var out strings.Builder
		n := 20000
		if err := p.Call(context.Background(), "f", []any{&n}, nil, &out, os.Stderr); err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(out.String(), "\n19999\n") || strings.Count(out.String(), "\n") != n {
			t.Fatalf("%d bytes came", out.Len())
		}
	}
}

// BenchmarkEdit measures from a changed function to its first result.
func BenchmarkEdit(b *testing.B) {
	c := compiler(b)
	for _, pkg := range []string{"", "fmt"} {
		b.Run("imports "+pkg, func(b *testing.B) {
			for i := range b.N {
				text, imports := fmt.Sprintf("func f() int { return %d }", time.Now().UnixNano()), map[string]string{}
				if pkg != "" {
					text, imports["fmt"] = strings.Replace(text, "return", "fmt.Print(); return", 1), "fmt"
				}
				src := source(text, "f")
				src.Decls[0].Imports = imports
				p := build(b, c, src)
				n := i
				call(b, p, "f", nil, []any{&n})
			}
			b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/edit")
		})
	}
}

// BenchmarkCall measures a call that does nothing.
func BenchmarkCall(b *testing.B) {
	p := build(b, compiler(b), source("func f(a, b int) int { return a + b }", "f"))
	n, k := 1, 2
	call(b, p, "f", []any{&n, &k}, []any{&n})
	b.ResetTimer()
	for range b.N {
		call(b, p, "f", []any{&n, &k}, []any{&n})
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N), "us/call")
}

// BenchmarkPassFloats passes 1e6 float64, which the function reads or changes.
func BenchmarkPassFloats(b *testing.B) {
	p := build(b, compiler(b), source("func read(xs []float64) float64 { return xs[len(xs)-1] }\nfunc change(xs []float64) float64 { for i := range xs { xs[i]++ }; return xs[0] }", "read", "change"))
	xs := make([]float64, 1e6)
	var r float64
	for _, fn := range []string{"read", "change"} {
		b.Run(fn, func(b *testing.B) {
			call(b, p, fn, []any{&xs}, []any{&r})
			b.SetBytes(8e6)
			for b.Loop() {
				call(b, p, fn, []any{&xs}, []any{&r})
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(b.N), "ms/call")
		})
	}
}

// BenchmarkLoop adds up 1e8 numbers.
func BenchmarkLoop(b *testing.B) {
	p := build(b, compiler(b), source("func f(n int) (s int) { for i := 0; i < n; i++ { s += i }; return s }", "f"))
	n, s := int(1e8), 0
	call(b, p, "f", []any{&n}, []any{&s})
	b.ResetTimer()
	for range b.N {
		call(b, p, "f", []any{&n}, []any{&s})
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(b.N), "ms/loop")
}
