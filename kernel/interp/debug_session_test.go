package interp_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"divvy/kernel/cell"
	"divvy/kernel/interp"
)

// debugSession drives the debugger of a session as a front end does.
type debugSession struct {
	t      *testing.T
	s      *interp.Session
	events chan map[string]any
	out    *collector
	seq    int
	count  int
	mu     sync.Mutex
}

func newDebugSession(t *testing.T) *debugSession {
	t.Helper()
	s, err := interp.New(interp.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return &debugSession{t: t, s: s, events: make(chan map[string]any, 1000), out: &collector{}}
}

// Emit implements cell.Sink for events.
func (d *debugSession) Emit(e cell.Event) {
	var m map[string]any
	if err := json.Unmarshal(e.Debug, &m); err != nil {
		d.t.Errorf("an event that is no JSON: %v", err)
		return
	}
	d.events <- m
}

func (d *debugSession) Input(context.Context, string, bool) (string, error) { return "", nil }

// try sends a request and returns the response.
func (d *debugSession) try(command string, args any) map[string]any {
	d.t.Helper()
	d.mu.Lock()
	d.seq++
	request, _ := json.Marshal(map[string]any{"type": "request", "seq": d.seq, "command": command, "arguments": args})
	d.mu.Unlock()
	reply, err := d.s.Debug(context.Background(), request, d)
	if err != nil {
		d.t.Fatalf("%s: %v", command, err)
	}
	var m map[string]any
	if err := json.Unmarshal(reply, &m); err != nil {
		d.t.Fatalf("%s: %v", command, err)
	}
	return m
}

// ask is try for a request that must succeed; it returns the body.
func (d *debugSession) ask(command string, args any) map[string]any {
	d.t.Helper()
	m := d.try(command, args)
	if m["success"] != true {
		d.t.Fatalf("%s %v: %v", command, args, m["message"])
	}
	body, _ := m["body"].(map[string]any)
	return body
}

// attach switches the debugger on.
func (d *debugSession) attach() {
	d.t.Helper()
	d.ask("initialize", map[string]any{"clientID": "test", "adapterID": "divvy", "linesStartAt1": true})
	d.event("initialized")
	d.ask("attach", map[string]any{})
	d.ask("configurationDone", map[string]any{})
}

// breakAt sets the breakpoints of a cell.
func (d *debugSession) breakAt(code string, lines ...int) (actual []int) {
	d.t.Helper()
	path := d.ask("dumpCell", map[string]any{"code": code})["sourcePath"]
	points := []any{}
	for _, l := range lines {
		points = append(points, map[string]any{"line": l})
	}
	body := d.ask("setBreakpoints", map[string]any{"source": map[string]any{"path": path}, "breakpoints": points, "sourceModified": false})
	for _, b := range body["breakpoints"].([]any) {
		actual = append(actual, int(b.(map[string]any)["line"].(float64)))
	}
	return actual
}

// start runs a cell, which may stop.
func (d *debugSession) start(code string) (ended chan cell.Result) {
	d.count++
	ended = make(chan cell.Result, 1)
	n := d.count
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		ended <- d.s.Execute(ctx, cell.Request{Count: n, Code: code}, d.out)
	}()
	return ended
}

// run runs a cell to its end.
func (d *debugSession) run(code string) {
	d.t.Helper()
	d.end(d.start(code))
}

func (d *debugSession) end(ended chan cell.Result) {
	d.t.Helper()
	select {
	case r := <-ended:
		if r.Error != nil {
			d.t.Fatalf("the cell failed: %v %v", r.Error, r.Error.Traceback)
		}
	case <-time.After(30 * time.Second):
		d.t.Fatal("the cell does not end")
	}
}

// event waits for an event, and passes over others.
func (d *debugSession) event(name string) map[string]any {
	d.t.Helper()
	timeout := time.After(30 * time.Second)
	for {
		select {
		case e := <-d.events:
			if e["event"] == name {
				body, _ := e["body"].(map[string]any)
				return body
			}
		case <-timeout:
			d.t.Fatalf("no event %q", name)
		}
	}
}

// stack waits for a stop and gives the frames: "f:3" innermost first.
func (d *debugSession) stopped(reason string) (frames []string, ids []int) {
	d.t.Helper()
	e := d.event("stopped")
	if e["reason"] != reason {
		d.t.Errorf("stopped by %v, not by %s", e["reason"], reason)
	}
	return d.stack(int(e["threadId"].(float64)))
}

func (d *debugSession) stack(thread int) (frames []string, ids []int) {
	d.t.Helper()
	for _, f := range d.ask("stackTrace", map[string]any{"threadId": thread})["stackFrames"].([]any) {
		f := f.(map[string]any)
		frames = append(frames, fmt.Sprintf("%v:%v", f["name"], f["line"]))
		ids = append(ids, int(f["id"].(float64)))
	}
	return frames, ids
}

// list asks for variables: "name type = value".
func (d *debugSession) list(ref any) []string {
	d.t.Helper()
	var out []string
	for _, v := range d.ask("variables", map[string]any{"variablesReference": ref})["variables"].([]any) {
		v := v.(map[string]any)
		out = append(out, fmt.Sprintf("%v %v = %v", v["name"], v["type"], v["value"]))
	}
	return out
}

// scope lists the variables of a scope of a frame.
func (d *debugSession) scope(frame int, name string) []string {
	d.t.Helper()
	for _, s := range d.ask("scopes", map[string]any{"frameId": frame})["scopes"].([]any) {
		if s := s.(map[string]any); s["name"] == name {
			return d.list(s["variablesReference"])
		}
	}
	d.t.Fatalf("no scope %q", name)
	return nil
}

// TestBreakpoint stops a function at a breakpoint, called from a later cell.
func TestBreakpoint(t *testing.T) {
	d := newDebugSession(t)
	code := "type P struct {\n\tName string\n\tN int\n}\nfunc f(n int, p *P) int {\n\ttotal := 0\n\tfor i := range n {\n\t\ttotal += i\n\t\tp.N = total\n\t}\n\treturn total\n}"
	d.run(code)
	d.attach()
	if got := d.breakAt(code, 9); fmt.Sprint(got) != "[9]" {
		t.Errorf("breakpoints at %v", got)
	}
	ended := d.start("q := &P{\"x<b>\", 1}\nr := f(4, q)\nr")
	frames, ids := d.stopped("breakpoint")
	if got := strings.Join(frames, " "); got != "f:9 In[2]:2" {
		t.Errorf("frames: %s", got)
	}
	if got := strings.Join(d.scope(ids[0], "Locals"), "\n"); got != "n int = 4\np *P = &{Name: \"x<b>\", N: 1}\ntotal int = 0\ni int = 0" {
		t.Errorf("locals:\n%s", got)
	}
	if got := strings.Join(d.scope(ids[1], "Globals"), "\n"); got != "q *P = &{Name: \"x<b>\", N: 1}\nr int = 0" {
		t.Errorf("globals:\n%s", got)
	}
	d.ask("next", map[string]any{"threadId": 1})
	frames, ids = d.stopped("step")
	if frames[0] != "f:7" {
		t.Errorf("after a step: %v", frames)
	}
	v := d.ask("evaluate", map[string]any{"expression": "p.N*10 + len(p.Name) + total", "frameId": ids[0], "context": "repl"})
	if v["result"] != "4" || v["type"] != "int" {
		t.Errorf("evaluated: %v", v)
	}
	d.breakAt(code)
	d.ask("continue", map[string]any{"threadId": 1})
	d.end(ended)
}

// following are statements with the variable that each defines, if any.
var following = [][2]string{
	{"a := 1", "a"}, {"a = 2", ""}, {"a++", ""}, {"a += 40", ""}, {"a = g(a)", ""}, {"a, _ = g2(a)", ""}, {"a = <-c1(7)", ""},
	{"b := g(3)", "b"}, {"b = a + b", ""}, {"b = g(g(b))", ""}, {"b, a = a, b", ""}, {`b = len("xyz")`, ""},
	{`s := "x"`, "s"}, {`s += "y"`, ""}, {"s = fmt.Sprint(s, 1)", ""}, {"s = h(s)", ""}, {"s = strings.ToUpper(s)", ""},
	{"f := 1.5", "f"}, {"f = math.Sqrt(f * 6)", ""}, {"f /= 2", ""}, {"f = float64(a)", ""},
	{"xs := []int{1, 2}", "xs"}, {"xs = append(xs, 3)", ""}, {"xs[1] = 9", ""}, {"xs = xs[1:]", ""}, {"xs = l(xs)", ""},
	{`m := map[string]int{"a": 1}`, "m"}, {`m["b"] = 2`, ""}, {`delete(m, "a")`, ""}, {`n := m["b"]`, "n"}, {`n, ok := m["z"]`, "ok"},
	{`p := P{1, "p"}`, "p"}, {"p.N = 5", ""}, {"q := &p", "q"}, {"q.N++", ""}, {"p = mk(8)", ""}, {`q = &P{3, "new"}`, ""}, {"*q = p", ""},
	{"var e error", "e"}, {`e = fmt.Errorf("bad %d", a)`, ""}, {"e = nil", ""}, {"e = mkerr()", ""},
	{"var v any = 3", "v"}, {`v = "text"`, ""}, {"v = p", ""}, {"w := v.(P)", "w"}, {"w.N = 0", ""}, {"w, ok = v.(P)", ""},
	{"fn := func() { a = 100 }", ""}, {"fn()", ""}, {"func() { b = a * 2 }()", ""},
	{"arr := [3]int{1, 2, 3}", "arr"}, {"arr[0] = 7", ""}, {"brr := arr", "brr"}, {"brr[1] = 8", ""},
	{`r, size := utf8.DecodeRuneInString("é")`, "size"}, {"x, y := 1, 2", "y"}, {"x, y = y, x", ""}, {"x, z := 5, 6", "z"},
	{"var t1, t2 int = 3, 4", "t1"}, {"t1, t2 = g2(t2)", ""}, {"u8 := uint8(200)", "u8"}, {"u8 += 100", ""},
	{"cx := complex(1, 2)", "cx"}, {"var d time.Duration = 1500", "d"}, {"d *= time.Millisecond", ""},
	{"ch := make(chan int, 3)", ""}, {"ch <- 1", ""}, {"rec := <-ch", "rec"}, {"ch <- 5", ""}, {"rec = <-ch", ""},
	{"ch <- 6", ""}, {"rec, ok = <-ch", ""}, {"k := K(3)", "k"}, {"k = k.next()", ""}, {"gen := Max(3, 4)", "gen"}, {"gen = Max(gen, 9)", ""},
	{"for i := range 3 { a += i }", ""}, {"if c := g(a); c > 0 { a = c }", ""}, {"mk2(&a, &s)", ""}, {"grid := [][]P{{p}, {p, w}}", "grid"}, {"grid[1][0].N = 77", ""},
}

const followed = `type P struct { N int; S string }
type K int
func (k K) next() K { return k + 1 }
func Max[T int | float64](a, b T) T { if a > b { return a }; return b }
func g(x int) int { return x + 1 }
func g2(x int) (int, int) { return x * 2, x }
func h(s string) (r string) { r = s + s; return }
func l(x []int) []int { return append(x, len(x)) }
func mk(n int) P { return P{n, "mk"} }
func mk2(a *int, s *string) { *a, *s = 5, "set" }
func mkerr() error { return fmt.Errorf("made") }
func c1(n int) chan int { c := make(chan int, 1); c <- n; return c }
func join(xs ...string) string { return strings.Join(xs, "|") }
func show(s string) { fmt.Println(s) }
func test() {
`

// What the debugger finds in a variable is what the program has in it, whatever
// way it was set.
func TestLocalsFollowTheProgram(t *testing.T) {
	var code strings.Builder
	code.WriteString(followed)
	line := strings.Count(followed, "\n") + 1
	var at []int
	var joins []string
	var printed []string
	for _, st := range following {
		if st[1] != "" {
			printed = append(printed, "fmt.Sprint("+st[1]+")")
		}
		joins = append(joins, "join("+strings.Join(printed, ", ")+")")
		code.WriteString(st[0] + "\nshow(" + joins[len(joins)-1] + ")\n")
		at = append(at, line+1)
		line += 2
	}
	code.WriteString("}")

	d := newDebugSession(t)
	d.run(`import ("strings"; "math"; "time"; "unicode/utf8")`)
	d.attach()
	if got := d.breakAt(code.String(), at...); fmt.Sprint(got) != fmt.Sprint(at) {
		t.Fatalf("breakpoints at %v, not %v", got, at)
	}
	d.run(code.String())
	ended := d.start("test()")
	var found []string
	for i := range following {
		frames, ids := d.stopped("breakpoint")
		if want := fmt.Sprintf("test:%d", at[i]); frames[0] != want {
			t.Fatalf("stopped at %s, not %s", frames[0], want)
		}
		v := d.try("evaluate", map[string]any{"expression": joins[i], "frameId": ids[0]})
		if v["success"] != true {
			t.Fatalf("after %q: %v", following[i][0], v["message"])
		}
		text, err := strconv.Unquote(v["body"].(map[string]any)["result"].(string))
		if err != nil {
			t.Fatalf("after %q: %v: %v", following[i][0], err, v)
		}
		found = append(found, text)
		d.ask("continue", map[string]any{"threadId": 1})
	}
	d.end(ended)
	for i, want := range strings.Split(strings.TrimSpace(d.out.stdout()), "\n") {
		if found[i] != want {
			t.Errorf("after %q: found %q, want %q", following[i][0], found[i], want)
		}
	}
}
