package interp_test

import (
	"context"
	"strings"
	"testing"

	"divvy/kernel/cell"
)

func TestHints(t *testing.T) {
	s := session(t)
	must(t, s, "rewards := []float64{1}\ntype point struct{ Width, height int }\nfunc (p *point) Move() {}\nvar p point")
	for code, want := range map[string]string{
		`os.Getenv("HOME")`:     `undefined: os; to use the package, add import "os"`,
		`rand.Int()`:            `add import "crypto/rand" or "math/rand"`,
		`rewrads[0]`:            `undefined: rewrads; did you mean rewards?`,
		`fmt.Pritnln(1)`:        `undefined: fmt.Pritnln; did you mean Println?`,
		`dataset.Laod("x")`:     `undefined: dataset.Laod; did you mean Load?`,
		`p.Widht`:               `p.Widht undefined (type point has no field or method Widht); did you mean Width?`,
		`p.Mvoe()`:              `did you mean Move?`,
		`xyz`:                   "undefined: xyz",
		`dataset.Qqqqq`:         "undefined: dataset.Qqqqq",
		"x := 1\nlenn(rewards)": "did you mean len?",
	} {
		r := s.Execute(context.Background(), cell.Request{Count: 7, Code: code}, &collector{})
		if r.Error == nil || !strings.HasSuffix(r.Error.Value, want) {
			t.Errorf("%s: %v, want %s", code, r.Error, want)
		}
	}
}
