package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/spf13/cobra"
	"github.com/traefik/yaegi/interp"
	"github.com/traefik/yaegi/stdlib"

	"divvy/kernel/cell"
	"divvy/kernel/worker"
)

// workerCommand is what the supervisor re-executes this program with.
func workerCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "worker",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return worker.Serve(func() (cell.Interpreter, error) { return newPlain() })
		},
	}
}

// plain is yaegi as it comes, in the place of the front end that is to stand
// here.
type plain struct {
	in     *interp.Interpreter
	sink   atomic.Pointer[cell.Sink]
	cancel atomic.Pointer[context.CancelFunc]
}

func newPlain() (*plain, error) {
	p := &plain{}
	p.in = interp.New(interp.Options{Stdout: plainWriter{p, "stdout"}, Stderr: plainWriter{p, "stderr"}})
	if err := p.in.Use(stdlib.Symbols); err != nil {
		return nil, err
	}
	_, err := p.in.Eval(`import ("fmt"; "strings"; "time")`)
	return p, err
}

type plainWriter struct {
	p      *plain
	stream string
}

func (w plainWriter) Write(b []byte) (int, error) {
	sink := w.p.sink.Load()
	if sink == nil {
		return 0, io.ErrClosedPipe
	}
	(*sink).Emit(cell.Event{Kind: cell.Stream, Stream: w.stream, Text: string(b)})
	return len(b), nil
}

func (p *plain) Execute(ctx context.Context, r cell.Request, out cell.Sink) cell.Result {
	p.sink.Store(&out)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p.cancel.Store(&cancel)
	v, err := p.in.EvalWithContext(ctx, r.Code)
	if err != nil {
		kind := cell.ErrCompile
		if errors.Is(err, context.Canceled) {
			kind = cell.ErrInterrupt
		}
		return cell.Result{Error: &cell.Error{Name: kind, Value: err.Error(), Traceback: []string{err.Error()}}}
	}
	if v.IsValid() && !r.Silent {
		out.Emit(cell.Event{Kind: cell.ExecuteResult, Bundle: &cell.Bundle{Data: map[string]any{"text/plain": fmt.Sprint(v)}}})
	}
	return cell.Result{}
}

func (p *plain) Complete(_ context.Context, _ string, cursor int) (cell.Completion, error) {
	return cell.Completion{Start: cursor, End: cursor}, nil
}

func (p *plain) Inspect(context.Context, string, int, int) (cell.Inspection, error) {
	return cell.Inspection{}, nil
}

func (p *plain) IsComplete(context.Context, string) (cell.Completeness, error) {
	return cell.Completeness{Status: "unknown"}, nil
}

func (p *plain) Comm(context.Context, cell.CommMessage, cell.Sink) error { return nil }

func (p *plain) Comms(context.Context, string) (map[string]string, error) { return nil, nil }

func (p *plain) Interrupt(context.Context) error {
	if cancel := p.cancel.Load(); cancel != nil {
		(*cancel)()
	}
	return nil
}

func (p *plain) Close() error { return nil }
