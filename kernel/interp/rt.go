package interp

import (
	"context"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"sync"
	"sync/atomic"

	yaegi "github.com/traefik/yaegi/interp"

	"divvy/kernel/debug"
	"divvy/kernel/symbols/box"
)

// runtime is the compiled support of lowered cells: what the lowerer calls
// under the package name rt__.
type runtime struct {
	types  []*box.Type // by the number that lowered code uses
	byRep  sync.Map    // reflect.Type -> *box.Type, of struct types
	stdout Stream
	stderr Stream

	ctx   context.Context // of the running cell
	runs  *runs
	spans spans
	tracing
	depth counter

	compiledMu sync.RWMutex
	compiled   []compiledFunc // functions of compiled programs, by number

	// result takes the values of a cell's last expression.
	result func(vs []any)
	// failed takes the error that a cell's last call returned; nil where that is
	// a value like others.
	failed func(line int, err any)
	// noted takes the errors that statements at the top of a cell set.
	noted func(name, place string, err any, unread bool)
	// redirect is engine.redirect.
	redirect func(key, sig, old string, fn any)
}

func newRuntime(rs *runs, tracer *debug.Tracer, stdout, stderr Stream) *runtime {
	return &runtime{runs: rs, tracing: tracing{tracer: tracer}, stdout: stdout, stderr: stderr, result: func([]any) {}, noted: func(string, string, any, bool) {}}
}

func (r *runtime) exports() yaegi.Exports {
	e := map[string]reflect.Value{
		"Error":         reflect.ValueOf((*error)(nil)),
		"AtomicPointer": reflect.ValueOf((*atomicPointer)(nil)),
		"Handle":        reflect.ValueOf((*handle)(nil)),
		"WeakPointer":   reflect.ValueOf((*weakPointer)(nil)),
		"Mark":          reflect.ValueOf(r.spans.setMark),
		"OutOfRange":    reflect.ValueOf(outOfRange),
		"OutOfBounds":   reflect.ValueOf(outOfBounds),
		"Native":        reflect.ValueOf(r.native),
		"Count":         reflect.ValueOf(r.depth.count),
		"NegativeShift": reflect.ValueOf(negativeShift),
		"NilMethod":     reflect.ValueOf(func(place string) { panic(&panicked{nilDereference, place}) }),
		"SameChan":      reflect.ValueOf(func(x, y any) bool { return reflect.ValueOf(x).Pointer() == reflect.ValueOf(y).Pointer() }),
		"LoopState":     reflect.ValueOf(loopState),
		"ShiftCount":    reflect.ValueOf(shiftCount),
		"RuneStarts":    reflect.ValueOf(runeStarts),
		"Deep":          reflect.ValueOf(r.checkDepth),
		"Callback":      reflect.ValueOf(callback),
		"WGWait":        reflect.ValueOf(r.wgWait),
		"Lock":          reflect.ValueOf(r.lock),
		"RWLock":        reflect.ValueOf(r.rwLock),
		"RLock":         reflect.ValueOf(r.rLock),
		"Sleep":         reflect.ValueOf(r.sleep),
		"Ctx":           reflect.ValueOf(&r.ctx).Elem(),
		"Writer":        reflect.ValueOf(r.writer),
		"Reg":           reflect.ValueOf(r.reg),
		"Redirect":      reflect.ValueOf(func(key, sig, old string, fn any) { r.redirect(key, sig, old, fn) }),
		"Box":           reflect.ValueOf(r.box),
		"Any":           reflect.ValueOf(func(x any) any { return x }),
		"Ptr":           reflect.ValueOf(func(x any) any { return x }),
		"Shown":         reflect.ValueOf(showable),
		"Norm":          reflect.ValueOf(box.Norm),
		"Raw":           reflect.ValueOf(raw),
		"Into":          reflect.ValueOf(into),
		"Open":          reflect.ValueOf(openBare),
		"OpenRows":      reflect.ValueOf(openRows),
		"OpenExported":  reflect.ValueOf(openExported),
		"OpenScanner":   reflect.ValueOf(openScanner),
		"To":            reflect.ValueOf(to),
		"Must":          reflect.ValueOf(r.must),
		"As":            reflect.ValueOf(r.as),
		"Which":         reflect.ValueOf(r.which),
		"Method":        reflect.ValueOf(method),
		"Eq":            reflect.ValueOf(equal),
		"Hashable":      reflect.ValueOf(hashable),
		"Panic":         reflect.ValueOf(r.panicWith),
		"Recovered":     reflect.ValueOf(r.recovered),
		"Defers":        reflect.ValueOf(r.newDefers),
		"Panicking":     reflect.ValueOf((*panicking)(nil)),
		"Pending":       reflect.ValueOf(pendingPanic),
		"Goexit":        reflect.ValueOf(goexit),
		"Go":            reflect.ValueOf(func(f func(), place string) { r.guarded(f, place)() }),
		"Guarded":       reflect.ValueOf(r.guarded),
		"Print":         reflect.ValueOf(r.print),
		"PrintSpaced":   reflect.ValueOf(r.printSpaced),
		"Spaced":        reflect.ValueOf(spaced),
		"FprintSpaced":  reflect.ValueOf(fprintSpaced),
		"MinFloat":      reflect.ValueOf(func(a, b float64) float64 { return min(a, b) }),
		"MaxFloat":      reflect.ValueOf(func(a, b float64) float64 { return max(a, b) }),
		"ClearMap":      reflect.ValueOf(func(m any) { reflect.ValueOf(m).Clear() }),
		"Result":        reflect.ValueOf(func(vs ...any) { r.result(vs) }),
		"Returned":      reflect.ValueOf(r.returned),
		"Noted":         reflect.ValueOf(func(name, place string, err any, unread bool) { r.noted(name, place, err, unread) }),
		"Shim":          reflect.ValueOf(callShim),
		"ErrorsAs":      reflect.ValueOf(r.errorsAs),
		"TypeOf":        reflect.ValueOf(typeOf),
		"TypeFor":       reflect.ValueOf(func(id int, p any) reflect.Type { return wrapType(r.types[id], reflect.TypeOf(p).Elem()) }),
		"DeepEqual":     reflect.ValueOf(deepEqual),
		"JSONUnmarshal": reflect.ValueOf(jsonUnmarshal),
		"JSONDecode":    reflect.ValueOf(jsonDecode),

		"LoggerFatal":   reflect.ValueOf(fatal),
		"LoggerFatalf":  reflect.ValueOf(fatalf),
		"LoggerFatalln": reflect.ValueOf(fatalln),

		"XMLMarshal":       reflect.ValueOf(xmlMarshal),
		"XMLMarshalIndent": reflect.ValueOf(xmlMarshalIndent),
		"XMLEncode":        reflect.ValueOf(xmlEncode),

		"Enter":    reflect.ValueOf(r.enter),
		"At":       reflect.ValueOf(r.tracer.At),
		"Step":     reflect.ValueOf(func(f *debug.Frame, site int) { r.tracer.At(f, site) }),
		"Leave":    reflect.ValueOf(r.tracer.Leave),
		"Local":    reflect.ValueOf(r.local),
		"Value":    reflect.ValueOf(r.value),
		"BoxValue": reflect.ValueOf(r.boxValue),

		"ReflectNew":        reflect.ValueOf(reflectNew),
		"ReflectZero":       reflect.ValueOf(reflectZero),
		"ReflectMakeSlice":  reflect.ValueOf(reflectMakeSlice),
		"ReflectMakeMap":    reflect.ValueOf(reflectMakeMap),
		"ValueType":         reflect.ValueOf(r.valueType),
		"ValueInterface":    reflect.ValueOf(r.valueInterface),
		"ValueMethodByName": reflect.ValueOf(r.valueMethodByName),
		"ValueField":        reflect.ValueOf(r.valueField),
		"ValueFieldByName":  reflect.ValueOf(r.valueFieldByName),
		"ValueFieldByIndex": reflect.ValueOf(r.valueFieldByIndex),
		"ValueMethod":       reflect.ValueOf(r.valueMethod),
		"ValueNumMethod":    reflect.ValueOf(r.valueNumMethod),
		"ValueString":       reflect.ValueOf(r.valueString),
	}
	unsafeTable(e)
	templateTable(e)
	return yaegi.Exports{"rt/rt": e}
}

// Stream is what os.Stdout and os.Stderr are where a cell writes to them.
type Stream interface {
	io.Writer
	io.StringWriter
}

func (r *runtime) writer(name string) Stream {
	if name == "Stderr" {
		return r.stderr
	}
	return r.stdout
}

func (r *runtime) reg(id int, name string, fn any) { r.types[id].SetMethod(name, fn) }

func (r *runtime) box(id int, v any) any {
	t := r.types[id]
	if t.Rep() == nil {
		rep := reflect.TypeOf(v)
		t.SetRep(rep)
		r.learn(t, rep)
	}
	return box.Make(t, v)
}

// open gives what lies in a box.
func open(x any) any {
	if b, ok := box.Of(x); ok {
		return b.V
	}
	return x
}

// into stores x where p points; nil leaves the zero value.
func into(x, p any) {
	if x != nil {
		reflect.ValueOf(p).Elem().Set(reflect.ValueOf(x))
	}
}

// raw is into for what lies in a box.
func raw(x, p any) { into(open(x), p) }

// method stores the code of a method of x, a function whose first parameter
// is x, where p points.
func method(x any, name string, p any) {
	dst := reflect.ValueOf(p).Elem()
	if x == nil {
		panic(nilDereference)
	}
	if b, ok := box.Of(x); ok {
		dst.Set(reflect.ValueOf(b.Method(name)))
		return
	}
	dst.Set(reflect.MakeFunc(dst.Type(), func(in []reflect.Value) []reflect.Value {
		m := in[0].Elem().MethodByName(name)
		if m.Type().IsVariadic() {
			return m.CallSlice(in[1:])
		}
		return m.Call(in[1:])
	}))
}

// equal compares interface values as == does.
func equal(a, b any) bool {
	a, b = box.Norm(a), box.Norm(b)
	defer func() {
		if r := recover(); r != nil {
			if x, ok := box.Of(a); ok {
				panic(runtimeError("comparing uncomparable type " + x.T.Name))
			}
			panic(r)
		}
	}()
	return a == b
}

// print is the predeclared print and println.
func (r *runtime) print(line bool, args ...any) {
	for i, a := range args {
		if i > 0 && line {
			io.WriteString(r.stderr, " ")
		}
		a = open(a)
		io.WriteString(r.stderr, printed(reflect.ValueOf(a)))
	}
	if line {
		io.WriteString(r.stderr, "\n")
	}
}

// printed is what print writes for a value.
func printed(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Float32, reflect.Float64:
		return strconv.FormatFloat(v.Float(), 'g', -1, v.Type().Bits())
	case reflect.Complex64, reflect.Complex128:
		return strconv.FormatComplex(v.Complex(), 'g', -1, v.Type().Bits())
	case reflect.Bool, reflect.String, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return fmt.Sprint(v)
	case reflect.Pointer, reflect.Map, reflect.Chan, reflect.Func, reflect.UnsafePointer:
		return fmt.Sprintf("%#x", v.Pointer())
	case reflect.Slice:
		return fmt.Sprintf("[%d/%d]%#x", v.Len(), v.Cap(), v.Pointer())
	case reflect.Invalid:
		return "(0x0,0x0)"
	}
	return fmt.Sprintf("(%v) %v", v.Type(), v)
}

// atomicPointer stands for atomic.Pointer of any type.
type atomicPointer struct {
	_ [0]func() // not comparable, as the original
	v atomic.Value
}

type pointerBox struct{ p any }

func (a *atomicPointer) Load() any {
	b, _ := a.v.Load().(*pointerBox)
	if b == nil {
		return nil
	}
	return b.p
}

func (a *atomicPointer) Store(p any) { a.v.Store(&pointerBox{p}) }

func (a *atomicPointer) Swap(p any) any {
	b, _ := a.v.Swap(&pointerBox{p}).(*pointerBox)
	if b == nil {
		return nil
	}
	return b.p
}

func (a *atomicPointer) CompareAndSwap(old, new any) bool {
	for {
		cur, _ := a.v.Load().(*pointerBox)
		var p any
		if cur != nil {
			p = cur.p
		}
		if p != old && !(isNilPointer(p) && isNilPointer(old)) {
			return false
		}
		if cur == nil {
			if a.v.CompareAndSwap(nil, &pointerBox{new}) {
				return true
			}
		} else if a.v.CompareAndSwap(cur, &pointerBox{new}) {
			return true
		}
	}
}

func isNilPointer(p any) bool {
	v := reflect.ValueOf(p)
	return !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil()
}
