package interp

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	yaegi "github.com/traefik/yaegi/interp"

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
	s.engine.Debug = os.Getenv("V") != ""
	for i, c := range strings.Split(string(b), "\n%%\n") {
		fmt.Println("--- cell", i+1)
		s.engine.rt.result = func(vs []any) {}
		r := s.Execute(context.Background(), cell.Request{Count: i + 1, Code: c}, stdoutSink{})
		if r.Error != nil {
			fmt.Println("ERROR", r.Error.Name, strings.Join(r.Error.Traceback, "\n"))
			var p yaegi.Panic
			if errors.As(s.lastErr, &p) && os.Getenv("V") != "" {
				fmt.Println(string(p.Stack))
			}
		}
	}
}
