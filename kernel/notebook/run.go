package notebook

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"divvy/kernel/cell"
)

// Tags of cells that Jupyter's tools agree on.
const (
	tagRaises = "raises-exception" // the cell may fail
	tagSkip   = "skip-execution"   // the cell is not run
)

// Options of a run. The zero value is usable.
type Options struct {
	// AllowErrors goes on after a cell that fails.
	AllowErrors bool
	// Timeout bounds each cell; 0 does not.
	Timeout time.Duration
	// Name, when set, names the cells in errors instead of In[n]: a script's
	// file name.
	Name string
	// Allowed, when set, is told of each cell that failed and did not end the run.
	Allowed func(*Failure)
	// Echo is shown all that cells show, besides its being stored.
	Echo func(cell.Event)
	// Input answers a cell's questions; without it they are errors.
	Input func(ctx context.Context, prompt string, password bool) (string, error)
	// Progress is told what happens.
	Progress Progress
}

// Step is a cell of a run, as told to a Progress.
type Step struct {
	Number, Of int // of the cells that are run, counted from 1
	Count      int // the n of In[n]
	Cell       *Cell
}

// Progress is told how a run goes on, from one goroutine.
type Progress interface {
	Start(Step)
	Done(s Step, took time.Duration, err *cell.Error)
}

// Failure is a cell that failed.
type Failure struct {
	Step
	Err *cell.Error
}

// Line is the line of the failure in the cell's source, counted from 1, or in
// the script when the cell comes from one; 0 when it is not known.
func (f *Failure) Line() int {
	if len(f.Err.Diagnostics) == 0 {
		return 0
	}
	return f.Err.Diagnostics[0].Line
}

// ErrTimeout is the name of the error of a cell that ran for too long.
const ErrTimeout = "CellTimeoutError" // as nbclient names it

// Run runs the code cells from first to last and stores what they show. Results
// of earlier runs are taken away first, also those of cells that are not
// reached: an executed notebook shows one run.
//
// It stops at the first cell that fails, which it returns, at one that says exit,
// and at the end of ctx, whose error it returns. Cells tagged skip-execution and empty cells are
// not run; a cell tagged raises-exception may fail.
func (nb *Notebook) Run(ctx context.Context, interp cell.Interpreter, opts Options) (*Failure, error) {
	var steps []Step
	for _, c := range nb.Cells {
		if c.Type() != "code" {
			continue
		}
		c.clear()
		if strings.TrimSpace(c.Source()) != "" && !c.tagged(tagSkip) {
			steps = append(steps, Step{Number: len(steps) + 1, Count: len(steps) + 1, Cell: c})
		}
	}
	r := &run{
		Options: opts, interp: interp,
		displays: &displays{byID: map[string][]map[string]any{}},
		widgets:  &widgetStates{models: map[string]*widgetModel{}},
	}
	if r.Progress == nil {
		r.Progress = silent{}
	}
	defer r.store(nb)
	for _, s := range steps {
		s.Of = len(steps)
		r.Progress.Start(s)
		begun := time.Now()
		err := r.step(ctx, s)
		r.Progress.Done(s, time.Since(begun), err)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if r.left {
			return nil, nil
		}
		if err == nil {
			continue
		}
		failure := &Failure{Step: s, Err: err}
		if !opts.AllowErrors && !s.Cell.tagged(tagRaises) {
			return failure, nil
		}
		if opts.Allowed != nil {
			opts.Allowed(failure)
		}
	}
	return nil, nil
}

// run is a run under way.
type run struct {
	Options
	interp   cell.Interpreter
	displays *displays
	widgets  *widgetStates
	cells    []*Cell
	sinks    []*outputs // of cells
	left     bool       // a cell has ended the run
}

func (r *run) step(ctx context.Context, s Step) *cell.Error {
	out := &outputs{
		shared: r.displays, count: s.Count, list: []any{},
		echo: r.Echo, input: r.Input, widgets: r.widgets,
	}
	r.cells, r.sinks = append(r.cells, s.Cell), append(r.sinks, out)
	s.Cell.fields["execution_count"] = s.Count

	cellCtx := ctx
	if r.Timeout > 0 {
		var cancel context.CancelFunc
		cellCtx, cancel = context.WithTimeout(ctx, r.Timeout)
		defer cancel()
	}
	code := s.Cell.Source()
	if s.Cell.Line > 1 { // so that errors name the line of the script
		code = strings.Repeat("\n", s.Cell.Line-1) + code
	}
	result := r.interp.Execute(cellCtx, cell.Request{
		ID:         fmt.Sprintf("cell-%d", s.Number),
		Count:      s.Count,
		Name:       r.Name,
		Code:       code,
		AllowStdin: r.Input != nil,
	}, out)
	r.left = result.Leave
	err := result.Error
	stopped := err != nil && (err.Name == cell.ErrInterrupt || err.Name == cell.ErrWorkerDied)
	if stopped && ctx.Err() == nil && errors.Is(cellCtx.Err(), context.DeadlineExceeded) {
		value := fmt.Sprintf("the cell did not end within %v", r.Timeout)
		if err.Name == cell.ErrWorkerDied {
			value += "; " + err.Value
		}
		err = &cell.Error{
			Name: ErrTimeout, Value: value, Diagnostics: err.Diagnostics,
			Traceback: append(slices.Clone(err.Traceback), ErrTimeout+": "+value),
		}
	}
	if err != nil {
		out.fail(err)
	}
	return err
}

// store puts all outputs into their cells. It is done at the end, because a
// later cell may update an earlier one's displays and goroutines may print late.
func (r *run) store(nb *Notebook) {
	for i, c := range r.cells {
		r.sinks[i].store(c)
	}
	r.displays.mu.Lock()
	defer r.displays.mu.Unlock()
	r.widgets.store(nb)
}

// silent is the Progress of a run that has none.
type silent struct{}

func (silent) Start(Step)                            {}
func (silent) Done(Step, time.Duration, *cell.Error) {}
