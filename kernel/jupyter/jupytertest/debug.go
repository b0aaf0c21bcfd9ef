package jupytertest

import (
	"errors"
	"fmt"
)

// debugReply checks the content of a debug_reply: a response of the Debug
// Adapter Protocol, its body by the command.
func debugReply(v any) error {
	m, ok := v.(map[string]any)
	if !ok {
		return fmt.Errorf("%v is not an object", v)
	}
	head := fields{"type": oneOf("response"), "seq": count, "request_seq": count, "command": nonEmpty, "success": boolean, "message?": str}
	command, _ := m["command"].(string)
	switch body, known := debugBodies[command]; {
	case m["success"] != true:
		head["message"] = nonEmpty
		delete(head, "message?")
		head["body"] = object(fields{"error": object(fields{"id": count, "format": nonEmpty, "showUser?": boolean})})
	case !known:
		return fmt.Errorf("no validator for the response to %s", command)
	default:
		head["body"] = body
	}
	return object(head)(v)
}

// debugEvent checks the content of a debug_event.
func debugEvent(v any) error {
	m, ok := v.(map[string]any)
	if !ok {
		return fmt.Errorf("%v is not an object", v)
	}
	name, _ := m["event"].(string)
	body, known := debugEvents[name]
	if !known {
		return fmt.Errorf("no validator for the event %s", name)
	}
	return object(fields{"type": oneOf("event"), "seq": positive, "event": nonEmpty, "body": body})(v)
}

func positive(v any) error {
	if err := count(v); err != nil {
		return err
	}
	if v == 0.0 {
		return errors.New("0 is not a number of anything")
	}
	return nil
}

var (
	debugSource     = object(fields{"name?": nonEmpty, "path": nonEmpty})
	debugBreakpoint = object(fields{"id?": positive, "verified": boolean, "message?": nonEmpty, "line?": positive, "source?": debugSource})
	debugVariable   = object(fields{
		"name": str, "value": str, "type?": str, "evaluateName?": nonEmpty, "variablesReference": count,
		"namedVariables?": positive, "indexedVariables?": positive,
	})
	debugVariables = object(fields{"variables": list(debugVariable)})
	nothing        = object(fields{})
)

// debugBodies are the bodies of responses by command.
var debugBodies = map[string]check{
	"initialize": object(fields{
		"supportsConfigurationDoneRequest?": boolean, "supportsConditionalBreakpoints?": boolean,
		"supportsHitConditionalBreakpoints?": boolean, "supportsLogPoints?": boolean, "supportsEvaluateForHovers?": boolean,
		"supportsModulesRequest?": boolean, "supportsTerminateRequest?": boolean, "supportsExceptionInfoRequest?": boolean,
		"supportsBreakpointLocationsRequest?": boolean, "supportsDelayedStackTraceLoading?": boolean,
		"exceptionBreakpointFilters?": list(object(fields{"filter": nonEmpty, "label": nonEmpty, "description?": nonEmpty})),
	}),
	"attach": nothing, "configurationDone": nothing, "disconnect": nothing, "terminate": nothing,
	"next": nothing, "stepIn": nothing, "stepOut": nothing, "pause": nothing, "copyToGlobals": nothing,
	"continue": object(fields{"allThreadsContinued": boolean}),
	"debugInfo": object(fields{
		"isStarted": boolean, "hashMethod": oneOf("Murmur2"), "hashSeed": count, "tmpFilePrefix": nonEmpty, "tmpFileSuffix": nonEmpty,
		"breakpoints":    list(object(fields{"source": nonEmpty, "breakpoints": list(object(fields{"line": positive, "condition?": nonEmpty, "hitCondition?": nonEmpty, "logMessage?": nonEmpty}))})),
		"stoppedThreads": list(positive), "richRendering": boolean, "exceptionPaths": list(nonEmpty), "copyToGlobals": boolean,
	}),
	"dumpCell":                object(fields{"sourcePath": nonEmpty}),
	"source":                  object(fields{"content": str, "mimeType?": nonEmpty}),
	"setBreakpoints":          object(fields{"breakpoints": list(debugBreakpoint)}),
	"setExceptionBreakpoints": object(fields{"breakpoints?": list(debugBreakpoint)}),
	"breakpointLocations":     object(fields{"breakpoints": list(object(fields{"line": positive}))}),
	"threads":                 object(fields{"threads": list(object(fields{"id": positive, "name": nonEmpty}))}),
	"stackTrace": object(fields{"totalFrames": count, "stackFrames": list(object(fields{
		"id": positive, "name": nonEmpty, "line": positive, "column": positive, "source": debugSource,
	}))}),
	"scopes": object(fields{"scopes": list(object(fields{
		"name": nonEmpty, "presentationHint?": nonEmpty, "variablesReference": positive, "namedVariables?": positive, "expensive": boolean,
	}))}),
	"variables": debugVariables, "inspectVariables": debugVariables,
	"evaluate": object(fields{
		"result": str, "type?": str, "variablesReference": count, "namedVariables?": positive, "indexedVariables?": positive,
	}),
	"richInspectVariables": object(fields{"data": bundle, "metadata": mapOf(anything)}),
	"modules":              object(fields{"modules": list(object(fields{"id": nonEmpty, "name": nonEmpty, "path": nonEmpty})), "totalModules?": count}),
	"exceptionInfo":        object(fields{"exceptionId": nonEmpty, "description?": str, "breakMode": oneOf("always")}),
}

// debugEvents are the bodies of events.
var debugEvents = map[string]check{
	"initialized": nothing,
	"stopped": object(fields{
		"reason": oneOf("breakpoint", "step", "pause", "exception"), "description": nonEmpty, "text?": str,
		"threadId": positive, "allThreadsStopped": boolean, "hitBreakpointIds?": list(positive),
	}),
	"continued":  object(fields{"threadId": positive, "allThreadsContinued": boolean}),
	"terminated": nothing,
	"output":     object(fields{"category": oneOf("console"), "output": nonEmpty}),
}
