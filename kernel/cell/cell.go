// Package cell is the vocabulary between those who ask for a cell to be run
// (the Jupyter server, the notebook runner) and those who run it (the worker
// process, the interpreter). It holds data and one interface; it knows neither
// a wire format nor a Go interpreter.
package cell

import "context"

// Interpreter runs cells. The Jupyter server and the notebook runner see only
// this; the supervisor of a worker process and the interpreter inside it both
// are one.
//
// Execute calls are made one at a time. Every other method may be called while
// an Execute is under way, from another goroutine.
type Interpreter interface {
	// Execute runs one cell and returns when it has ended. Everything it shows
	// on the way goes to out, which may be called until the interpreter is
	// closed: a goroutine that outlives its cell still writes to that cell.
	Execute(ctx context.Context, r Request, out Sink) Result

	// Complete lists what could stand at the cursor.
	// cursor counts Unicode code points from the start of code.
	Complete(ctx context.Context, code string, cursor int) (Completion, error)

	// Inspect describes what stands at the cursor.
	// cursor counts Unicode code points; detail is 0 or 1, as in the protocol.
	Inspect(ctx context.Context, code string, cursor, detail int) (Inspection, error)

	// IsComplete tells a console whether code can be run as it stands.
	IsComplete(ctx context.Context, code string) (Completeness, error)

	// Comm delivers a message of a comm (a front end's widget channel).
	Comm(ctx context.Context, m CommMessage, out Sink) error

	// Comms lists the open comms as id -> target name; an empty target lists all.
	Comms(ctx context.Context, target string) (map[string]string, error)

	// Interrupt stops the running cell, if there is one, and keeps all state.
	Interrupt(ctx context.Context) error

	// Close ends the interpreter and lets go of all it holds.
	Close() error
}

// Debugger is an Interpreter that can be debugged.
type Debugger interface {
	// Debug answers one request of the Debug Adapter Protocol, in JSON, while
	// a cell runs or none. Events of the program go to the sink of the latest
	// request, as DebugEvent.
	Debug(ctx context.Context, request []byte, out Sink) ([]byte, error)
}

// Request is one cell to run.
type Request struct {
	// ID is opaque to the interpreter, unique to a request.
	ID string `json:"id"`
	// Count is the execution count, the n of In[n], with which errors name the cell.
	Count int `json:"count"`
	// Name, when set, names the cell in errors instead of In[Count]: a script's
	// file name, for example.
	Name string `json:"name,omitempty"`
	Code string `json:"code"`
	// Silent asks for no result display.
	Silent bool `json:"silent,omitempty"`
	// UserExpressions are evaluated after a successful cell, name -> expression.
	UserExpressions map[string]string `json:"user_expressions,omitempty"`
	// AllowStdin says whether out.Input may be called.
	AllowStdin bool `json:"allow_stdin,omitempty"`
}

// Result is how a cell ended.
type Result struct {
	// Error is nil for a cell that ended well.
	Error *Error `json:"error,omitempty"`
	// UserExpressions holds the outcome of each of the request's expressions.
	UserExpressions map[string]ExpressionResult `json:"user_expressions,omitempty"`
	// Pages are for a front end's pager, beside the outputs: documentation that
	// the cell asked for, with text/plain.
	Pages []Bundle `json:"pages,omitempty"`
	// Leave tells that the cell asks the front end to end, as a console does.
	Leave bool `json:"leave,omitempty"`
}

// ExpressionResult is the outcome of one user expression: a bundle or an error.
type ExpressionResult struct {
	Bundle *Bundle `json:"bundle,omitempty"`
	Error  *Error  `json:"error,omitempty"`
}

// Error is a cell's failure.
type Error struct {
	// Name is the kind: one of the Err constants.
	Name string `json:"ename"`
	// Value is the message, one line where that is possible.
	Value string `json:"evalue"`
	// Traceback is what a front end prints, line by line, ANSI colours allowed.
	Traceback []string `json:"traceback"`
	// Diagnostics place the error in the cell; the first is the most relevant.
	Diagnostics []Diagnostic `json:"diagnostics,omitempty"`
}

// The kinds of Error.
const (
	ErrCompile    = "CompileError"      // refused before anything ran
	ErrPanic      = "Panic"             // the cell panicked
	ErrChecked    = "Error"             // an error ended the cell: by check, by must, or returned by its last call
	ErrExit       = "Exit"              // the cell called os.Exit; the value is "os.Exit(code): …"
	ErrInterrupt  = "KeyboardInterrupt" // the user stopped it; front ends know this name
	ErrWorkerDied = "WorkerDied"        // the worker process ended; state is gone
	ErrInternal   = "InternalError"     // a fault of the kernel itself
)

// Error makes an Error usable as one.
func (e *Error) Error() string { return e.Name + ": " + e.Value }

// Diagnostic is one message with its place. Line and Column count from 1;
// Column counts bytes, as Go's compiler does. Zero means unknown.
type Diagnostic struct {
	Cell    string `json:"cell,omitempty"` // "In[3]", or the request's Name
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Message string `json:"message"`
}

// Bundle is a MIME bundle as front ends take it: binary parts are base64
// strings, application/json parts are any JSON value, all other parts strings.
type Bundle struct {
	Data     map[string]any `json:"data"`
	Metadata map[string]any `json:"metadata,omitempty"`
}

// Event is something that a cell shows.
type Event struct {
	Kind string `json:"kind"` // one of the Event constants

	// Stream output.
	Stream string `json:"stream,omitempty"` // "stdout" or "stderr"
	Text   string `json:"text,omitempty"`

	// Displays and results.
	Bundle *Bundle `json:"bundle,omitempty"`
	// DisplayID, when set, lets a later UpdateDisplay replace this display.
	DisplayID string `json:"display_id,omitempty"`

	// ClearOutput: wait for the next output before clearing.
	Wait bool `json:"wait,omitempty"`

	// Comm messages.
	Comm *CommMessage `json:"comm,omitempty"`

	// DebugEvent: an event of the Debug Adapter Protocol, in JSON.
	Debug []byte `json:"-"`
}

// The kinds of Event.
const (
	Stream        = "stream"
	Display       = "display_data"
	UpdateDisplay = "update_display_data"
	ExecuteResult = "execute_result"
	ClearOutput   = "clear_output"
	CommOpen      = "comm_open"
	CommMsg       = "comm_msg"
	CommClose     = "comm_close"
	DebugEvent    = "debug_event"
)

// CommMessage is a message of a comm in either direction. Kind is CommOpen,
// CommMsg or CommClose.
type CommMessage struct {
	Kind     string         `json:"kind"`
	ID       string         `json:"comm_id"`
	Target   string         `json:"target_name,omitempty"` // CommOpen only
	Data     map[string]any `json:"data"`
	Metadata map[string]any `json:"metadata,omitempty"`
	Buffers  [][]byte       `json:"buffers,omitempty"`
}

// Sink takes what a cell shows. It must be safe for concurrent use, and must
// not block for long: a sink that cannot keep up drops or coalesces by itself.
type Sink interface {
	Emit(Event)
	// Input asks the user for a line. It ends with an error when ctx does, or
	// when this front end cannot ask.
	Input(ctx context.Context, prompt string, password bool) (string, error)
}

// InputEnded is in the text of an error of Input that means that there is no more to
// read, as at the end of a file. Errors cross processes as text.
const InputEnded = "standard input has ended"

// InputInterrupted is likewise in that of a question which an interrupt has ended.
// The interrupt itself may come a moment later.
const InputInterrupted = "interrupted while waiting for input"

// Completion is the answer to Complete. Start and End are the code-point
// offsets of the text that a match replaces.
type Completion struct {
	Start   int     `json:"start"`
	End     int     `json:"end"`
	Matches []Match `json:"matches"`
}

// Match is one completion.
type Match struct {
	Text      string `json:"text"`
	Kind      string `json:"kind,omitempty"`      // function, method, field, variable, constant, type, package, keyword
	Signature string `json:"signature,omitempty"` // its type as Go writes it
}

// Inspection is the answer to Inspect.
type Inspection struct {
	Found  bool   `json:"found"`
	Bundle Bundle `json:"bundle"`
}

// Completeness is the answer to IsComplete.
type Completeness struct {
	Status string `json:"status"` // complete, incomplete, invalid or unknown
	Indent string `json:"indent,omitempty"`
}
