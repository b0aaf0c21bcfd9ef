package interp_test

import (
	"context"
	"strings"
	"testing"

	"divvy/kernel/cell"
)

func TestStackOverflow(t *testing.T) {
	s := session(t)
	must(t, s, `func f(n int) int { return f(n+1) + 1 }
func even(n int) bool { return odd(n+1) }
func odd(n int) bool { return even(n+1) }
type T struct{ next *T }
func (t *T) Len() int { return 1 + t.next.Len() }
type S int
func (s S) String() string { return fmt.Sprintf("%v", s) }
type I interface{ Deep() int }
type W struct{ I }
func (w *W) Deep() int { return w.I.Deep() }
x := 5`)
	for _, code := range []string{
		"f(0)", "even(0)", "t := &T{}; t.next = t; t.Len()", "fmt.Println(S(1))",
		"var g func(int) int; g = func(n int) int { return g(n+1) }; g(1)",
		"w := &W{}; w.I = w; w.Deep()",
	} {
		r := s.Execute(context.Background(), cell.Request{Count: 2, Code: code}, &collector{})
		if r.Error == nil || !strings.Contains(r.Error.Value, "stack overflow") {
			t.Errorf("%s: %v", code, r.Error)
		}
	}
	if got := must(t, s, "func down(n int) int { if n == 0 { return 0 }; return down(n-1) + 1 }\nfmt.Println(down(50_000), x)"); got != "50000 5\n" {
		t.Errorf("afterwards: %q", got)
	}
}
