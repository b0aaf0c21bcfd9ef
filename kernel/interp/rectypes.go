package interp

import (
	"fmt"
	"go/types"
	"reflect"
	"strconv"
	"strings"
	"unicode"
	"unsafe"

	"divvy/kernel/symbols"
	"divvy/kernel/symbols/box"
)

// yaegi makes the reflect types of a recursive struct with a stand-in, which it
// then replaces in simple cases only: not everywhere where structs lead to each
// other, or back to themselves through a struct without a name. The types of
// such structs are made here, once yaegi has read their declarations and before
// it uses them.

// cellStruct is a struct that represents a type of the cell.
type cellStruct struct {
	name string // internal
	typ  *types.Named
}

// entangled are the structs of the unit that lead back to themselves through
// another type of the cell or a struct without a name.
func (l *lowerer) entangled() (out []cellStruct) {
	for _, s := range l.u.structs {
		found := false
		seen := map[types.Type]bool{}
		var walk func(t types.Type, through bool)
		walk = func(t types.Type, through bool) {
			t = types.Unalias(t)
			if n, ok := t.(*types.Named); ok && types.Identical(n, s.typ) {
				found = found || through
				return
			}
			if found || seen[t] {
				return
			}
			seen[t] = true
			switch n := t.(type) {
			case *types.Named:
				if isMain(n.Obj()) && !isInterface(n) {
					_, isStruct := n.Underlying().(*types.Struct)
					walk(n.Underlying(), through || isStruct || l.wrapped(n))
				}
			case *types.Struct:
				parts(n, func(u types.Type) { walk(u, true) })
			default:
				parts(t, func(u types.Type) { walk(u, through) })
			}
		}
		if st, ok := s.typ.Underlying().(*types.Struct); ok {
			parts(st, func(u types.Type) { walk(u, false) })
		} else {
			walk(s.typ.Underlying(), false)
		}
		if found {
			out = append(out, s)
		}
	}
	return out
}

// pending stands for a type that is not made yet, behind a pointer or the like.
type pending struct{}

// typeMaker makes reflect types of entangled structs.
type typeMaker struct {
	l     *lowerer
	names map[string]*types.Named // by internal name
	made  map[string]reflect.Type
	other func(name string) reflect.Type // of a struct that yaegi makes
}

func (m *typeMaker) of(t types.Type, indirect bool) reflect.Type {
	switch t := types.Unalias(t).(type) {
	case *types.Basic:
		if t.Kind() == types.UnsafePointer {
			return reflect.TypeFor[unsafe.Pointer]()
		}
		return basicTypes[t.Kind()]
	case *types.Pointer:
		return reflect.PointerTo(m.of(t.Elem(), true))
	case *types.Slice:
		return reflect.SliceOf(m.of(t.Elem(), true))
	case *types.Array:
		return reflect.ArrayOf(int(t.Len()), m.of(t.Elem(), indirect))
	case *types.Map:
		return reflect.MapOf(m.of(t.Key(), true), m.of(t.Elem(), true))
	case *types.Chan:
		dir := map[types.ChanDir]reflect.ChanDir{types.SendRecv: reflect.BothDir, types.SendOnly: reflect.SendDir, types.RecvOnly: reflect.RecvDir}[t.Dir()]
		return reflect.ChanOf(dir, m.of(t.Elem(), true))
	case *types.Signature:
		var in, out []reflect.Type
		for v := range t.Params().Variables() {
			in = append(in, m.of(v.Type(), true))
		}
		for v := range t.Results().Variables() {
			out = append(out, m.of(v.Type(), true))
		}
		return reflect.FuncOf(in, out, t.Variadic())
	case *types.Interface:
		return reflect.TypeFor[any]()
	case *types.Struct:
		return reflect.StructOf(m.fields(t, "", indirect))
	case *types.Named:
		return m.named(t, indirect)
	}
	panic(fmt.Errorf("no representation of type %s", t))
}

func (m *typeMaker) named(t *types.Named, indirect bool) reflect.Type {
	o := t.Obj()
	switch {
	case o.Pkg() == nil:
		return reflect.TypeFor[error]()
	case isMain(o) && isInterface(t):
		return reflect.TypeFor[any]()
	case isMain(o):
		name, declared := m.l.s.inst["type:"+m.l.key(t)]
		switch {
		case !declared:
			return m.of(t.Underlying(), indirect)
		case m.names[name] == nil:
			return m.other(name)
		case m.made[name] != nil:
			return m.made[name]
		case indirect:
			return reflect.TypeFor[pending]()
		}
		return m.make(name)
	case t.TypeArgs().Len() > 0:
		switch genericTypes[o.Pkg().Path()+"."+o.Name()] {
		case "AtomicPointer":
			return reflect.TypeFor[atomicPointer]()
		case "Handle":
			return reflect.TypeFor[handle]()
		}
		return m.of(t.Underlying(), indirect)
	}
	if v := symbols.Table(o.Pkg().Path())[o.Name()]; v.IsValid() && v.Kind() == reflect.Pointer {
		return v.Type().Elem()
	}
	panic(fmt.Errorf("no symbol of type %s", t))
}

// make makes the type of a struct, with stand-ins for what is not made yet.
func (m *typeMaker) make(name string) reflect.Type {
	m.made[name] = reflect.StructOf(m.structFields(name, false))
	return m.made[name]
}

func (m *typeMaker) structFields(name string, indirect bool) []reflect.StructField {
	t := m.names[name]
	if st, ok := t.Underlying().(*types.Struct); ok {
		return m.fields(st, name, indirect)
	}
	return []reflect.StructField{{Name: box.Self, Type: m.of(t.Underlying(), indirect), Tag: reflect.StructTag(selfTag(name))}}
}

func (m *typeMaker) fields(t *types.Struct, mark string, indirect bool) []reflect.StructField {
	fs := make([]reflect.StructField, t.NumFields())
	for i := range fs {
		name := fieldName(t, i)
		if !unicode.IsUpper([]rune(name)[0]) {
			name = "X" + name // as yaegi does
		}
		fs[i] = reflect.StructField{Name: name, Type: m.of(t.Field(i).Type(), indirect), Tag: reflect.StructTag(fieldTag(t, i, mark))}
	}
	return fs
}

// all makes all types and then puts them where the stand-ins are.
func (m *typeMaker) all() {
	for name := range m.names {
		if m.made[name] == nil {
			m.make(name)
		}
	}
	for name := range m.names {
		for i, f := range m.structFields(name, true) {
			if f.Type != m.made[name].Field(i).Type { // it cannot set one of an interface type
				setFieldType(m.made[name], i, f.Type)
			}
		}
	}
}

// setFieldType changes a struct type that was made at run time.
//
//go:linkname setFieldType github.com/traefik/yaegi/internal/unsafe2.SetFieldType
func setFieldType(s reflect.Type, i int, t reflect.Type)

var basicTypes = map[types.BasicKind]reflect.Type{
	types.Bool: reflect.TypeFor[bool](), types.String: reflect.TypeFor[string](),
	types.Int: reflect.TypeFor[int](), types.Int8: reflect.TypeFor[int8](), types.Int16: reflect.TypeFor[int16](),
	types.Int32: reflect.TypeFor[int32](), types.Int64: reflect.TypeFor[int64](),
	types.Uint: reflect.TypeFor[uint](), types.Uint8: reflect.TypeFor[uint8](), types.Uint16: reflect.TypeFor[uint16](),
	types.Uint32: reflect.TypeFor[uint32](), types.Uint64: reflect.TypeFor[uint64](), types.Uintptr: reflect.TypeFor[uintptr](),
	types.Float32: reflect.TypeFor[float32](), types.Float64: reflect.TypeFor[float64](),
	types.Complex64: reflect.TypeFor[complex64](), types.Complex128: reflect.TypeFor[complex128](),
}

// fieldTag is the tag of a field of a struct in the representation. Unexported
// fields are exported there; a mark keeps the representations of distinct types
// distinct.
func fieldTag(t *types.Struct, i int, mark string) string {
	f, tag := t.Field(i), t.Tag(i)
	if !f.Exported() && f.Name() != "_" && !strings.Contains(tag, "json:") {
		tag = strings.TrimSpace(tag + " " + hiddenTag)
	}
	if mark != "" && i == 0 {
		tag = strings.TrimSpace(tag + ` cell:` + strconv.Quote(mark))
	}
	return tag
}

func selfTag(mark string) string { return `cell:` + strconv.Quote(mark) }
