package interp

import (
	"fmt"
	"reflect"
	"regexp"
	goruntime "runtime"
	"strings"

	"divvy/kernel/symbols/box"
)

// runtimeError is an error of Go's runtime, in its words.
type runtimeError string

func (e runtimeError) Error() string { return "runtime error: " + string(e) }

// RuntimeError makes it a runtime.Error.
func (e runtimeError) RuntimeError() {}

// plainError is an error of Go's runtime that it words without its prefix.
type plainError string

func (e plainError) Error() string { return string(e) }

// RuntimeError makes it a runtime.Error.
func (e plainError) RuntimeError() {}

// assertionError is a failed type assertion.
type assertionError string

func (e assertionError) Error() string { return string(e) }

// RuntimeError makes it a runtime.Error.
func (e assertionError) RuntimeError() {}

const nilDereference = runtimeError("invalid memory address or nil pointer dereference")

// panicked is the value that a cell panics with, and where.
type panicked struct {
	value any
	place string
}

// Error lets compiled code that recovers print the value.
func (p *panicked) Error() string { return fmt.Sprint(p.value) }

func (r *runtime) panicWith(v any, place string) {
	if v == nil {
		v = new(goruntime.PanicNilError)
	}
	r.tracer.Panicking("panic: " + panicText(v))
	panic(&panicked{v, place})
}

// recovered is the value of a panic as Go has it.
func recovered(x any) any {
	for {
		v, ok := x.(reflect.Value)
		if !ok {
			break
		}
		if !v.IsValid() {
			return nil
		}
		x = v.Interface()
	}
	if p, ok := x.(*panicked); ok {
		return p.value
	}
	return translate(x)
}

// translate gives Go's own error for a panic of package reflect, through
// which yaegi does what compiled code does directly.
func translate(x any) any {
	var text string
	switch e := x.(type) {
	case *reflect.ValueError:
		return nilDereference
	case goruntime.Error:
		// What package reflect meets, it words in its own way.
		if t, ok := strings.CutPrefix(e.Error(), "hash of unhashable type: "); ok {
			return runtimeError("hash of unhashable type " + t)
		}
		if t, ok := strings.CutPrefix(e.Error(), "runtime error: hash of unhashable type "); ok {
			if m := markedStruct.FindStringSubmatch(t); m != nil {
				return runtimeError("hash of unhashable type main." + m[1])
			}
		}
		if e.Error() == "runtime: allocation size out of range" {
			return runtimeError("makeslice: len out of range")
		}
		return e
	case string:
		text = e
	case error:
		text = e.Error()
	default:
		return x
	}
	switch {
	case strings.Contains(text, "zero Value"):
		return nilDereference
	case strings.HasPrefix(text, "reflect: slice index out of range"),
		strings.HasPrefix(text, "reflect: array index out of range"),
		strings.HasPrefix(text, "reflect: string index out of range"):
		return runtimeError("index out of range")
	case strings.Contains(text, "slice bounds out of range"), strings.Contains(text, "slice index out of bounds"):
		return runtimeError("slice bounds out of range")
	case strings.HasPrefix(text, "reflect.MakeSlice: negative len"):
		return runtimeError("makeslice: len out of range")
	case strings.HasPrefix(text, "reflect.MakeSlice: negative cap"), strings.HasPrefix(text, "reflect.MakeSlice: len > cap"):
		return runtimeError("makeslice: cap out of range")
	case text == "reflect.MakeChan: negative buffer size":
		return plainError("makechan: size out of range")
	case strings.HasPrefix(text, "reflect: Method on nil interface value"):
		return nilDereference
	case strings.HasPrefix(text, "reflect: cannot convert slice with length "):
		text = strings.TrimPrefix(text, "reflect: ")
		return runtimeError(strings.Replace(strings.Replace(text, "to pointer to array", "to array", 1), "to array", "to array or pointer to array", 1))
	case strings.HasPrefix(text, "reflect: call of nil function"), strings.HasPrefix(text, "reflect.Value.Call: call of nil function"):
		return nilDereference
	}
	return x
}

// markedStruct finds the name of a cell's type in the spelling of the struct
// that represents it (see structType).
var markedStruct = regexp.MustCompile(`^struct \{ .*?cell:\\"(\w+?)__\d+\\"`)

// hashable gives x, the key of a map, or panics as Go does when its type, one of
// a cell, cannot be hashed.
func hashable(x any) any {
	if b, ok := box.Of(x); ok {
		if t := unhashable(b.T, reflect.ValueOf(b.V)); t != "" {
			panic(runtimeError("hash of unhashable type " + t))
		}
	}
	return x
}

// unhashable names the type in v, of type t, that cannot be hashed, or is "".
func unhashable(t *box.Type, v reflect.Value) string {
	switch t.Kind {
	case reflect.Slice, reflect.Map, reflect.Func:
		return t.Name
	case reflect.Array, reflect.Struct:
		if !t.Plain && !v.Type().Comparable() {
			return t.Name
		}
		for i := 0; t.Kind == reflect.Array && i < v.Len(); i++ {
			if n := unhashable(t.Elem, v.Index(i)); n != "" {
				return n
			}
		}
		for i, f := range t.Fields {
			if n := unhashable(f.Type, v.Field(i)); n != "" {
				return n
			}
		}
	case reflect.Interface:
		if b, ok := box.Of(v.Interface()); ok {
			return unhashable(b.T, reflect.ValueOf(b.V))
		}
	}
	return ""
}

// panicText prints a panic value as Go does when a program ends with it.
func panicText(v any) string {
	switch v := v.(type) {
	case goruntime.Error:
		return v.Error()
	case error:
		return v.Error()
	case fmt.Stringer:
		return v.String()
	}
	if v == nil {
		return "nil"
	}
	name, rv := dynamicName(v), reflect.ValueOf(open(v))
	switch rv.Kind() {
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr,
		reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128, reflect.String:
	default:
		return fmt.Sprintf("%s(%+v)", name, v)
	}
	switch {
	case name == rv.Kind().String():
		return printed(rv)
	case rv.Kind() == reflect.String:
		return fmt.Sprintf("%s(%q)", name, rv)
	}
	return name + "(" + printed(rv) + ")"
}

// goPanic reports a panic that ended a goroutine of a cell.
func (r *runtime) goPanic(v any, place string) {
	at := ""
	if p, ok := unwrapValue(v).(*panicked); ok {
		at = " at " + p.place
	}
	fmt.Fprintf(r.stderr, "panic: %s\n\tin a goroutine%s, started at %s\n", panicText(recovered(v)), at, place)
}

// guarded is f for a goroutine of compiled code: a panic is reported, unless it
// comes of an interrupt. That of calling nil is one, too: an interrupted cell may
// give nil for a function that it has.
func (r *runtime) guarded(f func(), place string) func() {
	return func() {
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if cur := owner(); cur == nil || cur.ctx.Err() == nil {
				r.goPanic(v, place)
			}
		}()
		f()
	}
}

func unwrapValue(x any) any {
	if v, ok := x.(reflect.Value); ok && v.IsValid() {
		return v.Interface()
	}
	return x
}
