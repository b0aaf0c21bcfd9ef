package interp_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"divvy/kernel/cell"
)

// walk steps through a cell from a breakpoint and lists where it comes to.
func (d *debugSession) walk(ended chan cell.Result, step string, most int) (at []string) {
	d.t.Helper()
	thread := 0
	for range most {
		var e map[string]any
		timeout := time.After(30 * time.Second)
	waiting:
		for {
			select {
			case m := <-d.events:
				if m["event"] == "stopped" {
					e = m["body"].(map[string]any)
					break waiting
				}
			case r := <-ended:
				ended <- r
				return at
			case <-timeout:
				d.t.Fatal("nothing happens")
			}
		}
		thread = int(e["threadId"].(float64))
		frames, _ := d.stack(thread)
		at = append(at, frames[0])
		d.ask(step, map[string]any{"threadId": thread})
	}
	d.breakAll()
	d.try("continue", map[string]any{"threadId": thread})
	return at
}

// breakAll removes all breakpoints.
func (d *debugSession) breakAll() {
	d.t.Helper()
	for _, b := range d.ask("debugInfo", nil)["breakpoints"].([]any) {
		d.ask("setBreakpoints", map[string]any{"source": map[string]any{"path": b.(map[string]any)["source"]}, "breakpoints": []any{}})
	}
}

// TestSteps walks through programs from their first line.
func TestSteps(t *testing.T) {
	for _, test := range []struct {
		name, code, step, want string
	}{
		{"over a loop", "x := 0\nfor i := 0; i < 2; i++ {\n\tx += i\n}\nx++", "next", "1 2 3 2 3 5"},
		{"a loop in one line", "x := 0\nfor i := 0; i < 5; i++ { x += i }\nx++", "next", "1 2 3"},
		{"a range over a map", "m := map[int]int{1: 1}\nfor k, v := range m {\n\t_ = k + v\n}\nm = nil", "next", "1 2 3 5"},
		{"a range over an integer", "n := 0\nfor range 2 {\n\tn++\n}\nn = 9", "next", "1 2 3 2 3 5"},
		{"branches", "x := 3\nif x == 1 {\n\tx = 2\n} else if x == 3 {\n\tx = 4\n} else {\n\tx = 5\n}\nx = 6", "next", "1 2 4 5 9"},
		{"a switch", "x := 2\nswitch x {\ncase 1:\n\tx = 3\ncase 2:\n\tx = 4\n\tfallthrough\ndefault:\n\tx = 5\n}\nx = 6", "next", "1 2 6 7 9 11"},
		{"over a call", "f := func(n int) int {\n\treturn n + 1\n}\nx := f(1)\nx = f(x)", "next", "1 4 5"},
		{"into a call", "f := func(n int) int {\n\treturn n + 1\n}\nx := f(1)\nx = f(x)", "stepIn", "1 4 func1:2 5 func1:2"},
		{"into recursion", "var fact func(int) int\nfact = func(n int) int {\n\tif n < 2 {\n\t\treturn 1\n\t}\n\treturn n * fact(n-1)\n}\nx := fact(2)\nx++", "stepIn", "1 2 8 func1:3 func1:6 func1:3 func1:4 9"},
		{"a deferred call", "func() {\n\tdefer func() {\n\t\trecover()\n\t}()\n\tpanic(1)\n}()\nx := 1", "stepIn", "1 func1:2 func1:5 func1.func1:3 7"},
		{"a compiled function that calls back", "xs := []int{2, 1}\nslices.SortFunc(xs, func(a, b int) int {\n\treturn a - b\n})\nxs = nil", "stepIn", "1 2 func1:3 5"},
		{"a label", "x := 0\nouter:\nfor {\n\tx++\n\tif x == 2 {\n\t\tbreak outer\n\t}\n\tcontinue outer\n}\nx = 9", "next", "1 3 4 5 8 3 4 5 6 10"},
		{"a range over a function", "seq := func(yield func(int) bool) {\n\tyield(7)\n}\nfor v := range seq {\n\t_ = v\n}\nx := 1", "stepIn", "1 4 func1:2 -range2:4 -range2:5 7"},
		{"two statements in a line", "x := 1; y := 2\nx, y = y, x", "next", "1 2"},
		{"a statement over lines", "x := strings.Repeat(\n\t\"a\",\n\t3,\n)\nx += \"b\"", "next", "1 5"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDebugSession(t)
			d.run(`import ("slices"; "strings")`)
			d.attach()
			d.breakAt(test.code, 1)
			ended := d.start(test.code)
			var at []string
			for _, a := range d.walk(ended, test.step, 12) {
				name, line, _ := strings.Cut(a, ":")
				name = strings.TrimPrefix(strings.TrimPrefix(name, "In[2]"), ".")
				if name != "" {
					line = name + ":" + line
				}
				at = append(at, line)
			}
			d.end(ended)
			if got := strings.Join(at, " "); got != test.want {
				t.Errorf("came to %s\nwant     %s", got, test.want)
			}
		})
	}
}

// TestBreakpointLines moves breakpoints to where the cell can stop.
func TestBreakpointLines(t *testing.T) {
	code := "\n// comment\nx := fmt.Sprint(\n\t1,\n\t2,\n)\n\nfunc f() int {\n\treturn 1\n}\n\nif x == \"1\" {\n\tf()\n}"
	d := newDebugSession(t)
	d.attach()
	lines := []int{1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14}
	if got := fmt.Sprint(d.breakAt(code, lines...)); got != "[3 3 3 3 3 9 9 9 12 12 12 13 14]" {
		t.Errorf("breakpoints at %s", got)
	}
	if got := d.ask("debugInfo", nil)["breakpoints"].([]any); len(got) != 1 {
		t.Errorf("debugInfo: %v", got)
	}
	for _, bad := range []string{"x := (", "%%bash\necho hi"} {
		d.ask("dumpCell", map[string]any{"code": bad})
		path := d.ask("dumpCell", map[string]any{"code": bad})["sourcePath"]
		b := d.ask("setBreakpoints", map[string]any{"source": map[string]any{"path": path}, "breakpoints": []any{map[string]any{"line": 1}}})["breakpoints"].([]any)[0].(map[string]any)
		if b["verified"] != false || b["message"] == "" {
			t.Errorf("a breakpoint in %q: %v", bad, b)
		}
	}
}

// TestConditions stops when a condition holds, the third time, and never at
// a log point.
func TestConditions(t *testing.T) {
	code := "total := 0\nfor i := range 10 {\n\ttotal += i\n}\ntotal"
	for _, test := range []struct {
		name  string
		point map[string]any
		want  []string // i at the stops
		log   string
	}{
		{"a condition", map[string]any{"condition": "i%4 == 1 && total > 0"}, []string{"5", "9"}, ""},
		{"one with a call", map[string]any{"condition": "even(i) && i > 5"}, []string{"6", "8"}, ""},
		{"the eighth time", map[string]any{"hitCondition": "8"}, []string{"7", "8", "9"}, ""},
		{"a log point", map[string]any{"logMessage": "i is {i}, {total}", "condition": "i == 3"}, nil, "i is 3, 3\n"},
		{"no condition at all", map[string]any{"condition": "nope > 1", "hitCondition": "10"}, []string{}, "undefined: nope"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDebugSession(t)
			d.run("func even(n int) bool {\n\treturn n%2 == 0\n}")
			d.attach()
			path := d.ask("dumpCell", map[string]any{"code": code})["sourcePath"]
			test.point["line"] = 3
			set := d.ask("setBreakpoints", map[string]any{"source": map[string]any{"path": path}, "breakpoints": []any{test.point}})
			if b := set["breakpoints"].([]any)[0].(map[string]any); b["verified"] != true {
				t.Fatalf("not verified: %v", b)
			}
			ended := d.start(code)
			if test.want == nil {
				d.end(ended)
			}
			for _, want := range test.want {
				_, ids := d.stopped("breakpoint")
				if v := d.ask("evaluate", map[string]any{"expression": "i", "frameId": ids[0]}); v["result"] != want {
					t.Errorf("stopped at i = %v, not %s", v["result"], want)
				}
				d.ask("continue", map[string]any{"threadId": 1})
			}
			if test.log != "" {
				if got := fmt.Sprint(d.event("output")["output"]); !strings.Contains(got, test.log) {
					t.Errorf("logged %q", got)
				}
			}
			for test.name == "no condition at all" { // a condition that fails stops each time
				d.breakAll()
				d.try("continue", map[string]any{"threadId": 1})
				break
			}
			if test.want != nil {
				d.end(ended)
			}
		})
	}
}

// TestGoroutines: a goroutine is a thread; when one stops, so do the others.
func TestGoroutines(t *testing.T) {
	code := "func work(n int, out chan int) {\n\tx := n * 10\n\tout <- x\n}\nfunc spin() {\n\tfor !over.Load() {\n\t\tspun.Add(1)\n\t}\n}"
	d := newDebugSession(t)
	d.run("import \"sync/atomic\"\nvar over atomic.Bool\nvar spun atomic.Int64")
	d.attach()
	d.run(code)
	d.breakAt(code, 3)
	ended := d.start("out := make(chan int)\ngo spin()\nfor i := range 2 {\n\tgo work(i+1, out)\n}\na := <-out + <-out\nover.Store(true)\na")
	seen := map[string]bool{}
	for range 2 {
		e := d.event("stopped")
		thread := int(e["threadId"].(float64))
		if thread == 1 {
			t.Errorf("the goroutine is the main thread")
		}
		frames, ids := d.stack(thread)
		if frames[0] != "work:3" {
			t.Errorf("frames %v", frames)
		}
		seen[strings.Join(d.scope(ids[0], "Locals"), " ")] = true
		before := d.ask("evaluate", map[string]any{"expression": "spun.Load()", "frameId": ids[0]})["result"]
		time.Sleep(20 * time.Millisecond)
		if after := d.ask("evaluate", map[string]any{"expression": "spun.Load()", "frameId": ids[0]})["result"]; after != before {
			t.Errorf("the other goroutine runs on: %v, %v", before, after)
		}
		if n := len(d.ask("threads", nil)["threads"].([]any)); n < 3 {
			t.Errorf("%d threads", n)
		}
		d.ask("continue", map[string]any{"threadId": thread})
	}
	d.end(ended)
	if len(seen) != 2 {
		t.Errorf("locals %v", seen)
	}
}

// TestPanics stops where a panic begins, with the frames as they are there.
func TestPanics(t *testing.T) {
	d := newDebugSession(t)
	d.attach()
	d.ask("setExceptionBreakpoints", map[string]any{"filters": []string{"panic"}})
	for _, test := range []struct{ code, frame, local, text string }{
		{"func g(xs []int) int {\n\ti := 5\n\treturn xs[i]\n}\ng(nil)", "g:3", "i int = 5", ""},
		{"func h(s string) {\n\tpanic(\"bad \" + s)\n}\nh(\"x\")", "h:2", `s string = "x"`, "bad x"},
		{"func r(n int) (e any) {\n\tdefer func() { e = recover() }()\n\tif n == 0 {\n\t\tpanic(\"zero\")\n\t}\n\treturn 1 / n\n}\nr(0)", "r:4", "n int = 0", "zero"},
	} {
		ended := d.start(test.code)
		frames, ids := d.stopped("exception")
		if frames[0] != test.frame {
			t.Errorf("%q: frames %v", test.code, frames)
		}
		if got := strings.Join(d.scope(ids[0], "Locals"), "|"); !strings.Contains(got, test.local) {
			t.Errorf("%q: locals %s", test.code, got)
		}
		if info := d.ask("exceptionInfo", map[string]any{"threadId": 1}); !strings.Contains(fmt.Sprint(info["description"]), test.text) {
			t.Errorf("%q: %v", test.code, info)
		}
		d.ask("continue", map[string]any{"threadId": 1})
		<-ended
	}
	d.ask("setExceptionBreakpoints", map[string]any{"filters": []string{}})
	if r := <-d.start("h(\"y\")"); r.Error == nil || r.Error.Name != cell.ErrPanic || !strings.Contains(strings.Join(r.Error.Traceback, "\n"), "In[2]:2") {
		t.Errorf("the panic: %v", r.Error)
	}
}

// An interrupt ends what the debugger evaluates, and the cell that is held.
func TestInterruptAnEvaluation(t *testing.T) {
	d := newDebugSession(t)
	d.attach()
	code := "x := 1\nx++\nx"
	d.breakAt(code, 2)
	ended := d.start(code)
	_, ids := d.stopped("breakpoint")
	time.AfterFunc(200*time.Millisecond, func() { d.s.Interrupt(context.Background()) })
	start := time.Now()
	r := d.try("evaluate", map[string]any{"expression": "func() int { for {}; return 1 }()", "frameId": ids[0]})
	if r["success"] != false || time.Since(start) > 9*time.Second {
		t.Errorf("after %v: %v", time.Since(start), r)
	}
	if r := <-ended; r.Error == nil || r.Error.Name != cell.ErrInterrupt {
		t.Errorf("the cell: %v", r.Error)
	}
	d.breakAt(code)
	d.run("x")
}
