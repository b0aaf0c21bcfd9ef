//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"divvy/kernel/jupyter"
	"divvy/kernel/jupyter/client"
	"divvy/kernel/jupyter/jupytertest"
)

// A debugger is a front end that debugs: every message that it gets is checked
// by the validator of its type.
type debugger struct {
	t      *testing.T
	c      *jupytertest.Client
	seq    int
	events []map[string]any // not asked for yet
}

func debugging(t *testing.T) *debugger {
	t.Helper()
	file, conn := connection(t)
	cmd := command(t, "serve", "-f", file)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return &debugger{t: t, c: jupytertest.Dial(t, conn)}
}

// try sends a debug_request on control and returns the response.
func (d *debugger) try(command string, args any) map[string]any {
	d.t.Helper()
	d.seq++
	id := d.c.Send(client.Control, "debug_request", map[string]any{"type": "request", "seq": d.seq, "command": command, "arguments": args})
	m := d.c.Reply(client.Control, id)
	if m.Header.Type != "debug_reply" {
		d.t.Errorf("answered with %s", m.Header.Type)
	}
	var r map[string]any
	if err := json.Unmarshal(m.Content, &r); err != nil {
		d.t.Fatal(err)
	}
	if r["request_seq"] != float64(d.seq) || r["command"] != command {
		d.t.Errorf("%s: the response is to %v %v", command, r["command"], r["request_seq"])
	}
	return r
}

func (d *debugger) ask(command string, args any) map[string]any {
	d.t.Helper()
	r := d.try(command, args)
	if r["success"] != true {
		d.t.Fatalf("%s: %v", command, r["message"])
	}
	return r["body"].(map[string]any)
}

func (d *debugger) refused(command string, args any, why string) {
	d.t.Helper()
	r := d.try(command, args)
	if text, _ := r["message"].(string); r["success"] != false || !strings.Contains(text, why) {
		d.t.Errorf("%s: %v, want %q", command, r, why)
	}
}

// event waits for an event on iopub.
func (d *debugger) event(name string) map[string]any {
	d.t.Helper()
	for {
		m := d.c.Next(client.IOPub)
		if m.Header.Type != "debug_event" {
			continue
		}
		var e map[string]any
		if err := json.Unmarshal(m.Content, &e); err != nil {
			d.t.Fatal(err)
		}
		if e["event"] == name {
			return e["body"].(map[string]any)
		}
	}
}

func (d *debugger) start(code string) string {
	return d.c.Send(client.Shell, "execute_request", map[string]any{"code": code, "silent": false})
}

// names are those of a list of variables, with their values.
func names(body map[string]any) []string {
	var out []string
	for _, v := range body["variables"].([]any) {
		v := v.(map[string]any)
		out = append(out, fmt.Sprintf("%v=%v", v["name"], v["value"]))
	}
	return out
}

func number(v any) int { n, _ := v.(float64); return int(n) }

// TestDebug speaks to the kernel as JupyterLab's debugger does.
func TestDebug(t *testing.T) {
	const define = "func double(xs []int) (out []int) {\n\tfor _, x := range xs {\n\t\ty := 2 * x\n\t\tout = append(out, y)\n\t}\n\treturn out\n}"
	const use = "xs := make([]int, 300)\nxs[1] = 21\nys := double(xs[:2])\nfmt.Println(ys)"
	type m = map[string]any
	d := debugging(t)
	info, _ := d.c.Ask(client.Shell, "kernel_info_request", m{})
	if !jupytertest.Field[bool](t, info, "debugger") || !slices.Contains(jupytertest.Field[[]any](t, info, "supported_features"), any("debugger")) {
		t.Errorf("the kernel does not say that it has a debugger: %s", info.Content)
	}

	// Before the debugger is switched on.
	before := d.ask("debugInfo", m{})
	if before["isStarted"] != false || len(before["breakpoints"].([]any)) != 0 {
		t.Errorf("debugInfo: %v", before)
	}
	d.refused("stackTrace", m{"threadId": 1}, "not switched on")
	d.refused("no such request", m{}, "not known")
	if got := names(d.ask("inspectVariables", m{})); len(got) != 0 {
		t.Errorf("variables of an empty session: %v", got)
	}
	d.c.Reply(client.Shell, d.start(define))

	// The hand-shake.
	if filters := d.ask("initialize", m{"clientID": "jupyterlab", "clientName": "JupyterLab", "adapterID": "divvy", "pathFormat": "path",
		"linesStartAt1": true, "columnsStartAt1": true, "supportsVariableType": true, "supportsVariablePaging": true,
		"supportsRunInTerminalRequest": true, "locale": "en"})["exceptionBreakpointFilters"]; len(filters.([]any)) != 1 {
		t.Errorf("filters: %v", filters)
	}
	d.event("initialized")
	d.ask("attach", m{})
	d.ask("configurationDone", m{})

	// Breakpoints.
	path := d.ask("dumpCell", m{"code": define})["sourcePath"].(string)
	if !strings.HasPrefix(path, before["tmpFilePrefix"].(string)) || !strings.HasSuffix(path, before["tmpFileSuffix"].(string)) {
		t.Errorf("the path %s does not fit debugInfo %v", path, before)
	}
	source := m{"path": path}
	if got := d.ask("source", m{"source": source, "sourceReference": 0})["content"]; got != define {
		t.Errorf("source: %q", got)
	}
	d.refused("source", m{"source": m{"path": "/nowhere"}}, "no cell is known")
	points := d.ask("setBreakpoints", m{"source": source, "sourceModified": false, "breakpoints": []m{{"line": 4}, {"line": 99}}})["breakpoints"].([]any)
	if p := points[0].(m); p["verified"] != true || number(p["line"]) != 4 {
		t.Errorf("breakpoint: %v", p)
	}
	if p := points[1].(m); p["verified"] != false {
		t.Errorf("a breakpoint behind the cell: %v", p)
	}
	d.ask("setBreakpoints", m{"source": source, "breakpoints": []m{{"line": 4}}})
	d.ask("setExceptionBreakpoints", m{"filters": []string{}})
	if got := d.ask("breakpointLocations", m{"source": source, "line": 1, "endLine": 7})["breakpoints"]; len(got.([]any)) != 4 {
		t.Errorf("breakpointLocations: %v", got)
	}
	if got := d.ask("debugInfo", m{}); got["isStarted"] != true || len(got["breakpoints"].([]any)) != 1 {
		t.Errorf("debugInfo: %v", got)
	}
	d.refused("pause", m{"threadId": 1}, "no cell runs")
	d.refused("continue", m{"threadId": 1}, "not stopped")

	// The cell stops in the function of the cell before.
	cell := d.start(use)
	stop := d.event("stopped")
	if stop["reason"] != "breakpoint" || number(stop["threadId"]) != 1 || stop["allThreadsStopped"] != true {
		t.Errorf("stopped: %v", stop)
	}
	if got := d.ask("debugInfo", m{})["stoppedThreads"]; fmt.Sprint(got) != "[1]" {
		t.Errorf("stoppedThreads: %v", got)
	}
	if got := d.ask("threads", nil)["threads"].([]any); len(got) != 1 || got[0].(m)["name"] != "In[2]" {
		t.Errorf("threads: %v", got)
	}
	frames := d.ask("stackTrace", m{"threadId": 1})["stackFrames"].([]any)
	if len(frames) != 2 || frames[0].(m)["source"].(m)["path"] != path || number(frames[0].(m)["line"]) != 4 || number(frames[1].(m)["line"]) != 3 {
		t.Fatalf("stackTrace: %v", frames)
	}
	inner, outer := frames[0].(m)["id"], frames[1].(m)["id"]
	scopes := d.ask("scopes", m{"frameId": inner})["scopes"].([]any)
	locals := d.ask("variables", m{"variablesReference": scopes[0].(m)["variablesReference"]})
	if got := strings.Join(names(locals), " "); got != "xs=[0, 21] out=nil x=0 y=0" {
		t.Errorf("locals: %s", got)
	}

	// Long values come in portions, asked for or not.
	globals := d.ask("variables", m{"variablesReference": d.ask("scopes", m{"frameId": outer})["scopes"].([]any)[1].(m)["variablesReference"]})
	xs := globals["variables"].([]any)[0].(m)
	if xs["name"] != "xs" || number(xs["indexedVariables"]) != 300 || !strings.HasPrefix(fmt.Sprint(xs["type"]), "[]int = [0, 21") {
		t.Errorf("xs: %v", xs)
	}
	if got := names(d.ask("variables", m{"variablesReference": xs["variablesReference"], "filter": "indexed", "start": 1, "count": 2})); fmt.Sprint(got) != "[[1]=21 [2]=0]" {
		t.Errorf("two elements: %v", got)
	}
	groups := d.ask("variables", m{"variablesReference": xs["variablesReference"]})
	if got := names(groups); fmt.Sprint(got) != "[[0:100]= [100:200]= [200:300]=]" {
		t.Errorf("groups: %v", got)
	}
	if got := names(d.ask("variables", m{"variablesReference": groups["variables"].([]any)[2].(m)["variablesReference"]})); len(got) != 100 || got[99] != "[299]=0" {
		t.Errorf("the last group: %v", got)
	}

	// While it is held, the kernel answers.
	if reply, _ := d.c.Ask(client.Control, "kernel_info_request", m{}); jupytertest.Field[string](t, reply, "status") != "ok" {
		t.Errorf("kernel_info: %s", reply.Content)
	}
	if got := d.ask("evaluate", m{"expression": "len(xs) * 100 + xs[1]", "context": "repl", "frameId": inner}); got["result"] != "221" || got["type"] != "int" {
		t.Errorf("evaluate: %v", got)
	}
	d.refused("evaluate", m{"expression": "nope", "frameId": inner}, "undefined: nope")
	d.refused("evaluate", m{"expression": "xs", "frameId": 4711}, "no frame")
	if got := d.ask("richInspectVariables", m{"variableName": "xs", "frameId": inner})["data"].(m)["text/plain"]; got != "[0 21]" {
		t.Errorf("richInspectVariables: %v", got)
	}
	d.ask("copyToGlobals", m{"srcVariableName": "xs", "dstVariableName": "copied", "srcFrameId": inner})
	if got := d.ask("modules", m{"startModule": 0, "moduleCount": 3}); len(got["modules"].([]any)) != 3 || number(got["totalModules"]) < 50 {
		t.Errorf("modules: %v", got)
	}

	// Steps.
	for _, step := range []struct {
		command string
		at      string
	}{{"next", "double:2"}, {"next", "double:3"}, {"stepIn", "double:4"}, {"stepOut", "In[2]:4"}} {
		if step.at == "double:4" {
			d.ask("setBreakpoints", m{"source": source, "breakpoints": []m{}})
		}
		d.ask(step.command, m{"threadId": 1})
		d.event("continued")
		if got := d.event("stopped")["reason"]; got != "step" {
			t.Errorf("after %s stopped by %v", step.command, got)
		}
		f := d.ask("stackTrace", m{"threadId": 1, "startFrame": 0, "levels": 1})["stackFrames"].([]any)[0].(m)
		if got := fmt.Sprintf("%v:%v", f["name"], f["line"]); got != step.at {
			t.Errorf("%s came to %s, not %s", step.command, got, step.at)
		}
	}
	d.ask("continue", m{"threadId": 1})
	reply := d.c.Reply(client.Shell, cell)
	if jupytertest.Field[string](t, reply, "status") != "ok" {
		t.Errorf("the cell: %s", reply.Content)
	}
	d.refused("variables", m{"variablesReference": xs["variablesReference"]}, "not known any more")

	// Between cells, and after.
	if got := names(d.ask("inspectVariables", m{})); fmt.Sprint(got) != "[copied=[0, 21] xs=[0, 21, 0, 0, 0, 0, 0, 0, 0, 0, …] (len 300) ys=[0, 42]]" {
		t.Errorf("inspectVariables: %v", got)
	}
	if got := d.ask("richInspectVariables", m{"variableName": "ys"})["data"].(m)["text/plain"]; got != "[0 42]" {
		t.Errorf("richInspectVariables: %v", got)
	}
	d.ask("disconnect", m{"restart": false, "terminateDebuggee": false})
	if got := d.ask("debugInfo", m{})["isStarted"]; got != false {
		t.Errorf("started after disconnect")
	}
	d.c.Reply(client.Shell, d.start("double(xs)"))
	d.ask("terminate", m{})
}

// TestDebugInterrupt interrupts a cell that is held at a breakpoint.
func TestDebugInterrupt(t *testing.T) {
	type m = map[string]any
	const code = "n := 1\nfor n > 0 {\n\tn++\n}"
	d := debugging(t)
	d.ask("initialize", m{"clientID": "jupyterlab", "adapterID": "divvy"})
	d.ask("attach", m{})
	path := d.ask("dumpCell", m{"code": code})["sourcePath"]
	d.ask("setBreakpoints", m{"source": m{"path": path}, "breakpoints": []m{{"line": 3, "condition": "n == 10"}}})
	cell := d.start(code)
	d.event("stopped")
	sub, _ := d.c.Ask(client.Control, "create_subshell_request", m{})
	subshell := jupytertest.Field[string](t, sub, "subshell_id")
	done := d.c.SendOutgoing(client.Shell, jupyter.Outgoing{Type: "complete_request", Subshell: &subshell, Content: m{"code": "fmt.Printl", "cursor_pos": 10}})
	if got := jupytertest.Field[[]any](t, d.c.Reply(client.Shell, done), "matches"); len(got) != 1 {
		t.Errorf("completion while a cell is held: %v", got)
	}
	d.c.Ask(client.Control, "interrupt_request", m{})
	d.event("continued")
	reply := d.c.Reply(client.Shell, cell)
	if got := jupytertest.Field[string](t, reply, "ename"); got != "KeyboardInterrupt" {
		t.Errorf("the cell ended with %s", got)
	}
	// The state is kept, and a loop that runs can be paused.
	cell = d.start("fmt.Println(\"begun\")\nfor n > 0 {\n\tn++\n}")
	for d.c.Next(client.IOPub).Header.Type != "stream" {
	}
	d.ask("pause", m{"threadId": 1})
	if got := d.event("stopped")["reason"]; got != "pause" {
		t.Errorf("paused by %v", got)
	}
	d.ask("evaluate", m{"expression": "n = -5", "frameId": d.ask("stackTrace", m{"threadId": 1})["stackFrames"].([]any)[0].(m)["id"]})
	d.ask("continue", m{"threadId": 1})
	if reply := d.c.Reply(client.Shell, cell); jupytertest.Field[string](t, reply, "status") != "ok" {
		t.Errorf("a loop whose end the debugger has set: %s", reply.Content)
	}
}

// TestDebugAfterACrash: breakpoints outlive the worker.
func TestDebugAfterACrash(t *testing.T) {
	type m = map[string]any
	const code, die = "n := 1\nn++\nn", deadly
	d := debugging(t)
	d.ask("initialize", m{"clientID": "jupyterlab", "adapterID": "divvy"})
	d.ask("attach", m{})
	path := d.ask("dumpCell", m{"code": code})["sourcePath"]
	d.ask("setBreakpoints", m{"source": m{"path": path}, "breakpoints": []m{{"line": 2}}})
	if reply := d.c.Reply(client.Shell, d.start(die)); jupytertest.Field[string](t, reply, "ename") != "WorkerDied" {
		t.Fatalf("the worker lives: %s", reply.Content)
	}
	d.c.Reply(client.Shell, d.start("import (\"fmt\"; \"os\"; \"os/exec\")\nfunc end() {\n\texec.Command(\"kill\", \"-9\", fmt.Sprint(os.Getpid())).Run()\n\tselect {}\n}"))
	cell := d.start(code)
	if got := d.event("stopped")["reason"]; got != "breakpoint" {
		t.Errorf("stopped by %v", got)
	}
	if got := d.ask("debugInfo", m{}); got["isStarted"] != true || len(got["breakpoints"].([]any)) != 1 {
		t.Errorf("debugInfo: %v", got)
	}
	// It dies while it is held.
	d.refused("evaluate", m{"expression": "end()", "frameId": d.ask("stackTrace", m{"threadId": 1})["stackFrames"].([]any)[0].(m)["id"]}, "the worker process ended")
	d.event("continued")
	if reply := d.c.Reply(client.Shell, cell); jupytertest.Field[string](t, reply, "ename") != "WorkerDied" {
		t.Errorf("the cell: %s", reply.Content)
	}
	if got := d.ask("debugInfo", m{}); len(got["stoppedThreads"].([]any)) != 0 || len(got["breakpoints"].([]any)) != 1 {
		t.Errorf("debugInfo: %v", got)
	}
}
