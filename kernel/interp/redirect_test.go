package interp_test

import (
	"context"
	"strings"
	"testing"

	"divvy/kernel/cell"
)

// TestRedirect looks at what closures of earlier cells call once a function is
// declared again.
func TestRedirect(t *testing.T) {
	s := session(t)
	c := &collector{}
	for i, step := range []struct{ code, want string }{
		{`type T struct{ n int }
func g() int { return 1 }
func h(xs ...int) int { return g() + len(xs) }
func (t *T) M(k int) int { t.n += k; return g() + t.n }
func two(s string) (string, error) { return s + "1", nil }
t, in, out := &T{}, make(chan int), make(chan int)
g1, h1, m1, two1, value := func() int { return g() }, func() int { return h(1, 2) }, func() int { return t.M(1) }, func() (string, error) { return two("a") }, g
inner := func() func() int { return func() int { return 100 * g() } }()
go func() { for range in { out <- g() } }()
fmt.Println(g1(), h1(), m1(), inner(), value())`, "1 3 2 100 1"},
		{"func g() int { return 2 }\nin <- 1\nfmt.Println(g1(), h1(), m1(), inner(), value(), <-out)", "2 4 4 200 1 2"},
		{"func g() int { return 3 }\nfunc two(s string) (string, error) { return s + \"2\", fmt.Errorf(\"e\") }\nfunc (t *T) M(k int) int { return 1000 + g() }", ""},
		{"fmt.Println(g1(), h1(), m1(), inner(), value())\nfmt.Println(two1())", "3 5 1003 300 1\na2 e"},
		// With another type it is another function, and what was stays.
		{"func g() string { return \"s\" }\nfunc h(xs ...int) int { return 7 + xs[0] }\nfmt.Println(g1(), h1(), g())", "3 8 s"},
		{"func h(xs ...int) int { panic(\"late\") }\nfunc() { defer func() { fmt.Println(recover()) }(); h1() }()", "late"},
	} {
		c.out.Reset()
		r := s.Execute(context.Background(), cell.Request{Count: i + 1, Code: step.code}, c)
		if got := strings.TrimSuffix(c.stdout(), "\n"); r.Error != nil || got != step.want {
			t.Errorf("%s\ngave %q %v, want %q", step.code, got, r.Error, step.want)
		}
	}
}
