package jupyter_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"divvy/kernel/jupyter"
	"divvy/kernel/jupyter/client"
	"divvy/kernel/jupyter/jupytertest"
)

// kinds are the types of messages in order.
func kinds(messages []*jupyter.Message) string {
	var all []string
	for _, m := range messages {
		all = append(all, m.Header.Type)
	}
	return strings.Join(all, " ")
}

func TestExecute(t *testing.T) {
	for _, test := range []struct {
		name, code       string
		silent           bool
		status           string
		kinds            string
		stdout, stderr   string
		result, payloads int
	}{
		{name: "nothing", code: "set x", status: "ok", kinds: "execute_input"},
		{name: "result", code: "result 2", status: "ok", kinds: "execute_input execute_result", result: 1},
		{name: "stdout", code: "print hello, world", status: "ok", kinds: "execute_input stream", stdout: "hello, world\n"},
		{name: "stderr", code: "eprint oh", status: "ok", kinds: "execute_input stream", stderr: "oh\n"},
		{name: "order", code: "print a\neprint b\nprint c\ndisplay text/html <b>d</b>\nprint e\nresult f", status: "ok",
			kinds:  "execute_input stream stream stream display_data stream execute_result",
			stdout: "a\nc\ne\n", stderr: "b\n"},
		{name: "display updated", code: "named a\nupdate b", status: "ok", kinds: "execute_input display_data update_display_data"},
		{name: "clear", code: "print a\nclear wait\nprint b", status: "ok", kinds: "execute_input stream clear_output stream", stdout: "a\nb\n"},
		{name: "error", code: "print a\nfail boom\nprint b", status: "error", kinds: "execute_input stream error", stdout: "a\n"},
		{name: "compile error", code: "frobnicate", status: "error", kinds: "execute_input error"},
		{name: "interpreter panics", code: "panic at the disco", status: "error", kinds: "execute_input error"},
		{name: "unknown event", code: "strange\nprint a", status: "ok", kinds: "execute_input stream", stdout: "a\n"},
		{name: "leave", code: "leave", status: "ok", kinds: "execute_input", payloads: 1},
		{name: "page", code: "page help", status: "ok", kinds: "execute_input", payloads: 1},
		{name: "blank", code: " \n\t", status: "ok", kinds: "execute_input"},
		{name: "silent", code: "print a\nresult 1", silent: true, status: "ok"},
		{name: "silent error", code: "print a\nfail boom", silent: true, status: "error"},
		{name: "not UTF-8", code: "raw \xff", status: "ok", kinds: "execute_input stream", stdout: "\ufffd"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, c := connect(t)
			reply, published := c.Ask(client.Shell, "execute_request", map[string]any{"code": test.code, "silent": test.silent})
			if got := jupytertest.Field[string](t, reply, "status"); got != test.status {
				t.Errorf("status %q, not %q", got, test.status)
			}
			if got := kinds(published); got != test.kinds {
				t.Errorf("published %q, not %q", got, test.kinds)
			}
			if got := jupytertest.Text(t, published, "stdout"); got != test.stdout {
				t.Errorf("stdout %q, not %q", got, test.stdout)
			}
			if got := jupytertest.Text(t, published, "stderr"); got != test.stderr {
				t.Errorf("stderr %q, not %q", got, test.stderr)
			}
			if got := len(jupytertest.Field[[]any](t, reply, "payload")); got != test.payloads {
				t.Errorf("%d payloads, not %d", got, test.payloads)
			}
		})
	}
}

func TestExecuteUnencodable(t *testing.T) {
	k, c := connect(t)
	reply, published := c.Execute("unencodable\nprint a")
	if jupytertest.Field[string](t, reply, "status") != "ok" || kinds(published) != "execute_input stream stream" {
		t.Error(jupytertest.Show(append(published, reply)...))
	}
	if !strings.Contains(k.log.String(), "not encoded") {
		t.Error("nothing was logged")
	}
}

// TestCount follows the counter: it counts what is stored, and all the others
// name its current value.
func TestCount(t *testing.T) {
	_, c := connect(t)
	for i, test := range []struct {
		content map[string]any
		count   float64
	}{
		{map[string]any{"code": "", "silent": true}, 0}, // how a console asks for the counter
		{map[string]any{"code": "result a"}, 1},
		{map[string]any{"code": "result a"}, 2},
		{map[string]any{"code": "result a", "store_history": false}, 2},
		{map[string]any{"code": "result a", "silent": true}, 2},
		{map[string]any{"code": "result a", "silent": true, "store_history": true}, 2},
		{map[string]any{"code": "   "}, 2},
		{map[string]any{"code": "fail a"}, 3},
		{map[string]any{"code": 5}, 3},
		{map[string]any{"code": "result a"}, 4},
	} {
		reply, published := c.Ask(client.Shell, "execute_request", test.content)
		for _, m := range append(published, reply) {
			if m.Header.Type == "error" {
				continue
			}
			if got := jupytertest.Field[float64](t, m, "execution_count"); got != test.count {
				t.Errorf("request %d: %s counts %v, not %v", i, m.Header.Type, got, test.count)
			}
		}
	}
}

func TestUserExpressions(t *testing.T) {
	_, c := connect(t)
	reply, _ := c.Ask(client.Shell, "execute_request", map[string]any{
		"code": "set x", "user_expressions": map[string]string{"good": "result 7", "bad": "nope"},
	})
	if got := jupytertest.Field[string](t, reply, "user_expressions", "good", "data", "text/plain"); got != "7" {
		t.Errorf("good is %q", got)
	}
	if got := jupytertest.Field[string](t, reply, "user_expressions", "bad", "ename"); got != "CompileError" {
		t.Errorf("bad is %q", got)
	}
}

func TestDisplayIDIsTransient(t *testing.T) {
	_, c := connect(t)
	_, published := c.Execute("named a\nupdate b")
	for _, m := range published[1:] {
		if got := jupytertest.Field[string](t, m, "transient", "display_id"); got != "d1" {
			t.Errorf("%s has display_id %q", m.Header.Type, got)
		}
	}
}

// TestStopOnError sends cells without waiting, as "Run All" does.
func TestStopOnError(t *testing.T) {
	for _, test := range []struct {
		name     string
		requests []queued
		statuses []string
	}{
		{"stops by default", []queued{{code: "fail"}, {code: "result 1"}, {code: "result 2"}}, []string{"error", "aborted", "aborted"}},
		{"goes on when asked to", []queued{{code: "fail", stop: false}, {code: "result 1"}}, []string{"error", "ok"}},
		{"a silent failure stops nothing", []queued{{code: "fail", silent: true}, {code: "result 1"}}, []string{"error", "ok"}},
		{"those before it are done", []queued{{code: "result 1"}, {code: "fail"}, {code: "result 2"}}, []string{"ok", "error", "aborted"}},
		{"a slow burst", []queued{{code: "fail"}, {code: "result 1", pause: 2 * time.Millisecond}, {code: "fail"}}, []string{"error", "aborted", "aborted"}},
		{"slow failure", []queued{{code: "sleep 100\nfail"}, {code: "result 1"}, {code: "fail"}}, []string{"error", "aborted", "aborted"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			k, c := connect(t)
			var statuses []string
			for attempt := 1; ; attempt++ {
				var slept time.Duration
				if statuses, slept = sendAll(t, c, test.requests); slept < 4*time.Millisecond {
					break
				}
				if attempt == 100 {
					t.Fatal("this machine is too busy for a burst of requests")
				}
			}
			if !reflect.DeepEqual(statuses, test.statuses) {
				t.Errorf("statuses %q, not %q", statuses, test.statuses)
			}
			// Who has seen the failure means what it sends next.
			ran := len(k.mock.Ran())
			if reply, _ := c.Execute("result 3"); jupytertest.Field[string](t, reply, "status") != "ok" {
				t.Error("a cell sent after the failure was known is not run")
			}
			if got := len(k.mock.Ran()); got != ran+1 {
				t.Errorf("%d cells ran, not %d", got, ran+1)
			}
		})
	}
}

// queued is a cell that is sent without waiting for the one before.
type queued struct {
	code   string
	silent bool
	stop   any
	pause  time.Duration // before it is made
}

// sendAll sends cells and returns the statuses of their replies, and how long
// the longest pause really was.
func sendAll(t *testing.T, c *jupytertest.Client, cells []queued) (statuses []string, slept time.Duration) {
	var ids []string
	var burst [][][]byte
	send := func() {
		for _, frames := range burst {
			if err := c.SendRaw(client.Shell, frames...); err != nil {
				t.Fatal(err)
			}
		}
		burst = nil
	}
	for _, q := range cells {
		begin := time.Now()
		if q.pause > 0 {
			send()
			time.Sleep(q.pause)
		}
		content := map[string]any{"code": q.code, "silent": q.silent}
		if q.stop != nil {
			content["stop_on_error"] = q.stop
		}
		frames, id, err := c.Session().Encode(jupyter.Outgoing{Type: "execute_request", Content: content})
		if err != nil {
			t.Fatal(err)
		}
		ids, burst = append(ids, id), append(burst, frames)
		if q.pause > 0 {
			send()
			slept = max(slept, time.Since(begin))
		}
	}
	send()
	for _, id := range ids {
		statuses = append(statuses, jupytertest.Field[string](t, c.Reply(client.Shell, id), "status"))
	}
	return statuses, slept
}

// TestAbortSparesOtherRequests: only cells are aborted.
func TestAbortSparesOtherRequests(t *testing.T) {
	_, c := connect(t)
	c.Send(client.Shell, "execute_request", map[string]any{"code": "sleep 50\nfail"})
	info := c.Send(client.Shell, "kernel_info_request", map[string]any{})
	next := c.Send(client.Shell, "execute_request", map[string]any{"code": "result 1"})
	if got := jupytertest.Field[string](t, c.Reply(client.Shell, info), "status"); got != "ok" {
		t.Errorf("kernel_info: %s", got)
	}
	reply := c.Reply(client.Shell, next)
	if got := jupytertest.Field[string](t, reply, "status"); got != "aborted" {
		t.Errorf("the next cell: %s", got)
	}
	if published := c.Published(next); len(published) != 0 {
		t.Errorf("an aborted cell published %s", jupytertest.Show(published...))
	}
}

func TestInterrupt(t *testing.T) {
	k, c := connect(t)
	for i, code := range []string{"forever", "sleep 60000", "flood", "input name? "} {
		id := c.Send(client.Shell, "execute_request", map[string]any{"code": code, "allow_stdin": true})
		waitForCell(t, k, i+1)
		if strings.HasPrefix(code, "input") {
			c.Next(client.Stdin)
		}
		start := time.Now()
		interrupt := c.Send(client.Control, "interrupt_request", map[string]any{})
		if m := c.Reply(client.Control, interrupt); m.Header.Type != "interrupt_reply" {
			t.Errorf("answered with %s", m.Header.Type)
		}
		reply := c.Reply(client.Shell, id)
		if name := jupytertest.Field[string](t, reply, "ename"); name != "KeyboardInterrupt" {
			t.Errorf("%s ended with %q", code, name)
		}
		c.Published(id)
		t.Logf("%-12s interrupted in %v", code, time.Since(start).Round(time.Microsecond))
	}
	if reply, _ := c.Ask(client.Control, "interrupt_request", map[string]any{}); jupytertest.Field[string](t, reply, "status") != "ok" {
		t.Error("an interrupt while nothing runs is an error")
	}
}

// TestInterruptBySignal is what a program does that gets SIGINT.
func TestInterruptBySignal(t *testing.T) {
	k, c := connect(t)
	id := c.Send(client.Shell, "execute_request", map[string]any{"code": "forever"})
	waitForCell(t, k, 1)
	if err := k.Interrupt(); err != nil {
		t.Fatal(err)
	}
	if name := jupytertest.Field[string](t, c.Reply(client.Shell, id), "ename"); name != "KeyboardInterrupt" {
		t.Errorf("ended with %q", name)
	}
}

// TestLateOutput belongs to the cell that started it.
func TestLateOutput(t *testing.T) {
	_, c := connect(t)
	first := c.Send(client.Shell, "execute_request", map[string]any{"code": "late at last"})
	second := c.Send(client.Shell, "execute_request", map[string]any{"code": "sleep 150\nprint second"})
	for {
		m := c.Next(client.IOPub)
		if m.Header.Type != "stream" || m.Parent.ID == second && jupytertest.Field[string](t, m, "text") == "second\n" {
			continue
		}
		if text := jupytertest.Field[string](t, m, "text"); text != "at last\n" || m.Parent.ID != first {
			t.Fatalf("%q with parent %s, first %s, second %s", text, m.Parent.ID, first, second)
		}
		return
	}
}
