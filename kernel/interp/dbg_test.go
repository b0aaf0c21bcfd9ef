package interp

import (
	"context"
	"fmt"
	"go/ast"
	"go/printer"
	"go/token"
	"os"
	"reflect"
	"strings"
	"testing"

	"divvy/kernel/cell"
)

type stdoutSink struct{}

func (stdoutSink) Emit(e cell.Event) {
	if e.Kind == cell.Stream {
		fmt.Print(e.Text)
	} else {
		fmt.Println(e.Kind, e.Bundle)
	}
}
func (stdoutSink) Input(context.Context, string, bool) (string, error) { return "", os.ErrClosed }

func TestDebug(t *testing.T) {
	b, err := os.ReadFile(os.Getenv("DBG"))
	if err != nil {
		t.Skip()
	}
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("V") != "" {
		s.engine.onLowered = func(u *unit) { fmt.Println(lowered(u)) }
	}
	for i, c := range strings.Split(string(b), "\n%%\n") {
		fmt.Println("--- cell", i+1)
		r := s.Execute(context.Background(), cell.Request{Count: i + 1, Code: c}, stdoutSink{})
		if r.Error != nil {
			fmt.Println("ERROR", r.Error.Name, strings.Join(r.Error.Traceback, "\n"))
		}
	}
}

// lowered prints the program that a unit is.
func lowered(u *unit) string {
	c := clone(u.file, nil)
	ast.Inspect(c, func(n ast.Node) bool { return true })
	zeroPos(reflect.ValueOf(c))
	var b strings.Builder
	printer.Fprint(&b, token.NewFileSet(), c)
	return b.String()
}

func zeroPos(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			zeroPos(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			zeroPos(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Field(i)
			switch v.Type().Field(i).Name {
			case "Arrow", "Ellipsis", "Assign", "TokPos", "Lparen", "Opening":
			default:
				if f.Type() == reflect.TypeFor[token.Pos]() {
					f.SetInt(0)
					continue
				}
				zeroPos(f)
			}
		}
	}
}
