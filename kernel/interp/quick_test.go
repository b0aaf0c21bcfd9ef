package interp_test

import (
	"strings"
	"testing"
)

// TestQuick runs functions on the quick steps and compiled by the go tool, and
// compares. They use the operators on the types that have quick steps and on
// those that do not, in all the places where a value can be.
func TestQuick(t *testing.T) {
	const program = `
import "fmt"

type celsius float64

type vec struct {
	X, Y float64
	n    int
	ok   bool
	tags []int
	next struct{ deep int }
}

func ints(n int) (out []any) {
	a, b := n, 3
	a += b; a -= 2; a *= b; a++; b--
	c := a*b - n + 7
	const k = 5
	c = c + k; c = k - c; c = 2 * c
	neg := -a
	out = append(out, a, b, c, neg, a < b, a <= b, a > b, a >= b, a == b, a != b, a < k, k < a, 7 == n)
	big := 1 << 62
	big += big; big *= 3
	return append(out, big, a/b, a%b, a&b, a|b, a^b, a<<2, a>>1)
}

func floats(n int) (out []any) {
	x, y := float64(n), 0.5
	x += y; x -= 2; x *= y; x++; y--
	z := x*y - 1
	z = z * 2; z = 1 / z; z += 3
	nan := z - z
	nan /= nan
	out = append(out, x, y, z, x < y, x <= y, x > y, x >= y, x == y, x != y, nan == nan, nan != nan, nan < 1)
	var c celsius = 20
	c *= 2; c++
	var f float32 = 1.1
	f *= f
	return append(out, float64(c), c > 30, f, f+1)
}

func others(n int) (out []any) {
	u := uint8(n + 250)
	u += 10; u *= 3; u--
	i := int64(n) << 40
	i *= i; i -= 1
	s := "a"
	s += "b"
	cx := complex(1, 2)
	cx *= cx
	return append(out, u, u < 3, i, i > 0, s, s < "b", s == "ab", cx, cx != 0)
}

func logic(n int) (out []any) {
	p, q := n > 2, n < 2
	if p && !q { out = append(out, "and") }
	if p || q { out = append(out, "or") } else { out = append(out, "nor") }
	calls := 0
	say := func(b bool) bool { calls++; return b }
	r := say(p) && say(q) || say(!p)
	for !q && calls < 10 { calls++ }
	flags := []bool{p, q, true}
	m := 0
	for i := range flags { if flags[i] { m += i } }
	return append(out, r, calls, m, !p == q)
}

func places(n int) (out []any) {
	xs := []int{1, 2, 3}
	fs := [][]float64{{1, 2}, {3, 4}}
	arr := [3]int{4, 5, 6}
	m := map[string]int{"a": 1}
	v := vec{X: 1, tags: xs}
	p := &v
	pi := &xs[1]
	xs[0] += n; xs[n%3]++; *pi *= 7
	fs[1][0] -= 0.25; fs[0][1] *= fs[1][1]
	arr[n%3] += 2; m["a"] += n; m["b"]--
	v.X += 0.5; p.Y = v.X * 2; p.n++; v.next.deep -= n; p.next.deep *= 2; v.ok = p.X > 1
	p.tags[2] = len(p.tags) + len(xs) + len("four") + len(arr) + len(m)
	pp := &p
	(*pp).n += 10
	var any any = n
	any = any.(int) + 1
	ps := []*vec{p, {X: 9}}
	ps[1].X -= ps[0].X
	vs := []vec{v, v}
	vs[0].n = 77
	return append(out, fmt.Sprint(xs, fs, arr, m, v, any, ps[1].X, vs[0].n, vs[1].n, p.n == v.n))
}

func closures(n int) (out []any) {
	s, total := 0, 0.0
	var fns []func() int
	for i := 0; i < 3; i++ {
		fns = append(fns, func() int { s += i; i := i * n; return i })
		add := func(x float64) { total += x; func() { total *= 2; s-- }() }
		add(float64(i))
	}
	for _, f := range fns { out = append(out, f()) }
	for i, x := range []float64{1, 2} { y := x; if i == 1 { y = total }; out = append(out, func() float64 { return y + x }()) }
	k := n
	{ k := k + 1; k *= 2; out = append(out, k) }
	a, b := 1, 2
	a, b = b, a+b
	defer func() { s = 100 }()
	return append(out, s, total, k, a, b)
}

func panics(n int) (out []any) {
	try := func(f func()) { defer func() { out = append(out, fmt.Sprint(recover())) }(); f() }
	xs := []int{1, 2}
	var none []float64
	var p *vec
	k := -1
	try(func() { xs[n] = 1 })
	try(func() { xs[k]++ })
	try(func() { none[0] += 2 })
	try(func() { p.X++ })
	try(func() { fmt.Sprint(p.n) })
	try(func() { xs[1] = xs[2] })
	try(func() { u := uint8(9); xs[u]++ })
	return out
}

func run(n int) string {
	var b []string
	for _, f := range []func(int) []any{ints, floats, others, logic, places, closures, panics} { b = append(b, fmt.Sprintln(f(n)...)) }
	return fmt.Sprint(b)
}
`
	compiled, quick := compiling(t), session(t)
	must(t, compiled, "%%native\n"+strings.TrimLeft(program, "\n"))
	must(t, quick, program)
	for _, n := range []string{"1", "3", "8", "-6"} {
		want := must(t, compiled, "fmt.Print(run("+n+"))")
		got := must(t, quick, "fmt.Print(run("+n+"))")
		if g, w := strings.Split(got, "\n"), strings.Split(want, "\n"); got != want {
			for i := range min(len(g), len(w)) {
				if g[i] != w[i] {
					t.Errorf("run(%s):\ngot  %s\nwant %s", n, g[i], w[i])
				}
			}
		}
	}
	// At the top of a cell, where variables are the session's.
	got := must(t, quick, "s := 0\nxs := []float64{1, 2}\nfor i := 0; i < 5; i++ { s += i; xs[i%2] *= 2 }\nb := s > 9\nv := vec{n: s}\nv.n -= 3\nfmt.Println(s, xs, b, v.n)")
	if got != "10 [8 8] true 7\n" {
		t.Errorf("session variables: %q", got)
	}
}
