package interp_test

import (
	"strings"
	"testing"

	"divvy/kernel/cell"
)

// traceOf runs a cell that panics and returns what is told of it.
func traceOf(t *testing.T, code string) string {
	t.Helper()
	s := session(t)
	return colours.Replace(strings.Join(ended(t, s.Execute, 1, code).Traceback, "\n"))
}

// Every function on the way to a panic is told, with the line that it was at.
func TestTraces(t *testing.T) {
	for name, c := range map[string][2]string{
		"named result": {"func a(n int) (r int) {\n\tr = n\n\tvar m map[int]int\n\tm[1] = 2\n\treturn\n}\na(1)",
			"    In[1]:4 in a\tm[1] = 2\n    In[1]:7\ta(1)"},
		"named result and defer": {"func a(n int) (r int, err error) {\n\tdefer func() { r++ }()\n\tvar m map[int]int\n\tm[1] = 2\n\treturn\n}\na(1)",
			"    In[1]:4 in a\tm[1] = 2\n    In[1]:7\ta(1)"},
		"recursion": {"func a(n int) int {\n\tif n == 0 { panic(\"x\") }\n\treturn a(n-1)\n}\na(3)",
			"    In[1]:2 in a\tif n == 0 { panic(\"x\") }\n    ... 3 more calls of a\n    In[1]:5\ta(3)"},
		"function value": {"func f(m map[string]int) int {\n\tn := 1\n\tm[\"\"] = n\n\treturn n\n}\nfunc g(h func(map[string]int) int) int {\n\ta := 1\n\treturn h(nil)+a\n}\ng(f)",
			"    In[1]:3 in f\tm[\"\"] = n\n    In[1]:8 in g\treturn h(nil)+a\n    In[1]:10\tg(f)"},
		"callback of compiled code": {"import \"slices\"\nfunc less(a, b int) int {\n\tpanic(\"no\")\n}\nslices.SortFunc([]int{3,2,1}, less)",
			"    In[1]:3 in less\tpanic(\"no\")\n    In[1]:5\tslices.SortFunc([]int{3,2,1}, less)"},
		"range over a function": {"func seq(yield func(int) bool) {\n\tyield(1)\n}\nfunc a() {\n\tfor i := range seq {\n\t\tpanic(i)\n\t}\n}\na()",
			"    In[1]:6 in a\tpanic(i)\n    In[1]:2 in seq\tyield(1)\n    In[1]:6 in a\tpanic(i)\n    In[1]:9\ta()"},
		"deferred literal": {"func d() {\n\tdefer func() {\n\t\tpanic(\"in defer\")\n\t}()\n}\nd()",
			"    In[1]:3 in a function literal\tpanic(\"in defer\")\n    In[1]:2 in d\tdefer func() {\n    In[1]:6\td()"},
		"literals": {"x := func(n int) int {\n\treturn 10 / n\n}\ny := func(k int) int {\n\treturn x(k)\n}\ny(0)",
			"    In[1]:2 in a function literal\treturn 10 / n\n    In[1]:5 in a function literal\treturn x(k)\n    In[1]:7\ty(0)"},
		"methods through an interface": {"type I interface{ N() int }\ntype T struct{}\nfunc (t T) N() int {\n\tvar p *int\n\treturn *p\n}\nfunc call(i I) int {\n\treturn i.N()\n}\ncall(T{})",
			"    In[1]:5 in T.N\treturn *p\n    In[1]:8 in call\treturn i.N()\n    In[1]:10\tcall(T{})"},
	} {
		t.Run(name, func(t *testing.T) {
			_, got, _ := strings.Cut(traceOf(t, c[0]), "\n")
			if got != c[1] {
				t.Errorf("got\n%s\nwant\n%s", got, c[1])
			}
		})
	}
}

// The cells of a script have one name, each its own lines.
func TestTracesInScripts(t *testing.T) {
	s := session(t)
	run := func(line int, code string) cell.Result {
		return s.Execute(t.Context(), cell.Request{Name: "a.go", Code: strings.Repeat("\n", line-1) + code}, &collector{})
	}
	if r := run(2, "func f(m map[string]int) int {\n\tn := 1\n\tm[\"\"] = n\n\treturn n\n}\nfunc g[T any](m map[string]int, t T) (T, int) {\n\treturn t, f(m)\n}"); r.Error != nil {
		t.Fatal(r.Error)
	}
	r := run(11, "x := 2\ny := func() int { _, n := g(nil, 1.5); return n }\nx += y()")
	want := `panic: assignment to entry in nil map
    a.go:4 in f	m[""] = n
    a.go:8 in g	return t, f(m)
    a.go:12 in a function literal	y := func() int { _, n := g(nil, 1.5); return n }
    a.go:13	x += y()`
	if got := colours.Replace(strings.Join(r.Error.Traceback, "\n")); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
