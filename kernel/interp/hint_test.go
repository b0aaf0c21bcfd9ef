package interp_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"divvy/kernel/cell"
)

func TestHints(t *testing.T) {
	s := session(t)
	must(t, s, "import \"time\"\nn, small, wait := 3, int8(1), time.Second\nrewards := []float64{1}\npaper := 3\ntype point struct{ Width, height int }\nfunc (p *point) Move() {}\nvar p point\ndata := dataset.Example()\nt := must(data.Table(ctx))")
	for code, want := range map[string]string{
		`os.Getenv("HOME")`:            `undefined: os; to use the package, add import "os"`,
		`rand.Int()`:                   `add import "crypto/rand" or "math/rand"`,
		`rewrads[0]`:                   `undefined: rewrads; did you mean rewards?`,
		`fmt.Pritnln(1)`:               `undefined: fmt.Pritnln; did you mean Println?`,
		`arrowio.ReadJSONL("x")`:       `undefined: arrowio.ReadJSONL; did you mean ReadJSONLines?`,
		`arrowio.ReadParquetFile("x")`: `undefined: arrowio.ReadParquetFile; did you mean ReadParquet?`,
		`dataset.Laod("x")`:            `undefined: dataset.Laod; did you mean Load?`,
		`p.Widht`:                      `p.Widht undefined (type point has no field or method Widht); did you mean Width?`,
		`p.Mvoe()`:                     `did you mean Move?`,
		`paper.Rankings()`:             `(type int has no field or method Rankings); paper is a variable of yours; to use the package, add import "divvy/stdlib/paper", which hides the variable`,
		`must(paper.Rankings())`:       `, which hides the variable`,
		`xyz`:                          "undefined: xyz",
		`tokenize.FromFile("x")`:       "undefined: tokenize.FromFile; tokenize has FlatIDs, GPT2, HuggingFace, IDs, IDsFromArrow, LLaMA, NewIDs, OPT, Options, Tokenizer, WhiteSpace",
		`p.Rotate()`:                   "; it has Move, Width, height",
		`y = 5`:                        "undefined: y; a new variable is declared by :=",
		`rewarsd = nil`:                "; a new variable is declared by := or did you mean rewards?",
		`rewards[0] * n`:               "(mismatched types float64 and int); Go converts no number by itself: float64(n)",
		`(n + 1) * rewards[0]`:         "; Go converts no number by itself: float64(n + 1)",
		`n * wait`:                     "; Go converts no number by itself: time.Duration(n)",
		`wait * n`:                     "; Go converts no number by itself: time.Duration(n)",
		`n + small`:                    "; Go converts no number by itself: int(small)",
		`n + "text"`:                   `(mismatched types int and untyped string); fmt.Sprint(n, "text") is the text of both`,
		`ds := dataset.Load(ctx, "x")`: `; it returns an error, too: must(dataset.Load(ctx, "x")) gives the value, or ends the cell with the error`,
		`dataset.Load(ctx, "x").Len()`: `; it returns an error, too: must(dataset.Load(ctx, "x")) gives the value, or ends the cell with the error`,
		`widget.Table(dataset.Example().Table(ctx))`:                         `: must(dataset.Example().Table(ctx)) gives the value, or ends the cell with the error`,
		"func must(x int) {}\nds := dataset.Load(ctx, \"x\")":                "; it returns an error, too, that has to be taken",
		`dataset.Example().Rankings(3)`:                                      "\n\tit is Rankings(ctx context.Context, k int, seed uint64) (*dataset.Dataset, error); ctx, which every cell has, comes first",
		`dataset.Example().Rankings(ctx, 3)`:                                 "\n\tit is Rankings(ctx context.Context, k int, seed uint64) (*dataset.Dataset, error)",
		`figure.Histogram(rewards)`:                                          "\n\tit is Histogram(name string, values []float64, low float64, high float64, bins int) *figure.Figure",
		"a := must(dataset.Load(ctx, \"a\"))\nb := dataset.Load(ctx, \"b\")": `: must(dataset.Load(ctx, "b")) gives the value, or ends the cell with the error`,
		`must(dataset.Example())`:                                            "; dataset.Example() returns no error: it needs no must",
		`len(p)`:                                                             "for built-in len; it has Move, Width, height",
		`p[0]`:                                                               "; it has Move, Width, height",
		"for range p {\n}":                                                   "; it has Move, Width, height",
		`for i in range(10) { }`:                                             "found in; loops are: for i := range 10 { … }, for i, x := range list { … }",
		`1, 2`:                                                               "; several values are shown by display.Show(a, b), a list is []float64{1, 2}",
		"n\n?n":                                                              "; ?name is a cell of its own",
		`'text'`:                                                             `; text stands in "double quotes"`,
		"x := 1\nlenn(rewards)":                                              "did you mean len?",

		// What other languages and libraries have.
		`x := None`:                   "undefined: None; Go says nil",
		`def f(x): return x`:          "; functions are: func double(x int) int { return 2 * x }",
		`print "x"`:                   "; it is fmt.Println(x)",
		`x = [i for i in range(10)]`:  "; a list is made by a loop: for i := range 10 { list = append(list, i) }",
		`import numpy as np`:          `; imports are: import "math"; dataset, arrowio, figure and the like are there without one`,
		`g := lambda x: x`:            "; a function is written func(x int) int { return x + 1 }",
		"# a comment":                 "; comments begin with //",
		`b := true and false`:         "; and, or, not are &&, ||, !",
		`not true`:                    "; and, or, not are &&, ||, !",
		`while n > 0 { n-- }`:         "; a loop while something holds is: for x > 0 { … }",
		`y := n++`:                    "; x++ is a statement of its own",
		`f"{n}"`:                      `; text with values in it is fmt.Sprintf("hello %v", x)`,
		`if n > 3:`:                   "; a block stands in braces: if x > 3 { … }",
		`3 ** n`:                      "; a power is math.Pow(x, y)",
		`t.head()`:                    "(type *arrowio.Table has no field or method head, but does have method Head)",
		`t.shape`:                     "; here it is NumRows",
		`t.to_csv("x")`:               "; here it is WriteCSV",
		`t.drop_duplicates()`:         "; here it is Unique",
		`dataset.Example().Head(5)`:   "; here it is Prefix",
		`len(t)`:                      "; here it is t.NumRows()",
		`t["a"]`:                      `; a row is t.Row(0), a column t.Floats("name"), Ints, Strings, …`,
		`data[0]`:                     "; a row is data.Row(0)",
		`data[0:3]`:                   "; here it is data.Slice(from, to)",
		"for _, r := range data {\n}": "; a loop over its rows is: for i := range data.Len() { row := data.Row(i) … }",
		`if n { }`:                    "; a condition is true or false: n != 0",

		// What was left out.
		`dataset.Load("x")`:             "; ctx, which every cell has, comes first",
		`Row{}`:                         "undefined: Row; did you mean dataset.Row or widget.Row?",
		`Example()`:                     "undefined: Example; did you mean dataset.Example?",
		`n * 0.5`:                       "truncated to int; Go converts no number by itself: float64(n)",
		`2.5 / (n + 1)`:                 "; Go converts no number by itself: float64(n + 1)",
		`len(data.Prompts)`:             "; it is a function: data.Prompts() calls it",
		`augment.NewPool(data.Prompts)`: "; it is a function: data.Prompts() calls it",
		`augment.NewPool(data)`:         "; data.Prompts() gives one",
		`widget.Table(data)`:            "; must(data.Table(ctx)) gives one",
		`diversity.Measure(ctx, data, diversity.Options{})`: "; *tokenize.IDs comes from tokenize.Tokenizer.EncodeAll, tokenize.FlatIDs, tokenize.IDsFromArrow, tokenize.NewIDs",
		`figure.Scatter(t)`:       "; []figure.Series comes from figure.ByDiversity, figure.BySamples, figure.Groups; one is written figure.Series{Name: …, X: …, Y: …}",
		`must(absent.Table(ctx))`: "undefined: absent",
		`fmt.printf("x")`:         "undefined: fmt.printf (but have Printf)",
	} {
		r := s.Execute(context.Background(), cell.Request{Count: 7, Code: code}, &collector{})
		if r.Error == nil || len(r.Error.Diagnostics) != 1 || !strings.HasSuffix(r.Error.Value, want) {
			t.Errorf("%s: %v, want %s", code, r.Error, want)
		}
	}
}

// A name that is missing because of what happened before is told so.
func TestHintsOfEarlierCells(t *testing.T) {
	s := session(t)
	for i, c := range []struct{ code, want string }{
		{"long := 5\nfunc g() int { return 1 }\nlong + \"x\"", `is the text of both`},
		{"long", "undefined: long; In[1] would declare it, but has an error"},
		{"g()", "undefined: g; In[1] would declare it, but has an error"},
		{"long := 6", ""},
		{"long", ""},
		{"broken := (", "found the end of the cell"},
		{"broken", "undefined: broken; In[6] would declare it, but has an error"},
		{"x := 3\nfunc f() int { return x }", ""},
		{"x := \"three\"\nf()", "undefined: f; the one of In[8] no longer holds (cannot use x (variable of type string) as int value in return statement): run that cell again"},
		{"f()", ""},
		{"type P struct{ A int }\nfunc (p P) Twice() int { return 2 * p.A }", ""},
		{"type P struct{ A, B int }", ""},
		{"P{}.Twice()", "; the one of In[11] was a method of the former P: run that cell again"},
		{"var data *dataset.Dataset\nn := 0", ""},
		{"n = data.Len()", "data is nil: nothing was put into it, or the cell that does so ended before"},
		{"other := must(dataset.Load(ctx, \"absent.jsonl\"))", "no such file"},
		{"fmt.Println(n, other.Prompt(0))", "other is nil: nothing was put into it, or the cell that does so ended before"},
	} {
		r := s.Execute(context.Background(), cell.Request{Count: i + 1, Code: c.code}, &collector{})
		switch {
		case r.Error == nil && c.want == "":
		case r.Error == nil || c.want == "" || !strings.Contains(strings.Join(append(r.Error.Traceback, r.Error.Value), "\n"), c.want):
			t.Errorf("In[%d]: %s: %v, want %s", i+1, c.code, r.Error, c.want)
		}
	}
}

// One mistake that a cell makes in many places is told once.
func TestErrorsToldOnce(t *testing.T) {
	s := session(t)
	for code, want := range map[string]string{
		"a := math.Pi\nb := math.E + math.Phi\nc := 1\nd := math.Pi": "In[3]:1:6: undefined: math; to use the package, add import \"math\"|    1 | a := math.Pi|      |      ^|      and in lines 2, 4",
		"math.Sqrt(math.Pi)": "In[3]:1:1: undefined: math; to use the package, add import \"math\"|    1 | math.Sqrt(math.Pi)|      | ^",
		"xx1; yy1\nxx1":      "In[3]:1:1: undefined: xx1|    1 | xx1; yy1|      | ^|      and in line 2|In[3]:1:6: undefined: yy1|    1 | xx1; yy1|      |      ^",
	} {
		r := s.Execute(context.Background(), cell.Request{Count: 3, Code: code}, &collector{})
		if got := plain(r.Error.Traceback); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", code, got, want)
		}
	}
	var many strings.Builder
	for i := range mostErrorsShown + 3 {
		fmt.Fprintf(&many, "missing%c()\n", 'a'+i)
	}
	r := s.Execute(context.Background(), cell.Request{Count: 3, Code: many.String()}, &collector{})
	if got := plain(r.Error.Traceback); strings.Count(got, "undefined") != mostErrorsShown || !strings.HasSuffix(got, "|… and 3 more errors") || len(r.Error.Diagnostics) != mostErrorsShown+3 {
		t.Errorf("many errors: %s", got)
	}
}

const mostErrorsShown = 10

// plain is a traceback without colours, its lines divided by |.
func plain(lines []string) string {
	return regexp.MustCompile("\x1b\\[[0-9]*m").ReplaceAllString(strings.Join(lines, "|"), "")
}
