package interp_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"divvy/kernel/cell"
	"divvy/kernel/interp"
	"divvy/kernel/native"
)

// compiling is a session that compiles into a folder of its own.
func compiling(t testing.TB) *interp.Session {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil && os.Getenv("CI") != "true" {
		t.Skip("no go tool in PATH")
	}
	s, err := interp.New(interp.Options{Compiler: native.Compiler{Dir: t.TempDir()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func run(s *interp.Session, n int, code string) (cell.Result, *collector) {
	c := &collector{}
	return s.Execute(context.Background(), cell.Request{Count: n, Code: code}, c), c
}

// TestNative runs notebooks with compiled functions: pairs of a cell and what
// it writes, or "!" and a part of its error.
func TestNative(t *testing.T) {
	for name, cells := range map[string][][2]string{
		"call": {
			{"%%native\nfunc sum(n int) (s int) {\n\tfor i := range n {\n\t\ts += i\n\t}\n\treturn s\n}", ""},
			{"fmt.Println(sum(1000), sum(10))", "499500 45\n"},
			{"f := sum\nxs := []int{1, 2}\nfor i := range xs { xs[i] = f(xs[i] * 10) }\nxs", ""},
			{"fmt.Println(xs)", "[45 190]\n"},
		},
		"types, constants, methods, imports and functions of earlier cells": {
			{"import \"math\"\ntype point struct { x, y float64; name string }\nconst scale = 2.0\nfunc half(v float64) float64 { return v / scale }\nfunc (p *point) norm() float64 { return math.Hypot(p.x, p.y) }", ""},
			{"%%native\nimport str \"strings\"\nfunc norms(ps []point) map[string]float64 {\n\tm := map[string]float64{}\n\tfor i := range ps {\n\t\tps[i].x = half(ps[i].x)\n\t\tm[str.ToUpper(ps[i].name)] = ps[i].norm()\n\t}\n\treturn m\n}", ""},
			{"ps := []point{{6, 4, \"a\"}, {0, 1, \"b\"}}\nm := norms(ps)\nfmt.Println(m[\"A\"], m[\"B\"], ps[0].x, len(m))", "5 1 3 2\n"},
		},
		"results": {
			{"%%native\nimport \"errors\"\ntype pair struct{ A, B int }\nfunc div(a, b int) (q pair, err error) {\n\tif b == 0 {\n\t\treturn q, errors.New(\"no\")\n\t}\n\treturn pair{a / b, a % b}, nil\n}\nfunc cat(sep string, parts ...string) (s string) {\n\tfor _, p := range parts {\n\t\ts += p + sep\n\t}\n\treturn\n}\nfunc nothing(_ int, _ []byte) {}", ""},
			{"p, err := div(7, 2)\nfmt.Println(p, err)\n_, err = div(1, 0)\nfmt.Println(err)\nnothing(1, nil)\nfmt.Println(cat(\"-\", \"a\", \"b\"), cat(\"+\", []string{\"c\"}...), cat(\"x\"))", "{3 1} <nil>\nno\na-b- c+ \n"},
		},
		"output": {
			{"%%native\nimport (\"fmt\"; \"os\")\nfunc say(n int) { fmt.Println(\"native\", n); fmt.Fprintln(os.Stderr, \"e\") }", ""},
			{"for i := range 3 { fmt.Println(\"cell\", i); say(i) }", "cell 0\nnative 0\ncell 1\nnative 1\ncell 2\nnative 2\n"},
		},
		"declared again": {
			{"func f() int { return 1 }", ""},
			{"%%native\nfunc g() int { return 10 * f() }", ""},
			{"func h() int { return g() + 100 }", ""},
			{"fmt.Println(g(), h())", "10 110\n"},
			{"func f() int { return 2 }", ""}, // what calls it is compiled again
			{"fmt.Println(g(), h())", "20 120\n"},
			{"func g() int { return 3 }", ""}, // interpreted
			{"fmt.Println(g(), h())", "3 103\n"},
			{"%%native\nfunc g() int { return 4 }", ""},
			{"fmt.Println(g(), h())", "4 104\n"},
		},
		"not passed": {
			{"%%native\nfunc each(xs []int, f func(int) int) {\n\tfor i := range xs {\n\t\txs[i] = f(xs[i])\n\t}\n}\nfunc twice(xs []int) { each(xs, func(x int) int { return 2 * x }) }", ""},
			{"xs := []int{1, 2}\ntwice(xs)\neach(xs, func(x int) int { return x + 1 })\nfmt.Println(xs)", "[3 5]\n"},
		},
		"generics": {
			{"func largest[T int | float64](xs ...T) (m T) { for _, x := range xs { m = max(m, x) }; return }", ""},
			{"%%native\nfunc top(a, b float64) float64 { return largest(a, b) }", ""},
			{"fmt.Println(top(1.5, 2.5))", "2.5\n"},
		},
		"errors": {
			{"v := 3", ""},
			{"%%native\nfunc f() int {\n\treturn v\n}", "!In[2]:3:9: v is a variable of the session"},
			{"%%native\nfunc f() int {\n\treturn \"x\"\n}", "!In[3]:3:9: cannot use"},
			{"%%native\nfunc f() int {\n\tvar unused int\n\treturn 1\n}", "!In[4]:3:6: declared and not used: unused"},
			{"%%native\nx := 1", "!In[5]:2:1: a %%native cell declares"},
			{"%%native\nfunc main() {}", "!cannot declare main"},
			{"%%native", "!follow below the line"},
			{"%%native -x\nfunc f() {}", "!takes nothing"},
			{"fmt.Println(v)", "3\n"},
		},
		"panics": {
			{"%%native\nfunc at(xs []int, i int) int {\n\treturn xs[i]\n}\nfunc str() { panic(\"text\") }\nfunc val() { panic(7) }", ""},
			{"at([]int{1}, 5)", "!runtime error: index out of range [5] with length 1"},
			{"func() { defer func() { fmt.Println(recover()) }(); str() }()", "text\n"},
			{"val()", "!int(7)"},
			{"fmt.Println(at([]int{1}, 0))", "1\n"},
		},
		"crashes": {
			{"%%native\nimport \"os\"\nfunc deep(n int) int { return deep(n+1) + 1 }\nfunc leave() { os.Exit(3) }\nfunc thrown() { done := make(chan bool); go func() { panic(\"lost\") }(); <-done }\nfunc one() int { return 1 }\nfunc nilmap() { var m map[string]int; m[\"a\"] = 1 }", ""},
			{"x := 5", ""},
			{"deep(0)", "!stack overflow"},
			{"fmt.Println(one(), x)", "1 5\n"},
			{"leave()", "!exit status 3"},
			{"thrown()", "!panic: lost"},
			{"nilmap()", "!assignment to entry in nil map"},
			{"fmt.Println(one(), x)", "1 5\n"},
		},
		"packages of the kernel": {
			{"%%native\nimport \"gonum.org/v1/gonum/floats\"\nfunc dot(a, b []float64) float64 { return floats.Dot(a, b) }", ""},
			{"fmt.Println(dot([]float64{1, 2}, []float64{3, 4}))", "11\n"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := compiling(t)
			for i, c := range cells {
				r, out := run(s, i+1, c[0])
				want, fails := strings.CutPrefix(c[1], "!")
				switch {
				case fails && (r.Error == nil || !strings.Contains(r.Error.Value, want)):
					t.Errorf("%q: %v, want %q", c[0], r.Error, want)
				case !fails && r.Error != nil:
					t.Fatalf("%q: %s", c[0], strings.Join(r.Error.Traceback, "\n"))
				case !fails && out.stdout() != want:
					t.Errorf("%q wrote %q, want %q", c[0], out.stdout(), want)
				}
			}
		})
	}
}

// TestNativeInterrupt stops a loop of compiled code that has no end.
func TestNativeInterrupt(t *testing.T) {
	s := compiling(t)
	must(t, s, "%%native\nfunc forever(start int) int {\n\tfor {\n\t\tstart++\n\t\tif start == 0 {\n\t\t\treturn start\n\t\t}\n\t}\n}\nfunc one() int { return 1 }")
	must(t, s, "x := 7\nn := one()")
	done := make(chan cell.Result, 1)
	c := &collector{}
	go func() {
		done <- s.Execute(context.Background(), cell.Request{Count: 3, Code: "fmt.Println()\nx = forever(1)"}, c)
	}()
	for c.stdout() == "" {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(20 * time.Millisecond)
	s.Interrupt(context.Background())
	select {
	case r := <-done:
		if r.Error == nil || r.Error.Name != cell.ErrInterrupt {
			t.Fatalf("ended with %v", r.Error)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the cell did not stop")
	}
	if !strings.Contains(c.err.String(), "its process was ended") {
		t.Errorf("stderr says %q", c.err.String())
	}
	if got := must(t, s, "fmt.Println(x, one())"); got != "7 1\n" {
		t.Errorf("after the interrupt: %q", got)
	}
}

// TestNativeAway compiles where Divvy's source is not.
func TestNativeAway(t *testing.T) {
	s := compiling(t)
	t.Chdir(t.TempDir())
	must(t, s, "%%native\nimport \"gonum.org/v1/gonum/floats\"\nfunc dot(a, b []float64) float64 { return floats.Dot(a, b) }")
	if got := must(t, s, "fmt.Println(dot([]float64{1, 2}, []float64{3, 4}))"); got != "11\n" {
		t.Errorf("dot: %q", got)
	}
	r, _ := run(s, 3, "%%native\nfunc e() int { return len(paper.Budgets()) }")
	if r.Error == nil || !strings.Contains(r.Error.Value, "its source is not on this machine") {
		t.Errorf("a package of Divvy without its source: %v", r.Error)
	}
}

// TestNativeTools asks the front end's questions about a compiled function.
func TestNativeTools(t *testing.T) {
	s := compiling(t)
	must(t, s, "%%native\n// fast is quick.\nfunc fast(xs []float64) (sum float64, err error) { return 1, nil }")
	ctx := context.Background()
	c, err := s.Complete(ctx, "fas", 3)
	if err != nil || len(c.Matches) == 0 || c.Matches[0].Signature != "func(xs []float64) (sum float64, err error)" {
		t.Errorf("completion: %+v, %v", c, err)
	}
	in, err := s.Inspect(ctx, "fast", 2, 0)
	if text, _ := in.Bundle.Data["text/plain"].(string); err != nil || !strings.Contains(text, "fast is quick") {
		t.Errorf("inspection: %+v, %v", in, err)
	}
	if r, _ := run(s, 2, "fast(1)"); r.Error == nil || !strings.Contains(r.Error.Value, "cannot use 1") {
		t.Errorf("a wrong argument: %v", r.Error)
	}
	if got := must(t, s, "%help"); !strings.Contains(got, "%%native") {
		t.Errorf("%%help does not mention it: %q", got)
	}
}

// TestNativeWithoutGo interprets the functions where there is no go tool.
func TestNativeWithoutGo(t *testing.T) {
	s, err := interp.New(interp.Options{Compiler: native.Compiler{Dir: t.TempDir(), Path: t.TempDir()}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r, out := run(s, 1, "%%native\nfunc f(n int) int { return n + 1 }")
	if r.Error != nil || !strings.Contains(out.err.String(), "interpreted instead") || !strings.Contains(out.err.String(), "go.dev/dl") {
		t.Errorf("%v, stderr %q", r.Error, out.err.String())
	}
	if got := must(t, s, "fmt.Println(f(1))"); got != "2\n" {
		t.Errorf("interpreted: %q", got)
	}
}
