package interp

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"reflect"
	"sync/atomic"
	"unsafe"
)

// component is a type that was met, and what of it a step wants: the elements of a
// slice, or a field of a struct.
type component struct {
	whole, typ   unsafe.Pointer
	size, offset uintptr
	kind         uintptr
}

// typeOf is the reflect.Type of a value.
func typeOfValue(r *rvalue) reflect.Type { return (*(*reflect.Value)(unsafe.Pointer(r))).Type() }

// slice is the slice that r is, nil when it is none.
func sliceOf(r *rvalue) *struct {
	data     unsafe.Pointer
	len, cap int
} {
	if r.flag&(flagKind|flagRO|flagIndir) != uintptr(reflect.Slice)|flagIndir {
		return nil
	}
	return (*struct {
		data     unsafe.Pointer
		len, cap int
	})(r.ptr)
}

// placeOf tells where a node is: "In[3]:4:2".
func (q *quickener) placeOf(n node) string {
	at := q.fset.Position(*(*token.Pos)(unsafe.Add(n, q.pos)))
	return fmt.Sprintf("%s:%d:%d", cellOf(at.Filename), at.Line, at.Column)
}

// quickIndexed reports whether an index is sure to have a quick step, which
// checks its bounds: an int in a slice. A slice of bools may be a condition, and
// then has none.
func (l *lowerer) quickIndexed(e *ast.IndexExpr) bool {
	s, ok := l.typeOf(e.X).Underlying().(*types.Slice)
	if !ok || !types.Identical(l.typeOf(e.Index), types.Typ[types.Int]) {
		return false
	}
	b, ok := s.Elem().Underlying().(*types.Basic)
	return !ok || b.Info()&types.IsBoolean == 0
}

// quickIndex is the element x[y] of a slice, as a variable.
func quickIndex(q *quickener, n node, _ string) step {
	c := q.children(n)
	z, ok := q.place(n)
	if len(c) != 2 || !ok || *(*node)(unsafe.Add(n, q.fnext)) != nil {
		return nil
	}
	x, ok1 := q.operand(c[0])
	y, ok2 := q.operand(c[1])
	if !ok1 || !ok2 {
		return nil
	}
	own, next, _ := q.steps(n)
	var cache atomic.Pointer[component]
	return func(f *yframe) step {
		r, a, b := z.in(f), x.in(f), y.in(f)
		s := sliceOf(a)
		if s == nil || b.typ != intType || r == &absent {
			return own(f)
		}
		i := get[int](b)
		if uint(i) >= uint(s.len) {
			outOfRange(i, s.len, q.placeOf(n))
		}
		p := cache.Load()
		if p == nil || p.whole != a.typ {
			t := typeOfValue(a).Elem()
			p = &component{whole: a.typ, typ: rtypeOf(t), size: t.Size(), kind: uintptr(t.Kind())}
			cache.Store(p)
		}
		*r = rvalue{p.typ, unsafe.Add(s.data, uintptr(i)*p.size), p.kind | flagIndir | flagAddr}
		return next
	}
}

// quickLen is z = len(x) of a slice or string.
func quickLen(q *quickener, n node, _ string) step {
	c := q.children(n)
	z, ok := q.operand(n)
	if len(c) != 2 || !ok || z.level == knownLevel {
		return nil
	}
	x, ok := q.operand(c[1])
	if !ok || x.level == knownLevel {
		return nil
	}
	own, next, _ := q.steps(n)
	return func(f *yframe) step {
		r, a := z.in(f), x.in(f)
		if s := sliceOf(a); s != nil && r.writable(intType) {
			*(*int)(r.ptr) = s.len
			return next
		}
		return own(f)
	}
}

// quickField is the field of a struct, or of what a pointer points to, as a
// variable.
func quickField(q *quickener, n node, g string) step {
	c := q.children(n)
	z, ok := q.place(n)
	index, isPath := (*(*any)(unsafe.Add(n, q.val))).([]int)
	if len(c) == 0 || !ok || !isPath || len(index) != 1 || *(*node)(unsafe.Add(n, q.fnext)) != nil {
		return nil
	}
	x, ok := q.operand(c[0])
	if !ok || x.level == knownLevel {
		return nil
	}
	own, next, _ := q.steps(n)
	kind := uintptr(reflect.Struct)
	if g == "getPtrIndexSeq" {
		kind = uintptr(reflect.Pointer)
	}
	var cache atomic.Pointer[component]
	return func(f *yframe) step {
		r, a := z.in(f), x.in(f)
		if a.flag&(flagKind|flagRO|flagIndir) != kind|flagIndir || r == &absent {
			return own(f)
		}
		base, flags := a.ptr, a.flag&(flagIndir|flagAddr)
		if kind == uintptr(reflect.Pointer) {
			if base, flags = get[unsafe.Pointer](a), flagIndir|flagAddr; base == nil {
				return own(f) // panics
			}
		}
		p := cache.Load()
		if p == nil || p.whole != a.typ {
			t := typeOfValue(a)
			if kind == uintptr(reflect.Pointer) {
				t = t.Elem()
			}
			if t.Kind() != reflect.Struct || index[0] >= t.NumField() {
				return own(f)
			}
			sf := t.Field(index[0])
			if !sf.IsExported() {
				return own(f)
			}
			p = &component{whole: a.typ, typ: rtypeOf(sf.Type), offset: sf.Offset, kind: uintptr(sf.Type.Kind())}
			cache.Store(p)
		}
		*r = rvalue{p.typ, unsafe.Add(base, p.offset), p.kind | flags}
		return next
	}
}
