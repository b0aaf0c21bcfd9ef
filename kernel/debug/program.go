package debug

import (
	"context"
	"sync/atomic"
)

// Program is what is debugged. The Adapter calls it only while the program is
// held or no cell runs, except for SetHooks and Lines.
type Program interface {
	// SetHooks says whether what is compiled from now on calls the Tracer.
	SetHooks(on bool)
	// Lines tells at which lines a cell can stop: stop is the line of the
	// statement at which a breakpoint on a line stops, 0 where there is none.
	Lines(code string) (stop func(line int) int, err error)
	// Busy reports whether a cell runs.
	Busy() bool
	// Locals are the variables of a frame that are in scope where it is.
	Locals(f *Frame) []Variable
	// Globals are the variables of the session.
	Globals() []Variable
	// Evaluate gives the value of an expression in a frame, or among the
	// globals when f is nil. Assignments and calls without a value give a
	// Variable without a value.
	Evaluate(ctx context.Context, f *Frame, expr string) (Variable, error)
	// Bundle shows the value of an expression as a cell's result is shown.
	Bundle(ctx context.Context, f *Frame, expr string) (data, metadata map[string]any, err error)
	// CopyToGlobals makes a variable of the session of one of a frame.
	CopyToGlobals(ctx context.Context, f *Frame, src, dst string) error
	// Condition evaluates a breakpoint's condition on the frame's goroutine.
	Condition(f *Frame, expr string) (bool, error)
	// Modules are the packages that cells can use; Source is what there is to
	// read of one, by its path.
	Modules() []Module
	Source(path string) (string, bool)
}

// Module is a package that cells can use.
type Module struct{ Name, Path string }

// Variable is a named value. Children is nil for one without parts.
type Variable struct {
	Name, Value, Type string
	// Expr is an expression that gives the value in its frame, or empty.
	Expr     string
	Children Children
}

// Children are the parts of a value. They are made when asked for.
type Children interface {
	// Len is how many there are; Indexed says whether they are elements, which
	// a front end may ask for in portions.
	Len() int
	Indexed() bool
	// Slice makes those from start on, n at most.
	Slice(start, n int) []Variable
}

// Func is a function, a function literal or a cell whose frames are traced.
type Func struct {
	Name   string // as Go writes it: f, (*T).M, f.func1; In[3] for a cell
	Code   string // of the cell that it is in
	Source string // the name of that cell: In[3]
	Cell   bool   // it is a cell
	Sites  []*Site
	Vars   []Local
	Data   any // the Program's own

	path string
}

// Local is a local variable or parameter of a Func.
type Local struct {
	Name string
	Data any // the Program's own
}

// Site is a place where a frame can stop: before a statement.
type Site struct {
	Line, Column int
	// Again marks the head of a loop that another iteration begins at. Steps
	// stop there, breakpoints do not: they have stopped at the head itself.
	Again bool
	Vars  []int // which variables the hook brings, by number in Func.Vars
	Scope []int // which variables are in scope
	Data  any   // the Program's own

	stop atomic.Pointer[breakpoint]
}

// Frame is a call of a Func that has not returned.
type Frame struct {
	Func *Func

	thread *thread
	depth  int // its index in the thread's frames
	site   *Site
	vars   []any
	id     int // for front ends; 0 when they have not seen it
}

// Site is where the frame is.
func (f *Frame) Site() *Site { return f.site }

// Pointer points to a variable, by number in Func.Vars. It is nil when the
// variable has not been reached.
func (f *Frame) Pointer(i int) any { return f.vars[i] }

// cellName is a name of the function's cell to show.
func (f *Func) cellName() string {
	if f.Source != "" {
		return f.Source
	}
	return "cell"
}
