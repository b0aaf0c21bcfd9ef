package debug

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sort"
	"time"

	"github.com/google/go-dap"
)

func (a *Adapter) info() debugInfoBody {
	info := debugInfoBody{
		IsStarted: a.started, HashMethod: "Murmur2", HashSeed: hashSeed,
		TmpFilePrefix: pathPrefix(), TmpFileSuffix: pathSuffix,
		Breakpoints: []sourcePoint{}, StoppedThreads: []int{},
		RichRendering: true, CopyToGlobals: true, ExceptionPaths: []string{},
	}
	for _, path := range slices.Sorted(maps.Keys(a.asked)) {
		info.Breakpoints = append(info.Breakpoints, sourcePoint{path, a.asked[path]})
	}
	if th := a.tracer.stopped(); th != 0 {
		info.StoppedThreads = append(info.StoppedThreads, th)
	}
	return info
}

// dumpCell takes note of a cell that may be run later.
func (a *Adapter) dumpCell(code string) dumpCellBody {
	path := PathOf(code)
	a.tracer.mu.Lock()
	a.tracer.sources[path] = code
	a.tracer.mu.Unlock()
	return dumpCellBody{path}
}

func (t *Tracer) code(path string) (string, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	code, ok := t.sources[path]
	return code, ok
}

func (a *Adapter) source(args dap.SourceArguments) (any, error) {
	path := ""
	if args.Source != nil {
		path = args.Source.Path
	}
	code, ok := a.tracer.code(path)
	if !ok {
		code, ok = a.program.Source(path)
	}
	if !ok {
		return nil, fmt.Errorf("no cell is known by the path %q", path)
	}
	return dap.SourceResponseBody{Content: code, MimeType: "text/x-go"}, nil
}

func (a *Adapter) setBreakpoints(args dap.SetBreakpointsArguments) (any, error) {
	path := args.Source.Path
	if path == "" {
		return nil, errors.New("breakpoints without the path of a cell")
	}
	asked := args.Breakpoints
	if asked == nil {
		for _, line := range args.Lines { // clients of long ago
			asked = append(asked, dap.SourceBreakpoint{Line: line})
		}
	}
	stop, err := a.lines(path)
	var points []*breakpoint
	body := dap.SetBreakpointsResponseBody{Breakpoints: []dap.Breakpoint{}}
	kept := []dap.SourceBreakpoint{}
	for _, b := range asked {
		a.point++
		p := &breakpoint{id: a.point, asked: b.Line, condition: b.Condition, log: b.LogMessage}
		var hits error
		p.after, hits = hitCount(b.HitCondition)
		switch {
		case err != nil:
			p.problem = err.Error()
		case hits != nil:
			p.problem = hits.Error()
		default:
			if p.line = stop(b.Line); p.line == 0 {
				p.problem = "no statement begins at this line or after it"
			}
		}
		out := dap.Breakpoint{Id: p.id, Verified: p.problem == "", Message: p.problem, Line: p.line, Source: &dap.Source{Path: path}}
		if p.line == 0 {
			out.Line = b.Line
		}
		b.Line = out.Line
		kept = append(kept, b)
		points = append(points, p)
		body.Breakpoints = append(body.Breakpoints, out)
	}
	if a.asked[path] = kept; len(kept) == 0 {
		delete(a.asked, path)
	}
	a.tracer.setBreakpoints(path, points)
	return body, nil
}

// lines tells where a cell can stop.
func (a *Adapter) lines(path string) (func(int) int, error) {
	code, ok := a.tracer.code(path)
	if !ok {
		return nil, errors.New("this cell is not known yet; run it, or set the breakpoint again")
	}
	return a.program.Lines(code)
}

func (a *Adapter) breakpointLocations(args dap.BreakpointLocationsArguments) (any, error) {
	body := dap.BreakpointLocationsResponseBody{Breakpoints: []dap.BreakpointLocation{}}
	stop, err := a.lines(args.Source.Path)
	if err != nil {
		return nil, err
	}
	for line := args.Line; line <= max(args.Line, args.EndLine); line++ {
		if stop(line) == line {
			body.Breakpoints = append(body.Breakpoints, dap.BreakpointLocation{Line: line})
		}
	}
	return body, nil
}

func (a *Adapter) setExceptionBreakpoints(args dap.SetExceptionBreakpointsArguments) any {
	body := dap.SetExceptionBreakpointsResponseBody{Breakpoints: []dap.Breakpoint{}}
	for _, f := range args.Filters {
		b := dap.Breakpoint{Verified: f == panicFilter}
		if !b.Verified {
			b.Message = fmt.Sprintf("there is no filter %q", f)
		}
		body.Breakpoints = append(body.Breakpoints, b)
	}
	a.tracer.mu.Lock()
	a.tracer.panics = slices.Contains(args.Filters, panicFilter)
	a.tracer.mu.Unlock()
	return body
}

func (a *Adapter) exceptionInfo() (any, error) {
	t := a.tracer
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.held == nil || t.held.why.reason != "exception" {
		return nil, errors.New("no panic has stopped the program")
	}
	return dap.ExceptionInfoResponseBody{ExceptionId: panicFilter, Description: t.held.why.text, BreakMode: "always"}, nil
}

func (a *Adapter) modules(args dap.ModulesArguments) any {
	body := dap.ModulesResponseBody{Modules: []dap.Module{}}
	all := a.program.Modules()
	body.TotalModules = len(all)
	from := max(0, min(args.StartModule, len(all)))
	to := len(all)
	if args.ModuleCount > 0 {
		to = min(to, from+args.ModuleCount)
	}
	for _, m := range all[from:to] {
		body.Modules = append(body.Modules, dap.Module{Id: m.Path, Name: m.Name, Path: m.Path})
	}
	return body
}

// stopped is the number of the thread that has stopped the program, or 0.
func (t *Tracer) stopped() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.held == nil {
		return 0
	}
	return t.held.thread.id
}

func (a *Adapter) threads() any {
	body := dap.ThreadsResponseBody{Threads: []dap.Thread{}}
	a.tracer.threads.Range(func(_, v any) bool {
		th := v.(*thread)
		body.Threads = append(body.Threads, dap.Thread{Id: th.id, Name: th.name})
		return true
	})
	sort.Slice(body.Threads, func(i, j int) bool { return body.Threads[i].Id < body.Threads[j].Id })
	if len(body.Threads) == 0 {
		body.Threads = append(body.Threads, dap.Thread{Id: mainThread, Name: "no cell runs"})
	}
	return body
}

var errRunning = errors.New("the program is not stopped")

func (a *Adapter) resume(step stepKind, thread int) error {
	if !a.tracer.resume(step, thread) {
		return errRunning
	}
	return nil
}

func (a *Adapter) stackTrace(args dap.StackTraceArguments) (any, error) {
	t := a.tracer
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.held == nil {
		return nil, errRunning
	}
	th := t.parked(args.ThreadId)
	if th == nil {
		return nil, fmt.Errorf("thread %d is not stopped", args.ThreadId)
	}
	body := dap.StackTraceResponseBody{StackFrames: []dap.StackFrame{}, TotalFrames: len(th.frames)}
	from := max(0, min(args.StartFrame, len(th.frames)))
	to := len(th.frames)
	if args.Levels > 0 {
		to = min(to, from+args.Levels)
	}
	for i := from; i < to; i++ {
		fr := th.frames[len(th.frames)-1-i]
		if fr.id == 0 || t.held.frames[fr.id] == nil {
			t.lastFrame++
			fr.id = t.lastFrame
			t.held.frames[fr.id] = fr
		}
		f := dap.StackFrame{Id: fr.id, Name: fr.Func.Name, Line: 1, Column: 1,
			Source: &dap.Source{Name: fr.Func.cellName(), Path: fr.Func.path}}
		if fr.site != nil {
			f.Line, f.Column = fr.site.Line, max(1, fr.site.Column)
		}
		body.StackFrames = append(body.StackFrames, f)
	}
	return body, nil
}

// frame is a frame that a front end has been told of; nil for number 0.
func (a *Adapter) frame(id int) (*Frame, error) {
	t := a.tracer
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.held == nil {
		if id != 0 {
			return nil, errRunning
		}
		return nil, nil
	}
	if id == 0 {
		return nil, nil
	}
	fr := t.held.frames[id]
	if fr == nil {
		return nil, fmt.Errorf("there is no frame %d any more", id)
	}
	return fr, nil
}

// atRest reports whether nothing of the program runs, so that it can be looked at.
func (a *Adapter) atRest() bool { return a.tracer.stopped() != 0 || !a.program.Busy() }

// patience is how long an expression that is evaluated may take.
const patience = 10 * time.Second

func (a *Adapter) evaluate(ctx context.Context, args dap.EvaluateArguments) (any, error) {
	fr, err := a.frame(args.FrameId)
	if err != nil {
		return nil, err
	}
	if !a.atRest() {
		return nil, errRunning
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	v, err := a.program.Evaluate(ctx, fr, args.Expression)
	if err != nil {
		return nil, err
	}
	out := a.variable(v)
	return dap.EvaluateResponseBody{Result: out.Value, Type: v.Type,
		VariablesReference: out.VariablesReference, IndexedVariables: out.IndexedVariables, NamedVariables: out.NamedVariables}, nil
}

// richInspect shows a variable as a cell's result is shown.
func (a *Adapter) richInspect(ctx context.Context, m *richInspectVariablesRequest) (any, error) {
	fr, err := a.frame(m.Arguments.FrameID)
	if err != nil {
		return nil, err
	}
	if !a.atRest() {
		return nil, errRunning
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	data, metadata, err := a.program.Bundle(ctx, fr, m.Arguments.VariableName)
	if err != nil {
		return nil, err
	}
	body := bundleBody{data, metadata}
	if body.Metadata == nil {
		body.Metadata = map[string]any{}
	}
	return body, nil
}

func (a *Adapter) copyToGlobals(ctx context.Context, m *copyToGlobalsRequest) error {
	fr, err := a.frame(m.Arguments.FrameID)
	if err != nil {
		return err
	}
	if fr == nil {
		return errRunning
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return a.program.CopyToGlobals(ctx, fr, m.Arguments.Source, m.Arguments.Target)
}
