package debug

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/google/go-dap"
)

// Adapter answers the requests of front ends about one program.
type Adapter struct {
	program Program
	tracer  *Tracer
	codec   *dap.Codec

	handling sync.Mutex // one request at a time
	started  bool
	asked    map[string][]dap.SourceBreakpoint // by path, as front ends gave them
	point    int                               // the last breakpoint's number
	lab      bool                              // the front end is JupyterLab
	listed   []dap.Variable                    // the globals, as last seen

	mu   sync.Mutex // guards what follows
	seq  int
	send func([]byte) // where events go
	refs references
}

// NewAdapter makes the adapter of a program that calls t.
func NewAdapter(p Program, t *Tracer) *Adapter {
	return &Adapter{program: p, tracer: t, codec: newCodec(), asked: map[string][]dap.SourceBreakpoint{}}
}

// Handle answers one request, a message of the Debug Adapter Protocol as JSON.
// Events go to send, until the next request brings another. What is wrong with
// a request is said in the response.
func (a *Adapter) Handle(ctx context.Context, request []byte, send func(event []byte)) ([]byte, error) {
	a.handling.Lock()
	defer a.handling.Unlock()
	a.mu.Lock()
	a.send = send
	a.mu.Unlock()

	var head dap.Request
	if err := json.Unmarshal(request, &head); err != nil {
		return nil, fmt.Errorf("a debug request that is no message of the Debug Adapter Protocol: %w", err)
	}
	m, err := a.codec.DecodeMessage(request)
	var body any
	var then func()
	if err == nil {
		body, then, err = a.dispatch(ctx, m)
	}
	r := response{Response: dap.Response{
		ProtocolMessage: dap.ProtocolMessage{Seq: a.number(), Type: "response"},
		RequestSeq:      head.Seq, Command: head.Command, Success: err == nil,
	}, Body: body}
	if err != nil {
		var field *dap.DecodeProtocolMessageFieldError
		if errors.As(err, &field) {
			err = fmt.Errorf("the request %q is not known here", head.Command)
		}
		r.Message = err.Error()
		r.Body = dap.ErrorResponseBody{Error: &dap.ErrorMessage{Id: 1, Format: err.Error(), ShowUser: true}}
	} else if body == nil {
		r.Body = struct{}{}
	}
	out, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encoding the response to %s: %w", head.Command, err)
	}
	if then != nil {
		then()
	}
	return out, nil
}

func (a *Adapter) number() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seq++
	return a.seq
}

var errNotStarted = errors.New("the debugger is not switched on")

// dispatch handles a request. What it returns beside the response's body is
// done when the response has been made.
func (a *Adapter) dispatch(ctx context.Context, m dap.Message) (body any, then func(), err error) {
	switch m := m.(type) { // what may be asked at any time
	case *dap.InitializeRequest:
		a.lab = m.Arguments.ClientID == "jupyterlab"
		body = a.initialize()
		return body, func() { a.emit("initialized", struct{}{}) }, nil
	case *debugInfoRequest:
		return a.info(), nil, nil
	case *inspectVariablesRequest:
		return a.inspectVariables(), nil, nil
	case *richInspectVariablesRequest:
		body, err = a.richInspect(ctx, m)
		return body, nil, err
	case *dumpCellRequest:
		return a.dumpCell(m.Arguments.Code), nil, nil
	case *dap.ModulesRequest:
		return a.modules(m.Arguments), nil, nil
	case *dap.DisconnectRequest, *dap.TerminateRequest:
		a.disconnect()
		return nil, nil, nil
	case *dap.SourceRequest:
		body, err = a.source(m.Arguments)
		return body, nil, err
	case *dap.VariablesRequest:
		body, err = a.variables(m.Arguments)
		return body, nil, err
	case *dap.EvaluateRequest:
		body, err = a.evaluate(ctx, m.Arguments)
		return body, nil, err
	}
	if !a.started {
		return nil, nil, errNotStarted
	}
	switch m := m.(type) {
	case *dap.AttachRequest, *dap.LaunchRequest, *dap.ConfigurationDoneRequest:
	case *dap.SetBreakpointsRequest:
		body, err = a.setBreakpoints(m.Arguments)
	case *dap.SetExceptionBreakpointsRequest:
		body = a.setExceptionBreakpoints(m.Arguments)
	case *dap.BreakpointLocationsRequest:
		body, err = a.breakpointLocations(*m.Arguments)
	case *dap.ThreadsRequest:
		body = a.threads()
	case *dap.StackTraceRequest:
		body, err = a.stackTrace(m.Arguments)
	case *dap.ScopesRequest:
		body, err = a.scopes(m.Arguments.FrameId)
	case *dap.ExceptionInfoRequest:
		body, err = a.exceptionInfo()
	case *copyToGlobalsRequest:
		err = a.copyToGlobals(ctx, m)
	case *dap.ContinueRequest:
		err = a.resume(noStep, m.Arguments.ThreadId)
		body = dap.ContinueResponseBody{AllThreadsContinued: true}
	case *dap.NextRequest:
		err = a.resume(stepOver, m.Arguments.ThreadId)
	case *dap.StepInRequest:
		err = a.resume(stepIn, m.Arguments.ThreadId)
	case *dap.StepOutRequest:
		err = a.resume(stepOut, m.Arguments.ThreadId)
	case *dap.PauseRequest:
		if !a.program.Busy() {
			return nil, nil, errors.New("no cell runs that could be paused")
		}
		a.tracer.pause()
	default:
		err = fmt.Errorf("the request %T is not supported", m)
	}
	return body, nil, err
}

// emit sends an event.
func (a *Adapter) emit(name string, body any) {
	e := struct {
		dap.Event
		Body any `json:"body"`
	}{dap.Event{ProtocolMessage: dap.ProtocolMessage{Seq: a.number(), Type: "event"}, Event: name}, body}
	out, err := json.Marshal(e)
	if err != nil {
		return // bodies are plain data
	}
	a.mu.Lock()
	send := a.send
	a.mu.Unlock()
	if send != nil {
		send(out)
	}
}

// tell passes what the Tracer says on.
func (a *Adapter) tell(e event) {
	switch {
	case e.output != "":
		a.emit("output", dap.OutputEventBody{Category: "console", Output: e.output})
	case e.kind == "continued":
		a.mu.Lock()
		a.refs.clear()
		a.mu.Unlock()
		a.emit("continued", dap.ContinuedEventBody{ThreadId: e.thread, AllThreadsContinued: true})
	default:
		a.emit("stopped", dap.StoppedEventBody{Reason: e.reason, Description: describe(e), Text: e.text,
			ThreadId: e.thread, AllThreadsStopped: true, HitBreakpointIds: e.hits})
	}
}

func describe(e event) string {
	switch e.reason {
	case "breakpoint":
		return "Paused at a breakpoint"
	case "exception":
		return "Paused at a panic"
	case "pause":
		return "Paused"
	}
	return "Paused after a step"
}

func (a *Adapter) initialize() dap.Capabilities {
	a.started = true
	a.tracer.attach(a.program, a.tell)
	a.program.SetHooks(true)
	return dap.Capabilities{
		SupportsConfigurationDoneRequest:   true,
		SupportsConditionalBreakpoints:     true,
		SupportsHitConditionalBreakpoints:  true,
		SupportsLogPoints:                  true,
		SupportsEvaluateForHovers:          true,
		SupportsModulesRequest:             true,
		SupportsTerminateRequest:           true,
		SupportsExceptionInfoRequest:       true,
		SupportsBreakpointLocationsRequest: true,
		SupportsDelayedStackTraceLoading:   true,
		ExceptionBreakpointFilters: []dap.ExceptionBreakpointsFilter{
			{Filter: panicFilter, Label: "Panics", Description: "Stop where a panic begins. A run-time error that its own function recovers does not stop."},
		},
	}
}

const panicFilter = "panic"

// disconnect switches the debugger off: the program goes on, and runs without
// hooks from the next cell on.
func (a *Adapter) disconnect() {
	a.started = false
	a.asked = map[string][]dap.SourceBreakpoint{}
	a.program.SetHooks(false)
	a.tracer.detach()
	a.mu.Lock()
	a.refs.clear()
	a.mu.Unlock()
}
