package jupyter_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"divvy/kernel/jupyter"
	"divvy/kernel/jupyter/client"
	"divvy/kernel/jupyter/jupytertest"
)

func TestKernelInfo(t *testing.T) {
	_, c := connect(t)
	for _, channel := range []client.Channel{client.Shell, client.Control} {
		reply, _ := c.Ask(channel, "kernel_info_request", map[string]any{})
		for field, want := range map[string]string{"implementation": "mock", "protocol_version": "5.5", "banner": "A mock"} {
			if got := jupytertest.Field[string](t, reply, field); got != want {
				t.Errorf("%s on %s is %q, not %q", field, channel, got, want)
			}
		}
		if got := jupytertest.Field[[]any](t, reply, "supported_features"); !slices.Contains(got, "kernel subshells") {
			t.Errorf("features: %v", got)
		}
		if got := jupytertest.Field[[]any](t, reply, "help_links"); len(got) != 1 {
			t.Errorf("help links: %v", got)
		}
	}
}

func TestConnectRequest(t *testing.T) {
	k, c := connect(t)
	reply, _ := c.Ask(client.Shell, "connect_request", map[string]any{})
	if got := jupytertest.Field[float64](t, reply, "shell_port"); int(got) != k.Connection().ShellPort {
		t.Errorf("shell_port %v, not %d", got, k.Connection().ShellPort)
	}
}

func TestComplete(t *testing.T) {
	_, c := connect(t)
	for _, test := range []struct {
		name       string
		code       string
		cursor     any
		matches    []string
		start, end float64
	}{
		{"word", "eprin", 5, []string{"eprint"}, 0, 5},
		{"in the middle", "eprint x", 3, []string{"eprint"}, 0, 3},
		{"code points, not bytes", "print 𝐚é eprin", 14, []string{"eprint"}, 9, 14},
		{"nothing", "zzz", 3, nil, 0, 3},
		{"no cursor is the end", "eprin", nil, []string{"eprint"}, 0, 5},
		{"a cursor beyond the end is the end", "eprin", 99, []string{"eprint"}, 0, 5},
		{"a negative one is the beginning", "eprin", -3, nil, 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			content := map[string]any{"code": test.code}
			if test.cursor != nil {
				content["cursor_pos"] = test.cursor
			}
			reply, published := c.Ask(client.Shell, "complete_request", content)
			if len(published) > 0 {
				t.Errorf("published %s", jupytertest.Show(published...))
			}
			var matches []string
			for _, m := range jupytertest.Field[[]any](t, reply, "matches") {
				matches = append(matches, m.(string))
			}
			if test.end != 0 && !slices.Equal(matches, test.matches) {
				t.Errorf("matches %q, not %q", matches, test.matches)
			}
			start, end := jupytertest.Field[float64](t, reply, "cursor_start"), jupytertest.Field[float64](t, reply, "cursor_end")
			if start != test.start || end != test.end {
				t.Errorf("replaces %v to %v, not %v to %v", start, end, test.start, test.end)
			}
			typed := jupytertest.Field[[]any](t, reply, "metadata", "_jupyter_types_experimental")
			if len(typed) != len(matches) {
				t.Errorf("%d types for %d matches", len(typed), len(matches))
			}
			for _, x := range typed {
				if m := x.(map[string]any); m["type"] != "function" || m["signature"] != "func()" || m["start"] != start {
					t.Errorf("type: %v", m)
				}
			}
		})
	}
}

func TestInspect(t *testing.T) {
	_, c := connect(t)
	for _, test := range []struct {
		code   string
		detail int
		found  bool
		text   string
	}{
		{"print", 0, true, "print at 5 detail 0"},
		{"print", 1, true, "print at 5 detail 1"},
		{"print", 7, true, "print at 5 detail 1"},
		{"unknown", 0, false, ""},
	} {
		reply, _ := c.Ask(client.Shell, "inspect_request", map[string]any{"code": test.code, "cursor_pos": len(test.code), "detail_level": test.detail})
		if got := jupytertest.Field[bool](t, reply, "found"); got != test.found {
			t.Errorf("%s: found %v", test.code, got)
		}
		if got := jupytertest.Field[string](t, reply, "data", "text/plain"); got != test.text {
			t.Errorf("%s: %q, not %q", test.code, got, test.text)
		}
	}
}

func TestIsComplete(t *testing.T) {
	_, c := connect(t)
	for code, want := range map[string]string{
		"set x": "complete", "set x…": "incomplete", "set x?": "invalid", "set x!": "unknown",
	} {
		reply, _ := c.Ask(client.Shell, "is_complete_request", map[string]any{"code": code})
		if got := jupytertest.Field[string](t, reply, "status"); got != want {
			t.Errorf("%q is %q, not %q", code, got, want)
		}
		if got := jupytertest.Field[string](t, reply, "indent"); want == "incomplete" && got != "\t" {
			t.Errorf("indent %q", got)
		}
	}
}

// TestHistory asks through the protocol; what a History must find is in
// jupytertest.CheckHistory.
func TestHistory(t *testing.T) {
	_, c := connect(t)
	for _, code := range []string{"result a", "result b", "print c", "result a"} {
		c.Execute(code)
	}
	c.Ask(client.Shell, "execute_request", map[string]any{"code": "result unstored", "store_history": false})
	c.Ask(client.Shell, "execute_request", map[string]any{"code": "result silent", "silent": true})
	for _, test := range []struct {
		name    string
		request map[string]any
		inputs  string
	}{
		{"tail", map[string]any{"hist_access_type": "tail", "n": 2}, "print c|result a"},
		{"tail of more than there is", map[string]any{"hist_access_type": "tail", "n": 100}, "result a|result b|print c|result a"},
		{"range", map[string]any{"hist_access_type": "range", "session": 0, "start": 2, "stop": 4}, "result b|print c"},
		{"open range", map[string]any{"hist_access_type": "range", "session": 0}, "result a|result b|print c|result a"},
		{"search", map[string]any{"hist_access_type": "search", "pattern": "result*"}, "result a|result b|result a"},
		{"search, unique", map[string]any{"hist_access_type": "search", "pattern": "result*", "unique": true}, "result b|result a"},
		{"search, last", map[string]any{"hist_access_type": "search", "pattern": "res?lt *", "n": 1}, "result a"},
		{"search for everything", map[string]any{"hist_access_type": "search"}, "result a|result b|print c|result a"},
		{"nulls", map[string]any{"hist_access_type": "tail", "n": nil, "session": nil, "pattern": nil}, "result a|result b|print c|result a"},
	} {
		t.Run(test.name, func(t *testing.T) {
			reply, _ := c.Ask(client.Shell, "history_request", test.request)
			var inputs []string
			for _, row := range jupytertest.Field[[]any](t, reply, "history") {
				inputs = append(inputs, row.([]any)[2].(string))
			}
			if got := strings.Join(inputs, "|"); got != test.inputs {
				t.Errorf("%q, not %q", got, test.inputs)
			}
		})
	}
	reply, _ := c.Ask(client.Shell, "history_request", map[string]any{"hist_access_type": "tail", "n": 2, "output": true})
	rows := jupytertest.Field[[]any](t, reply, "history")
	if got := rows[0].([]any)[2].([]any)[1]; got != nil {
		t.Errorf("a cell without a result has output %v", got)
	}
	if got := rows[1].([]any)[2].([]any)[1]; got != "a" {
		t.Errorf("output %v, not a", got)
	}
	if reply, _ := c.Ask(client.Shell, "history_request", map[string]any{"hist_access_type": "mystery"}); jupytertest.Field[string](t, reply, "status") != "error" {
		t.Error("an unknown access type is no error")
	}
}

// TestControlWhileACellRuns: everything on control is answered, and front ends
// still know afterwards that the kernel is busy.
func TestControlWhileACellRuns(t *testing.T) {
	k, c := connect(t)
	cell := c.Send(client.Shell, "execute_request", map[string]any{"code": "forever"})
	waitForCell(t, k, 1)
	id := c.Send(client.Control, "kernel_info_request", map[string]any{})
	c.Reply(client.Control, id)
	c.Published(id)
	if m := c.Next(client.IOPub); m.Parent.ID != cell || jupytertest.Field[string](t, m, "execution_state") != "busy" {
		t.Errorf("after it came %s", jupytertest.Show(m))
	}
	c.Reply(client.Control, c.Send(client.Control, "interrupt_request", map[string]any{}))
	c.Reply(client.Shell, cell)
	var published []*jupyter.Message // whether it says "busy" again depends on which ends first
	for {
		m := c.Next(client.IOPub)
		if m.Parent.ID != cell {
			continue
		}
		if m.Header.Type != "status" {
			published = append(published, m)
		} else if jupytertest.Field[string](t, m, "execution_state") == "idle" {
			break
		}
	}
	if kinds(published) != "error" {
		t.Errorf("published %s", jupytertest.Show(published...))
	}
	c.Quiet(client.IOPub, 50*time.Millisecond) // nothing says busy after the last idle
}

// TestInterruptACompletion: a slow completion in the main shell can be ended.
func TestInterruptACompletion(t *testing.T) {
	k, c := connect(t)
	begun := make(chan bool)
	k.mock.Slow(func(ctx context.Context) { begun <- true; <-ctx.Done() })
	id := c.Send(client.Shell, "complete_request", map[string]any{"code": "p", "cursor_pos": 1})
	<-begun
	c.Ask(client.Control, "interrupt_request", map[string]any{})
	if reply := c.Reply(client.Shell, id); jupytertest.Field[string](t, reply, "status") != "error" {
		t.Error(jupytertest.Show(reply))
	}
}

// TestEditorWhileACellRuns: who types is answered beside a cell, by front ends
// without subshells, too, also when questions come faster than answers.
func TestEditorWhileACellRuns(t *testing.T) {
	k, c := connect(t)
	cell := c.Send(client.Shell, "execute_request", map[string]any{"code": "forever"})
	waitForCell(t, k, 1)
	behind := c.Send(client.Shell, "execute_request", map[string]any{"code": "result 1", "stop_on_error": false})
	for range 20 {
		for _, kind := range []string{"complete_request", "inspect_request", "is_complete_request"} {
			c.Send(client.Shell, kind, map[string]any{"code": "print", "cursor_pos": 5})
		}
	}
	for range 60 {
		if m := c.Next(client.Shell); m.Parent.ID == cell || m.Parent.ID == behind {
			t.Fatalf("answered with %s", jupytertest.Show(m))
		}
	}
	// One that does not end is ended with the cell.
	begun := make(chan bool)
	k.mock.Slow(func(ctx context.Context) { begun <- true; <-ctx.Done() })
	slow := c.Send(client.Shell, "complete_request", map[string]any{"code": "p", "cursor_pos": 1})
	<-begun
	c.Send(client.Control, "interrupt_request", map[string]any{})
	ended := map[string]string{}
	for range 3 {
		m := c.Next(client.Shell)
		ended[m.Parent.ID] = jupytertest.Field[string](t, m, "status")
	}
	if ended[cell] != "error" || ended[slow] != "error" || ended[behind] != "aborted" {
		t.Errorf("the cell: %q, the slow completion: %q, the cell behind: %q", ended[cell], ended[slow], ended[behind])
	}
}

// TestSubshells asks a subshell while a cell runs in the main shell.
func TestSubshells(t *testing.T) {
	k, c := connect(t)
	create := func() string {
		reply, _ := c.Ask(client.Control, "create_subshell_request", map[string]any{})
		return jupytertest.Field[string](t, reply, "subshell_id")
	}
	list := func() int {
		reply, _ := c.Ask(client.Control, "list_subshell_request", map[string]any{})
		return len(jupytertest.Field[[]any](t, reply, "subshell_id"))
	}
	if list() != 0 {
		t.Error("there are subshells at first")
	}
	a, b := create(), create()
	if a == b || list() != 2 {
		t.Errorf("subshells %s and %s, %d in all", a, b, list())
	}
	ask := func(id, kind string, content map[string]any) *jupyter.Message {
		t.Helper()
		msg := c.SendOutgoing(client.Shell, jupyter.Outgoing{Type: kind, Content: content, Subshell: &id})
		reply := c.Reply(client.Shell, msg)
		if reply.Parent.Subshell == nil || *reply.Parent.Subshell != id {
			t.Errorf("%s: the parent's subshell is %v", kind, reply.Parent.Subshell)
		}
		return reply
	}

	cell := c.Send(client.Shell, "execute_request", map[string]any{"code": "forever"})
	waitForCell(t, k, 1)
	waits := c.Send(client.Shell, "kernel_info_request", map[string]any{})
	for _, test := range []struct{ kind, status string }{
		{"complete_request", "ok"}, {"inspect_request", "ok"}, {"is_complete_request", "complete"},
		{"kernel_info_request", "ok"}, {"comm_info_request", "ok"},
	} {
		reply := ask(a, test.kind, map[string]any{"code": "print", "cursor_pos": 5})
		if got := jupytertest.Field[string](t, reply, "status"); got != test.status {
			t.Errorf("%s: %q, not %q", test.kind, got, test.status)
		}
	}

	// A cell in a subshell waits for the main shell's: there is one interpreter.
	second := c.SendOutgoing(client.Shell, jupyter.Outgoing{Type: "execute_request", Content: map[string]any{"code": "result 2"}, Subshell: &b})
	c.Ask(client.Control, "interrupt_request", map[string]any{})
	for seen := 0; seen < 3; seen++ {
		m := c.Next(client.Shell)
		switch m.Parent.ID {
		case cell:
			if got := jupytertest.Field[string](t, m, "ename"); got != "KeyboardInterrupt" {
				t.Errorf("the cell ended with %q", got)
			}
		case second, waits:
			if got := jupytertest.Field[string](t, m, "status"); got != "ok" {
				t.Errorf("%s: %q", m.Header.Type, got)
			}
		default:
			t.Errorf("unexpected %s", jupytertest.Show(m))
		}
	}

	c.Ask(client.Control, "delete_subshell_request", map[string]any{"subshell_id": a})
	if list() != 1 {
		t.Error("the subshell is still there")
	}
	for name, reply := range map[string]*jupyter.Message{
		"a request to a deleted subshell": ask(a, "complete_request", map[string]any{"code": "", "cursor_pos": 0}),
		"a cell for an unknown subshell":  ask("nobody", "execute_request", map[string]any{"code": "set x"}),
	} {
		if got := jupytertest.Field[string](t, reply, "status"); got != "error" {
			t.Errorf("%s: %q", name, got)
		}
	}
	if reply, _ := c.Ask(client.Control, "delete_subshell_request", map[string]any{"subshell_id": a}); jupytertest.Field[string](t, reply, "status") != "error" {
		t.Error("a subshell was deleted twice")
	}
}
