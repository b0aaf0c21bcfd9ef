package wire_test

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"unsafe"

	"divvy/kernel/native/wire"
)

// call sends args through a message to f's side, calls f there and brings
// results and changes back, as the kernel and a helper do.
func call(t testing.TB, f any, args, results []any) error {
	t.Helper()
	fv := reflect.ValueOf(f)
	near := &wire.Graph{}
	nts, nps := typed(args)
	pieces, err := near.Write(nts, nps)
	if err != nil {
		return err
	}
	msg := bytes.Join(pieces, nil)

	far := &wire.Graph{}
	var vs []reflect.Value
	var fts []reflect.Type
	var fps []unsafe.Pointer
	for i := range fv.Type().NumIn() {
		p := reflect.New(fv.Type().In(i))
		vs, fts, fps = append(vs, p.Elem()), append(fts, p.Type().Elem()), append(fps, p.UnsafePointer())
	}
	if err := far.Read(msg, fts, fps); err != nil {
		return err
	}
	for _, r := range fv.Call(vs) {
		p := reflect.New(r.Type())
		p.Elem().Set(r)
		fts, fps = append(fts, r.Type()), append(fps, p.UnsafePointer())
	}
	if pieces, err = far.Write(fts, fps); err != nil {
		return err
	}
	rts, rps := typed(results)
	return near.Read(bytes.Join(pieces, nil), append(nts, rts...), append(nps, rps...))
}

func typed(ptrs []any) (ts []reflect.Type, ps []unsafe.Pointer) {
	for _, x := range ptrs {
		v := reflect.ValueOf(x)
		ts, ps = append(ts, v.Type().Elem()), append(ps, v.UnsafePointer())
	}
	return ts, ps
}

type point struct{ X, Y float64 }

type row struct {
	name  string
	tags  []string
	at    *point
	count map[string]int
	grid  [2][]int
}

// TestValues sends values there and back.
func TestValues(t *testing.T) {
	for _, v := range []any{
		true, 7, int8(-3), uint16(9), uint64(math.MaxUint64), 1.5, float32(math.Inf(1)), complex(1, -2), "", "häß\x00", [3]int{1, 2, 3}, [0]int{}, [2]string{"a", "b"},
		[]int(nil), []int{}, []int{1, 2}, [][]string{nil, {}, {"x"}}, []point{{1, 2}, {3, 4}}, make([]struct{}, 3), []bool{true, false},
		map[string]int(nil), map[string]int{}, map[string][]int{"a": {1}, "b": nil}, map[point]string{{1, 2}: "p"}, map[[2]string]*point{{"a", "b"}: {1, 2}},
		(*int)(nil), new(int), &point{5, 6}, &[]string{"q"}, struct{}{}, new(struct{}), []*point{nil, {1, 1}}, [][3]float64{{1, 2, 3}, {4, 5, 6}},
		row{"n", []string{"t"}, &point{1, 2}, map[string]int{"c": 1}, [2][]int{{1}, nil}}, []row{{name: "x"}, {tags: []string{}}},
		make([]float64, 100_000),
	} {
		typ := reflect.TypeOf(v)
		same := reflect.MakeFunc(reflect.FuncOf([]reflect.Type{typ}, []reflect.Type{typ}, false), func(in []reflect.Value) []reflect.Value { return in })
		in, out := reflect.New(typ), reflect.New(typ)
		in.Elem().Set(reflect.ValueOf(v))
		if err := call(t, same.Interface(), []any{in.Interface()}, []any{out.Interface()}); err != nil {
			t.Errorf("%T %v: %v", v, v, err)
		} else if got := out.Elem().Interface(); !reflect.DeepEqual(got, v) || !reflect.DeepEqual(in.Elem().Interface(), v) {
			t.Errorf("%T %#v became %#v", v, v, got)
		}
	}
}

// TestEffects makes changes on the far side and looks at the near one.
func TestEffects(t *testing.T) {
	check := func(name string, ok bool) {
		t.Helper()
		if !ok {
			t.Error(name)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	xs := []float64{1, 2, 3}
	must(call(t, func(xs []float64, k float64) {
		for i := range xs {
			xs[i] *= k
		}
	}, []any{&xs, ptr(2.0)}, nil))
	check("elements are changed in place", reflect.DeepEqual(xs, []float64{2, 4, 6}))

	all := []int{0, 1, 2, 3, 4, 5}
	a, b := all[:4], all[2:]
	var sum int
	must(call(t, func(a, b []int) int { a[2] = 10; return b[0] }, []any{&a, &b}, []any{&sum}))
	check("slices that overlap stay so", sum == 10 && all[2] == 10)

	var sub []int
	must(call(t, func(a []int) []int { return a[1:3] }, []any{&all}, []any{&sub}))
	sub[0] = 77
	check("a result can be part of an argument", len(sub) == 2 && all[1] == 77)

	m := map[string]int{"a": 1}
	keep := m
	must(call(t, func(m map[string]int) { m["b"] = 2; delete(m, "a") }, []any{&m}, nil))
	check("maps are changed in place", reflect.DeepEqual(keep, map[string]int{"b": 2}))

	p := &point{1, 2}
	var q *point
	must(call(t, func(p *point) *point { p.X = 9; return p }, []any{&p}, []any{&q}))
	check("pointers keep their identity", q == p && p.X == 9)

	r := &row{name: "a", tags: []string{"x", "y"}, count: map[string]int{}}
	tags := r.tags
	must(call(t, func(r *row) { r.name += "!"; r.tags[0] = "z"; r.count["n"]++; r.grid[1] = []int{4} }, []any{&r}, nil))
	check("structs are changed in depth", r.name == "a!" && tags[0] == "z" && r.count["n"] == 1 && r.grid[1][0] == 4)

	long := make([]int, 3, 10)
	hold := struct{ xs []int }{long}
	h := &hold
	must(call(t, func(h *struct{ xs []int }) { h.xs = h.xs[:2] }, []any{&h}, nil))
	check("capacity is kept", len(hold.xs) == 2 && cap(hold.xs) == 10 && &hold.xs[0] == &long[0])

	one := []point{{1, 1}, {2, 2}}
	second := &one[1]
	must(call(t, func(ps []point, p *point) { p.X = 5 }, []any{&one, &second}, nil))
	check("a pointer into a slice", one[1].X == 5)

	old := &row{tags: []string{"gone"}}
	must(call(t, func(r **row) { (*r).tags[0] = "seen"; *r = nil }, []any{ptr(&old)}, nil))
	check("what is no longer reached is still changed", old == nil)

	var e1, e2 error
	must(call(t, func() (error, error) { return errors.New("bad"), nil }, nil, []any{&e1, &e2}))
	check("errors come as their text", e1 != nil && e1.Error() == "bad" && e2 == nil)

	grown := []int{1}
	must(call(t, func(xs []int) []int { return append(xs, 2) }, []any{&grown}, []any{&grown}))
	check("results can grow", reflect.DeepEqual(grown, []int{1, 2}))
}

func ptr[T any](x T) *T { return &x }

// TestRefuses shares memory under two types.
func TestRefuses(t *testing.T) {
	p := &point{1, 2}
	x := &p.X
	err := call(t, func(*point, *float64) {}, []any{&p, &x}, nil)
	if err == nil || !strings.Contains(err.Error(), "share memory") {
		t.Errorf("a pointer to a field beside its struct: %v", err)
	}
}

// FuzzRead reads arbitrary messages: an error is right, a panic is not.
func FuzzRead(f *testing.F) {
	g := &wire.Graph{}
	in := []row{{name: "n", tags: []string{"t"}, at: &point{1, 2}, count: map[string]int{"c": 1}}}
	ts, ps := typed([]any{&in})
	pieces, err := g.Write(ts, ps)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(bytes.Join(pieces, nil))
	f.Add([]byte{0})
	f.Fuzz(func(t *testing.T, msg []byte) {
		var out []row
		ts, ps := typed([]any{&out})
		_ = (&wire.Graph{}).Read(msg, ts, ps) // either is fine
	})
}
