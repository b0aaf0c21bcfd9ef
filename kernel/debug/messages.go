package debug

import (
	"github.com/google/go-dap"
)

// The requests that Jupyter adds to the Debug Adapter Protocol, with the bodies
// of their responses. All other messages are package dap's.

type debugInfoRequest struct{ dap.Request }

type debugInfoBody struct {
	IsStarted      bool          `json:"isStarted"`
	HashMethod     string        `json:"hashMethod"`
	HashSeed       uint32        `json:"hashSeed"`
	TmpFilePrefix  string        `json:"tmpFilePrefix"`
	TmpFileSuffix  string        `json:"tmpFileSuffix"`
	Breakpoints    []sourcePoint `json:"breakpoints"`
	StoppedThreads []int         `json:"stoppedThreads"`
	RichRendering  bool          `json:"richRendering"`
	ExceptionPaths []string      `json:"exceptionPaths"`
	CopyToGlobals  bool          `json:"copyToGlobals"`
}

type sourcePoint struct {
	Source      string                 `json:"source"`
	Breakpoints []dap.SourceBreakpoint `json:"breakpoints"`
}

type dumpCellRequest struct {
	dap.Request
	Arguments struct {
		Code string `json:"code"`
	} `json:"arguments"`
}

type dumpCellBody struct {
	SourcePath string `json:"sourcePath"`
}

type inspectVariablesRequest struct{ dap.Request }

type variablesBody struct {
	Variables []dap.Variable `json:"variables"`
}

type richInspectVariablesRequest struct {
	dap.Request
	Arguments struct {
		VariableName string `json:"variableName"`
		FrameID      int    `json:"frameId"`
	} `json:"arguments"`
}

type bundleBody struct {
	Data     map[string]any `json:"data"`
	Metadata map[string]any `json:"metadata"`
}

type copyToGlobalsRequest struct {
	dap.Request
	Arguments struct {
		Source  string `json:"srcVariableName"`
		Target  string `json:"dstVariableName"`
		FrameID int    `json:"srcFrameId"`
	} `json:"arguments"`
}

// response is the response to a request. Jupyter front ends expect it to have a
// body, be it empty.
type response struct {
	dap.Response
	Body any `json:"body"`
}

func newCodec() *dap.Codec {
	codec := dap.NewCodec()
	for command, request := range map[string]func() dap.Message{
		"debugInfo":            func() dap.Message { return &debugInfoRequest{} },
		"dumpCell":             func() dap.Message { return &dumpCellRequest{} },
		"inspectVariables":     func() dap.Message { return &inspectVariablesRequest{} },
		"richInspectVariables": func() dap.Message { return &richInspectVariablesRequest{} },
		"copyToGlobals":        func() dap.Message { return &copyToGlobalsRequest{} },
	} {
		// The only error is a command that is there already; package dap knows
		// none of Jupyter's.
		_ = codec.RegisterRequest(command, request, func() dap.Message { return &response{} })
	}
	return codec
}
