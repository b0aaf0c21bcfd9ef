package interp_test

import (
	"context"
	"strings"
	"testing"

	"divvy/kernel/cell"
)

func TestHints(t *testing.T) {
	s := session(t)
	must(t, s, "import \"time\"\nn, small, wait := 3, int8(1), time.Second\nrewards := []float64{1}\npaper := 3\ntype point struct{ Width, height int }\nfunc (p *point) Move() {}\nvar p point")
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
		`rewards[0] * n`:               "(mismatched types float64 and int); Go converts no number by itself: float64(n)",
		`(n + 1) * rewards[0]`:         "; Go converts no number by itself: float64(n + 1)",
		`n * wait`:                     "; Go converts no number by itself: time.Duration(n)",
		`wait * n`:                     "; Go converts no number by itself: time.Duration(n)",
		`n + small`:                    "; Go converts no number by itself: int(small)",
		`n + "text"`:                   "(mismatched types int and untyped string)",
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
	} {
		r := s.Execute(context.Background(), cell.Request{Count: 7, Code: code}, &collector{})
		if r.Error == nil || len(r.Error.Diagnostics) != 1 || !strings.HasSuffix(r.Error.Value, want) {
			t.Errorf("%s: %v, want %s", code, r.Error, want)
		}
	}
}
