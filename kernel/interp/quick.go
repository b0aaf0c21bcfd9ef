package interp

import (
	"fmt"
	"go/token"
	"reflect"
	goruntime "runtime"
	"strings"
	"unsafe"

	yaegi "github.com/traefik/yaegi/interp"
)

// yaegi runs a program as a graph of closures, one for each operation, and each
// closure goes through package reflect for its operands: an addition of ints
// takes 13 ns. Most operations of a loop are on ints, floats and bools. For
// these the quickener puts a closure of its own before yaegi's: it looks at
// the operands where they are, and when their types are the expected ones does
// the operation directly; in any other case, an index out of range included, it
// calls yaegi's. So what an operation means is as before, and one closure is one
// step, between which an interrupt can come, as before.
//
// It works on private parts of yaegi: the fields of nodes and frames, found by
// name and type, and the meaning of generators, known by their names. go.mod
// fixes yaegi's version; newQuickener refuses one that looks different, and
// TestQuick compares what comes out with yaegi alone and with compiled code.
type quickener struct {
	root   uintptr // Program.root
	child  uintptr // and the fields of a node
	tnext  uintptr
	fnext  uintptr
	findex uintptr
	level  uintptr
	kind   uintptr
	sym    uintptr
	exec   uintptr
	gen    uintptr
	rval   uintptr
	val    uintptr
	ident  uintptr
	pos    uintptr

	symNode   uintptr // and of a symbol
	symIndex  uintptr
	symGlobal uintptr

	fset     *token.FileSet
	kinds    reflect.Type
	handlers map[string]handler
	byCode   map[uintptr]handler // of generators, nil for those that are left alone
}

// handler makes the quick step of a node whose generator has run, or nil.
type handler func(q *quickener, n node, g string) step

// node is a *node of yaegi.
type node = unsafe.Pointer

// step is yaegi's bltn: it does an operation and returns the next step. A value
// of either is a pointer to a closure, so one can be stored for the other.
type step func(f *yframe) step

// yframe is how a frame of yaegi begins.
type yframe struct {
	id        uint64
	debug     unsafe.Pointer
	root, anc *yframe
	data      []rvalue
}

// rvalue is a reflect.Value.
type rvalue struct {
	typ, ptr unsafe.Pointer
	flag     uintptr
}

// The flags of a reflect.Value; newQuickener checks them.
const (
	flagKind  = 1<<5 - 1
	flagRO    = 1<<5 | 1<<6
	flagIndir = 1 << 7
	flagAddr  = 1 << 8
)

// rtypeOf is the address by which a reflect.Value knows its type.
func rtypeOf(t reflect.Type) unsafe.Pointer { return (*[2]unsafe.Pointer)(unsafe.Pointer(&t))[1] }

// fieldFinder looks up the fields of a type, and keeps the first failure.
type fieldFinder struct {
	t   reflect.Type
	err error
}

func (f *fieldFinder) at(name, typ string) uintptr {
	sf, ok := f.t.FieldByName(name)
	if (!ok || sf.Type.String() != typ) && f.err == nil {
		f.err = fmt.Errorf("yaegi: this version has no %s %s in its %s", name, typ, f.t)
	}
	return sf.Offset
}

func newQuickener(fset *token.FileSet) (*quickener, error) {
	p := &fieldFinder{t: reflect.TypeFor[yaegi.Program]()}
	q := &quickener{fset: fset, root: p.at("root", "*interp.node"), handlers: quickHandlers(), byCode: map[uintptr]handler{}}
	if p.err != nil {
		return nil, p.err
	}
	root, _ := p.t.FieldByName("root")
	n := &fieldFinder{t: root.Type.Elem()}
	q.child, q.tnext, q.fnext = n.at("child", "[]*interp.node"), n.at("tnext", "*interp.node"), n.at("fnext", "*interp.node")
	q.findex, q.level, q.kind = n.at("findex", "int"), n.at("level", "int"), n.at("kind", "interp.nkind")
	q.exec, q.gen = n.at("exec", "interp.bltn"), n.at("gen", "interp.bltnGenerator")
	q.sym, q.rval, q.val, q.ident = n.at("sym", "*interp.symbol"), n.at("rval", "reflect.Value"), n.at("val", "interface {}"), n.at("ident", "string")
	q.pos = n.at("pos", "token.Pos")
	if n.err != nil {
		return nil, n.err
	}
	kind, _ := n.t.FieldByName("kind")
	q.kinds = kind.Type
	sym, _ := n.t.FieldByName("sym")
	s := &fieldFinder{t: sym.Type.Elem()}
	q.symNode, q.symIndex, q.symGlobal = s.at("node", "*interp.node"), s.at("index", "int"), s.at("global", "bool")
	if s.err != nil {
		return nil, s.err
	}
	frame, ok := reflect.TypeFor[yaegi.Interpreter]().FieldByName("frame")
	if !ok || frame.Type.Kind() != reflect.Pointer {
		return nil, fmt.Errorf("yaegi: this version has no frame in its Interpreter")
	}
	mine := reflect.TypeFor[yframe]()
	fr := &fieldFinder{t: frame.Type.Elem()}
	for name, typ := range map[string]string{"id": "uint64", "root": "*interp.frame", "anc": "*interp.frame", "data": "[]reflect.Value"} {
		m, _ := mine.FieldByName(name)
		if at := fr.at(name, typ); fr.err == nil && at != m.Offset {
			return nil, fmt.Errorf("yaegi: %s is elsewhere in its frame", name)
		}
	}
	if fr.err != nil {
		return nil, fr.err
	}
	return q, checkValues()
}

// checkValues makes sure that a reflect.Value looks as rvalue and the flags say.
func checkValues() error {
	x := 5
	v := reflect.ValueOf(&x).Elem()
	r := *(*rvalue)(unsafe.Pointer(&v))
	k := reflect.ValueOf(x)
	c := *(*rvalue)(unsafe.Pointer(&k))
	h := reflect.ValueOf(struct{ x int }{}).Field(0)
	o := *(*rvalue)(unsafe.Pointer(&h))
	if unsafe.Sizeof(v) != unsafe.Sizeof(r) || r.typ != intType || r.ptr != unsafe.Pointer(&x) ||
		r.flag != uintptr(reflect.Int)|flagIndir|flagAddr || c.flag != uintptr(reflect.Int)|flagIndir || o.flag&flagRO == 0 {
		return fmt.Errorf("reflect: a Value of this version of Go looks different")
	}
	return nil
}

// quicken changes a compiled program that has not run yet.
func (q *quickener) quicken(p *yaegi.Program) {
	if root := *(*node)(unsafe.Add(unsafe.Pointer(p), q.root)); root != nil {
		q.walk(root, false)
	}
}

func (q *quickener) children(n node) []node { return *(*[]node)(unsafe.Add(n, q.child)) }

// walk goes through a node and those below. Function literals have their steps
// already; they are taken away, and Execute has them made again.
func (q *quickener) walk(n node, literal bool) {
	gen := (*func(node))(unsafe.Add(n, q.gen))
	own := (*step)(unsafe.Add(n, q.exec))
	if literal && *gen != nil {
		*own = nil
	}
	if *gen != nil && *own == nil {
		if h, name := q.handler(*gen); h != nil {
			theirs := *gen
			*gen = func(n node) {
				theirs(n)
				if s := h(q, n, name); s != nil {
					*(*step)(unsafe.Add(n, q.exec)) = s
				}
			}
		}
	}
	literal = literal || q.kindOf(n) == "funcLit"
	for _, c := range q.children(n) {
		if c != nil {
			q.walk(c, literal)
		}
	}
}

// generator names the function that makes a node's step: "addAssign".
func generator(gen func(node)) string {
	f := goruntime.FuncForPC(reflect.ValueOf(gen).Pointer())
	if f == nil {
		return ""
	}
	return strings.TrimPrefix(f.Name(), "github.com/traefik/yaegi/interp.")
}

func (q *quickener) handler(gen func(node)) (handler, string) {
	code := reflect.ValueOf(gen).Pointer()
	if h, ok := q.byCode[code]; ok && h == nil {
		return nil, ""
	}
	name := generator(gen)
	q.byCode[code] = q.handlers[name]
	return q.handlers[name], name
}

func (q *quickener) kindOf(n node) string {
	return reflect.NewAt(q.kinds, unsafe.Add(n, q.kind)).Elem().Interface().(fmt.Stringer).String()
}

// steps returns yaegi's own step of a node and those that can follow.
func (q *quickener) steps(n node) (own, next, other step) {
	follow := func(at uintptr) step {
		if m := *(*node)(unsafe.Add(n, at)); m != nil {
			return *(*step)(unsafe.Add(m, q.exec))
		}
		return nil
	}
	return *(*step)(unsafe.Add(n, q.exec)), follow(q.tnext), follow(q.fnext)
}

// operand is where a value is: in a frame, or known.
type operand struct {
	level, index int
	asInt        rvalue // when it is known: as an int, if it is one,
	asFloat      rvalue // and as a float64
}

const (
	globalLevel = -1
	knownLevel  = -2
)

// operand finds the value of a node, as yaegi's genValue does.
func (q *quickener) operand(n node) (o operand, ok bool) {
	kind := q.kindOf(n)
	if kind == "funcDecl" {
		return o, false
	}
	if v := *(*reflect.Value)(unsafe.Add(n, q.rval)); v.IsValid() || kind == "basicLit" {
		return constantOperand(v)
	}
	if sym := *(*unsafe.Pointer)(unsafe.Add(n, q.sym)); sym != nil {
		i := *(*int)(unsafe.Add(sym, q.symIndex))
		switch m := *(*node)(unsafe.Add(sym, q.symNode)); {
		case i < 0 && n != m && m != nil:
			return q.operand(m)
		case *(*bool)(unsafe.Add(sym, q.symGlobal)):
			return operand{level: globalLevel, index: i}, i >= 0
		}
		return operand{level: *(*int)(unsafe.Add(n, q.level)), index: i}, i >= 0
	}
	return q.place(n)
}

// place is where a node's own result goes.
func (q *quickener) place(n node) (operand, bool) {
	o := operand{level: *(*int)(unsafe.Add(n, q.level)), index: *(*int)(unsafe.Add(n, q.findex))}
	return o, o.index >= 0 && o.level >= globalLevel
}

// constantOperand is the operand of a constant of a type that has quick operations.
func constantOperand(v reflect.Value) (o operand, ok bool) {
	if !v.IsValid() {
		return o, false
	}
	o.level = knownLevel
	own := func(v reflect.Value) rvalue { return *(*rvalue)(unsafe.Pointer(&v)) }
	switch v.Type() {
	case reflect.TypeFor[int]():
		o.asInt, o.asFloat = own(v), own(reflect.ValueOf(float64(v.Int())))
		return o, true
	case reflect.TypeFor[float64]():
		o.asFloat = own(v)
		return o, true
	}
	return o, false
}

// in finds the operand in a frame; nil when there is none.
func (o *operand) in(f *yframe) *rvalue {
	l := o.level
	if l == knownLevel {
		return &o.asInt
	}
	for ; l > 0; l-- {
		f = f.anc
	}
	if l < 0 {
		f = f.root
	}
	if uint(o.index) >= uint(len(f.data)) {
		return &absent
	}
	return &f.data[o.index]
}

// absent is of no type.
var absent rvalue
