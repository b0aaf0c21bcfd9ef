package interp_test

// randomPrelude declares what the random functions use.
const randomPrelude = `import ("cmp"; "container/heap"; "errors"; "iter"; "maps"; "math"; "slices"; "sort"; "strings"; "sync"; "sync/atomic"; "fmt")
var (_ = heap.Init; _ = sort.Ints; _ = math.Abs; _ = errors.As; _ iter.Seq[int]; _ = strings.ToUpper; _ sync.Mutex; _ atomic.Int64; _ = cmp.Compare[int]; _ = maps.Keys[map[int]int]; _ = slices.Sort[[]int])
func cst[X any](x X) X { return x }
func cond[X any](b bool, x, y X) X { if b { return x }; return y }
func twice[X any](f func(X) X, x X) X { return f(f(x)) }
func apply(f func(int) int, n int) int { return f(n) }
func reduce[X, Y any](xs []X, y Y, f func(Y, X) Y) Y { for _, x := range xs { y = f(y, x) }; return y }
func has[K comparable, V any](m map[K]V, k K) bool { _, ok := m[k]; return ok }
type (Ints = []int; Counts = map[string]int; Fun = func(int) int; Ptr = *T; Arr = [4]int; Err = error; Any = any)
type MyInt int
func (m MyInt) Twice() int { return int(m) * 2 }
func (m MyInt) Twice2() MyInt { return m * 2 }
func (m MyInt) Plus(n int) int { return int(m) + n }
func (m MyInt) Area() int { return int(m) }
func (m MyInt) Name() string { return "my" }
type Day uint8
const (Mon Day = iota; Tue)
func (d Day) String() string { switch d { case Mon: return "Mon"; case Tue: return "Tue" }; return fmt.Sprintf("Day%d", uint8(d)) }
func (d Day) Next(n int) int { return (int(d) + n) % 7 }
type myErr int
func (e myErr) Error() string { return fmt.Sprint("e", int(e)) }
type T struct{ A int; B float64; C string; U uint8; R int32 }
type Outer struct{ T; W uint64 }
type Shape interface{ Area() int; Name() string }
func (t T) Sum(n int) int { return t.A + n }
func (t T) Area() int { return t.A * 2 }
func (t T) Name() string { return "T" + t.C }
func (t *T) Inc() int { t.A++; return t.A }
type Key struct{ N int; S string }
type Pair[A, B any] struct { First A; Second B }
func (p Pair[A, B]) Swap() (B, A) { return p.Second, p.First }
func (p *Pair[A, B]) Set(a A, b B) { p.First, p.Second = a, b }
type Node struct { Value int; Left, Right *Node }
func (n *Node) Insert(v int) *Node {
	switch {
	case n == nil: return &Node{Value: v}
	case v < n.Value: return &Node{n.Value, n.Left.Insert(v), n.Right}
	}
	return &Node{n.Value, n.Left, n.Right.Insert(v)}
}
func (n *Node) Depth() int { if n == nil { return 0 }; return 1 + max(n.Left.Depth(), n.Right.Depth()) }
func (t T) With(n int) T { t.A = n; return t }
func areaOf(t T) int { return t.Area() + 1 }
func incCopy(t T) int { t.A++; return t.Inc() }
func pick(n int) (func(T) int, error) { if n&1 == 0 { return nil, myErr(n & 7) }; return areaOf, nil }
func push[X any](c *cons[X], x X) *cons[X] { return &cons[X]{x, c} }
func tail(c *cons[int]) *cons[int] { return c.next }
func abs(n int) int { if n < 0 { return -n }; return n }
func each(c *cons[int], f func(int) int) (t int) { for ; c != nil; c = c.next { t = t*3 + f(c.x) }; return }
type State func(int) (int, State)
func begin(n int) (int, State) { if n > 7 { return n - 7, middle }; return n, nil }
func middle(n int) (int, State) { return n + 3, func(n int) (int, State) { return n * 2, begin } }
type Nest struct { in T; kids []*Nest }
type Wide struct { *T; N int; Tags [2]string }
type Named interface{ Name() string }
type List[X any] struct{ head *cons[X] }
type cons[X any] struct { x X; next *cons[X] }
func (l *List[X]) Add(x X) { l.head = &cons[X]{x, l.head} }
func (l *List[X]) All() iter.Seq[X] { return func(yield func(X) bool) { for c := l.head; c != nil; c = c.next { if !yield(c.x) { return } } } }
func Fold[X, Y any](l *List[X], y Y, f func(Y, X) Y) Y { for x := range l.All() { y = f(y, x) }; return y }
type Keyed[K cmp.Ordered, V any] struct{ m map[K]V }
func (k *Keyed[K, V]) Put(key K, v V) { if k.m == nil { k.m = map[K]V{} }; k.m[key] = v }
func (k Keyed[K, V]) Get(key K) (v V) { return k.m[key] }
func (k Keyed[K, V]) Keys() []K { return slices.Sorted(maps.Keys(k.m)) }
func total[N Number](ns ...N) (t N) { for _, n := range ns { t += n }; return }
func first[X, Y any](x X, _ Y) X { return x }
func prInt(p Pair[int, string], n int) int { p.Set(n, "set"); return p.First + len(p.Second) }
type Number interface{ ~int | ~uint8 | ~int16 | ~int32 | ~uint64 | ~float64 }
func gmax[N Number](a, b N) N { if a > b { return a }; return b }
func gmap[X, Y any](xs []X, f func(X) Y) (out []Y) { for _, x := range xs { out = append(out, f(x)) }; return }
func gjoin[X, Y any](x X, y Y) string { return cut(fmt.Sprint(x, y)) }
type Stack[X any] struct{ items []X; zero X }
func (s *Stack[X]) Push(x X) { s.items = append(s.items, x) }
func sum(ns ...int) (t int) { for _, n := range ns { t += n }; return }
func seq(n int) func(func(int) bool) { return func(yield func(int) bool) { for i := 0; i < n; i++ { if !yield(i) { return } } } }
func pairs(n int) func(func(int, string) bool) { return func(yield func(int, string) bool) { for i := 0; i < n; i++ { if !yield(i, string(rune(65+i))) { return } } } }
func typeName(x any) string { s := fmt.Sprintf("%T", x); return s[strings.LastIndex(s, ".")+1:] }
type Color int
const (Red Color = iota; Green; Blue; _; Last = iota * 10)
func (c Color) String() string { return [...]string{"red", "green", "blue", "?"}[min(max(int(c), 0), 3)] }
const (_ = 1 << (10 * iota); KB; MB)
type Base struct{ ID int; tags []string }
func (b *Base) Tag(s string) int { b.tags = append(b.tags, cut(s)); return len(b.tags) }
func (b Base) Ident() int { return b.ID*10 + len(b.tags) }
type Mid struct{ *Base; Label string }
func (m Mid) Name() string { return "mid" + m.Label }
type Top struct{ Mid; Color; Seen map[Color]int }
func (t *Top) See(c Color) int { if t.Seen == nil { t.Seen = map[Color]int{} }; t.Seen[c]++; return t.Seen[c] }
func (t Top) Ident() int { return t.Base.Ident() + 1 }
type Identer interface{ Ident() int }
type Tagger interface{ Identer; Tag(s string) int }
type Logged struct{ Shape; calls *int }
func (l Logged) Area() int { *l.calls++; return l.Shape.Area() + 1 }
type Set[K cmp.Ordered] map[K]struct{}
func (s Set[K]) Add(ks ...K) Set[K] { for _, k := range ks { s[k] = struct{}{} }; return s }
func (s Set[K]) Has(k K) bool { _, ok := s[k]; return ok }
func (s Set[K]) Sorted() []K { return slices.Sorted(maps.Keys(s)) }
type Vec[N Number] []N
func (v Vec[N]) Sum() (t N) { for _, n := range v { t += n }; return }
func (v Vec[N]) Map(f func(N) N) Vec[N] { out := make(Vec[N], len(v)); for i, n := range v { out[i] = f(n) }; return out }
func (v *Vec[N]) Push(n N) *Vec[N] { *v = append(*v, n); return v }
type Opt[X any] struct{ val X; ok bool }
func Some[X any](x X) Opt[X] { return Opt[X]{x, true} }
func (o Opt[X]) Or(x X) X { if o.ok { return o.val }; return x }
func (o *Opt[X]) Take() (x X, ok bool) { x, ok = o.val, o.ok; *o = Opt[X]{}; return }
type Fn[A, B any] func(A) B
func (f Fn[A, B]) Call(a A) B { return f(a) }
func Then[A, B, C any](f Fn[A, B], g Fn[B, C]) Fn[A, C] { return func(a A) C { return g(f(a)) } }
type Tree[K cmp.Ordered, V any] struct{ root *branch[K, V]; n int }
type branch[K cmp.Ordered, V any] struct{ key K; val V; kids [2]*branch[K, V] }
func (t *Tree[K, V]) Put(k K, v V) *Tree[K, V] {
	at := &t.root
	for *at != nil { c := cmp.Compare(k, (*at).key); if c == 0 { (*at).val = v; return t }; at = &(*at).kids[(c+1)/2] }
	*at = &branch[K, V]{key: k, val: v}; t.n++
	return t
}
func (t *Tree[K, V]) All() iter.Seq2[K, V] { return func(yield func(K, V) bool) { t.root.walk(yield) } }
func (b *branch[K, V]) walk(yield func(K, V) bool) bool { return b == nil || b.kids[0].walk(yield) && yield(b.key, b.val) && b.kids[1].walk(yield) }
type Namer interface{ comparable; Name() string }
func names[N Namer](ns ...N) string { var zero N; s := ""; for _, n := range ns { if n != zero { s += n.Name() } }; return cut(s) }
func sumOf[S ~[]E, E Number](s S) (t E) { for _, e := range s { t += e }; return }
func kindOf[X any](x X) string { switch v := any(x).(type) { case int: return "int"; case string: return "s" + v; case fmt.Stringer: return v.String(); case []X: return "slice"; case T: return "T" + v.C; case Shape: return v.Name() }; return "other" }
func filter[X any](seq iter.Seq[X], keep func(X) bool) iter.Seq[X] { return func(yield func(X) bool) { for x := range seq { if keep(x) && !yield(x) { return } } } }
func groupBy[X any, K comparable](xs []X, key func(X) K) map[K][]X { m := map[K][]X{}; for _, x := range xs { k := key(x); m[k] = append(m[k], x) }; return m }
func try[X any](f func() X) (x X, err error) { defer func() { if r := recover(); r != nil { err = fmt.Errorf("try: %v", r) } }(); return f(), nil }
type byA []T
func (b byA) Len() int { return len(b) }
func (b byA) Less(i, j int) bool { return b[i].A < b[j].A }
func (b byA) Swap(i, j int) { b[i], b[j] = b[j], b[i] }
type queue []int
func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool { return q[i] < q[j] }
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any) { *q = append(*q, x.(int)) }
func (q *queue) Pop() any { old := *q; x := old[len(old)-1]; *q = old[:len(old)-1]; return x }
type wrapErr struct{ op string; err error }
func (e *wrapErr) Error() string { return e.op + ":" + e.err.Error() }
func (e *wrapErr) Unwrap() error { return e.err }
var errBase = errors.New("base")
func fail(n int) error { switch n & 3 { case 0: return nil; case 1: return errBase; case 2: return &wrapErr{"op", myErr(n & 7)} }; return fmt.Errorf("w %w", &wrapErr{"in", errBase}) }
type counter struct{ mu sync.Mutex; n map[string]int }
func (c *counter) Inc(k string, by int) int { c.mu.Lock(); defer c.mu.Unlock(); if c.n == nil { c.n = map[string]int{} }; c.n[k] += by; return c.n[k] }
func send[X any](x X) chan X { c := make(chan X); go func() { c <- x }(); return c }
func catch(f func()) (r any) { defer func() { r = recover() }(); f(); return }
func guard(n *int) { if r := recover(); r != nil { *n += 5 } }
func ignore() { if recover() != nil { fmt.Println("ignored") } }
func (t *T) Swallow(n *int) { *n++; guard(n) }
type waiter struct{ mu sync.Mutex; n int }
func (w *waiter) Done() { if r := recover(); r != nil { w.n++ } }
var pair waiter
func local[X any](x X) X { type in struct{ X any; s []X }; y := in{x, []X{x}}; return y.s[0] }
func twoInts(xs []int) ([]int, []int) { return xs[:1], []int{7, 8} }
func many(n int) ([]int, int, int) { return []int{1}, n & 3, 2 }
type Holder struct { v any; s Shape }
func cut(s string) string { r := []rune(s); if len(r) > 6 { r = r[:6] }; return string(r) }
`

// randomVars are the variables of every random function.
const randomVars = `i0, i1, i2 := 1, 2, 3
u8, r32, u64, h16, mi := uint8(200), int32(-7), uint64(1<<63+5), int16(-32000), MyInt(4)
f0, f32, c0, s0, b0, text := 0.5, float32(1.25), 1+2i, "aé", false, "text"
xs, g2, ys, zs, arr := []int{1, 2, 3, 4}, [][]int{{1, 2}, {3}}, []float64{1, 2}, []string{"p", "q"}, [4]int{4, 3, 2, 1}
bs, rs, us, hs, bb, mm, cs, uz := []byte{250, 7}, []int32{1 << 30}, []uint64{3, 4}, []int16{1, 2}, []bool{true}, []MyInt{5}, []complex128{1, 1i}, [2]uint64{7, 9}
t := T{A: 1, B: 2, C: "c"}
p := &T{A: 5}
o := Outer{T: T{A: 9}, W: 3}
m, ms, mk := map[string]int{"a": 1}, map[string]T{"k": {A: 3}}, map[Key]int{{1, "a"}: 4}
md := [2][2]int{{1, 2}, {3, 4}}
pr, pr2 := Pair[int, string]{1, "one"}, Pair[int, string]{}
var np struct{ p *struct{ q *T } }
np.p = &struct{ q *T }{&T{A: 8}}
var tree *Node
pi := &i2
var sh Shape = t
var fs []func() int
col, set, vec, opt := Green, Set[int]{}.Add(1, 2), Vec[int]{3, 1}, Some(T{A: 2})
top := Top{Mid: Mid{&Base{ID: 7}, "m"}, Color: Blue}
grid := map[[2]int]string{{0, 1}: "g"}
fm := map[string]func(int) int{"a": func(n int) int { i2++; return n + i2 }, "b": t.Sum}
bt := (&Tree[string, int]{}).Put("b", 1).Put("a", 2)
var cnt counter
fn, av, ev := Fun(abs), Any(3), fail(2)
defer func() {
	if r := recover(); r != nil { fmt.Println("panic", r, i0, s0) }
	fmt.Println(i0, i1, i2, u8, r32, u64, h16, mi, f0, f32, c0, s0, b0, text, tree == nil)
}()
`

const randomEnd = `for _, f := range fs { i2 += f() }
fmt.Println(col, set, vec, opt.val, opt.ok, top.ID, top.tags, top.Label, top.Color, top.Seen, grid, len(fm), bt.n, cnt.n, fn(3), typeName(av), ev)
fmt.Println(xs, g2, ys, zs, arr, bs, rs, us, hs, bb, mm, cs, uz, t, *p, o, m, ms, mk, md, pr, pr2, *np.p.q, *pi, sh.Area())
`
