package interp

import (
	"reflect"
	"strings"
	"unsafe"
)

// The types that have quick operations.
var (
	intType   = rtypeOf(reflect.TypeFor[int]())
	floatType = rtypeOf(reflect.TypeFor[float64]())
	boolType  = rtypeOf(reflect.TypeFor[bool]())
)

// quickHandlers lists the generators of yaegi that have quick steps.
func quickHandlers() map[string]handler {
	return map[string]handler{
		"add": quickBinary, "sub": quickBinary, "mul": quickBinary,
		"addAssign": quickUpdate, "subAssign": quickUpdate, "mulAssign": quickUpdate, "inc": quickUpdate, "dec": quickUpdate,
		"lower": quickCompare, "lowerEqual": quickCompare, "greater": quickCompare, "greaterEqual": quickCompare, "equal": quickCompare, "notEqual": quickCompare,
		"land": quickLogic, "lor": quickLogic, "not": quickLogic, "branch": quickBranch,
		"assign": quickAssign, "getIndexArray": quickIndex, "_len": quickLen,
		"getIndexSeq": quickField, "getPtrIndexSeq": quickField,
	}
}

// arithmetic is what has quick arithmetic.
type arithmetic interface{ int | float64 }

// calc does an operation that is named by its first letter.
func calc[T arithmetic](op byte, x, y T) T {
	switch op {
	case 'a':
		return x + y
	case 's':
		return x - y
	}
	return x * y
}

// get reads a value of a known type.
func get[T any](r *rvalue) T { return *(*T)(r.ptr) }

// writable reports whether r is a variable of type t.
func (r *rvalue) writable(t unsafe.Pointer) bool {
	return r.typ == t && r.flag&(flagAddr|flagRO) == flagAddr
}

// float finds an operand of an operation on floats.
func (o *operand) float(r *rvalue) *rvalue {
	if o.level == knownLevel {
		return &o.asFloat
	}
	return r
}

// quickBinary is z = x op y.
func quickBinary(q *quickener, n node, g string) step {
	c := q.children(n)
	z, ok := q.operand(n)
	if len(c) != 2 || !ok || z.level == knownLevel {
		return nil
	}
	x, ok1 := q.operand(c[0])
	y, ok2 := q.operand(c[1])
	if !ok1 || !ok2 {
		return nil
	}
	own, next, _ := q.steps(n)
	op := g[0]
	return func(f *yframe) step {
		r, a, b := z.in(f), x.in(f), y.in(f)
		switch {
		case r.writable(intType) && a.typ == intType && b.typ == intType:
			*(*int)(r.ptr) = calc(op, get[int](a), get[int](b))
			return next
		case r.writable(floatType):
			if a, b = x.float(a), y.float(b); a.typ == floatType && b.typ == floatType {
				*(*float64)(r.ptr) = calc(op, get[float64](a), get[float64](b))
				return next
			}
		}
		return own(f)
	}
}

// plain reports whether a node is a place that can be written where its
// operand is: anything but an entry of a map.
func (q *quickener) plain(n node) bool {
	if q.kindOf(n) != "indexExpr" {
		return true
	}
	gen := *(*func(node))(unsafe.Add(n, q.gen))
	// The generator of an index that was quickened is a closure of quicken.
	return gen != nil && (generator(gen) == "getIndexArray" || strings.HasPrefix(generator(gen), "divvy/") || strings.Contains(generator(gen), "quickener"))
}

// quickUpdate is x op= y, x++ and x--.
func quickUpdate(q *quickener, n node, g string) step {
	c := q.children(n)
	if len(c) == 0 || !q.plain(c[0]) {
		return nil
	}
	x, ok := q.operand(c[0])
	if !ok || x.level == knownLevel {
		return nil
	}
	y, op := operand{}, g[0]
	switch g {
	case "inc", "dec":
		y, ok = constantOperand(reflect.ValueOf(1))
		op = map[string]byte{"inc": 'a', "dec": 's'}[g]
	default:
		if len(c) != 2 {
			return nil
		}
		y, ok = q.operand(c[1])
	}
	if !ok {
		return nil
	}
	own, next, _ := q.steps(n)
	return func(f *yframe) step {
		r, b := x.in(f), y.in(f)
		switch {
		case r.writable(intType) && b.typ == intType:
			*(*int)(r.ptr) = calc(op, get[int](r), get[int](b))
			return next
		case r.writable(floatType):
			if b = y.float(b); b.typ == floatType {
				*(*float64)(r.ptr) = calc(op, get[float64](r), get[float64](b))
				return next
			}
		}
		return own(f)
	}
}

// comparison names the comparisons by a number.
var comparisons = map[string]int{"lower": 0, "lowerEqual": 1, "greater": 2, "greaterEqual": 3, "equal": 4, "notEqual": 5}

func compareAs[T arithmetic](op int, x, y T) bool {
	switch op {
	case 0:
		return x < y
	case 1:
		return x <= y
	case 2:
		return x > y
	case 3:
		return x >= y
	case 4:
		return x == y
	}
	return x != y
}

// quickCompare is z = x op y, and a branch on it where one follows.
func quickCompare(q *quickener, n node, g string) step {
	c := q.children(n)
	z, ok := q.operand(n)
	if len(c) != 2 || !ok || z.level == knownLevel {
		return nil
	}
	x, ok1 := q.operand(c[0])
	y, ok2 := q.operand(c[1])
	if !ok1 || !ok2 {
		return nil
	}
	own, next, other := q.steps(n)
	branches := *(*node)(unsafe.Add(n, q.fnext)) != nil
	op := comparisons[g]
	return func(f *yframe) step {
		r, a, b := z.in(f), x.in(f), y.in(f)
		if !r.writable(boolType) {
			return own(f)
		}
		var is bool
		if a.typ == intType && b.typ == intType {
			is = compareAs(op, get[int](a), get[int](b))
		} else if a, b = x.float(a), y.float(b); a.typ == floatType && b.typ == floatType {
			is = compareAs(op, get[float64](a), get[float64](b))
		} else {
			return own(f)
		}
		*(*bool)(r.ptr) = is
		if branches && !is {
			return other
		}
		return next
	}
}

// quickLogic is z = x && y, z = x || y and z = !x, and a branch on it where one
// follows. Both operands have been evaluated when the step is reached.
func quickLogic(q *quickener, n node, g string) step {
	c := q.children(n)
	z, ok := q.operand(n)
	if !ok || z.level == knownLevel || len(c) == 0 {
		return nil
	}
	x, ok1 := q.operand(c[0])
	y, ok2 := x, true
	if g != "not" {
		if len(c) != 2 {
			return nil
		}
		y, ok2 = q.operand(c[1])
	}
	if !ok1 || !ok2 {
		return nil
	}
	own, next, other := q.steps(n)
	branches := *(*node)(unsafe.Add(n, q.fnext)) != nil
	return func(f *yframe) step {
		r, a, b := z.in(f), x.in(f), y.in(f)
		if !r.writable(boolType) || a.typ != boolType || b.typ != boolType {
			return own(f)
		}
		var is bool
		switch g[1] { // land, lor, not
		case 'a':
			is = get[bool](a) && get[bool](b)
		default:
			if is = get[bool](a) || get[bool](b); g[0] == 'n' {
				is = !get[bool](a)
			}
		}
		*(*bool)(r.ptr) = is
		if branches && !is {
			return other
		}
		return next
	}
}

// quickBranch goes one way or the other. Where there is no other way, yaegi took
// the first node of an operand of && or || for the operand (a value in a
// composite literal, say): it is no branch, and goes on.
func quickBranch(q *quickener, n node, _ string) step {
	if *(*node)(unsafe.Add(n, q.fnext)) == nil {
		_, next, _ := q.steps(n)
		return func(*yframe) step { return next }
	}
	x, ok := q.operand(n)
	if !ok || x.level == knownLevel {
		return nil
	}
	own, next, other := q.steps(n)
	return func(f *yframe) step {
		a := x.in(f)
		if a.typ != boolType {
			return own(f)
		}
		if get[bool](a) {
			return next
		}
		return other
	}
}

// quickAssign is x = y and x := y of one value.
func quickAssign(q *quickener, n node, _ string) step {
	c := q.children(n)
	if len(c) != 2 || !q.plain(c[0]) || *(*string)(unsafe.Add(c[0], q.ident)) == "_" {
		return nil
	}
	x, ok1 := q.operand(c[0])
	y, ok2 := q.operand(c[1])
	if !ok1 || !ok2 || x.level == knownLevel {
		return nil
	}
	defines := q.kindOf(n) == "defineStmt"
	if defines {
		if x, ok1 = q.place(n); !ok1 {
			return nil
		}
	}
	own, next, _ := q.steps(n)
	return func(f *yframe) step {
		r, b := x.in(f), y.in(f)
		switch {
		case r.writable(intType) && b.typ == intType:
			if v := get[int](b); defines { // a variable of its own each time
				p := new(int)
				*p = v
				r.ptr = unsafe.Pointer(p)
			} else {
				*(*int)(r.ptr) = v
			}
			return next
		case r.writable(floatType):
			if b = y.float(b); b.typ != floatType {
				break
			}
			if v := get[float64](b); defines {
				p := new(float64)
				*p = v
				r.ptr = unsafe.Pointer(p)
			} else {
				*(*float64)(r.ptr) = v
			}
			return next
		}
		return own(f)
	}
}
