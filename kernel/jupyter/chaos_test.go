package jupyter_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"divvy/kernel/jupyter"
	"divvy/kernel/jupyter/client"
	"divvy/kernel/jupyter/jupytertest"
)

var (
	chaosFirst = flag.Uint64("chaos.first", 1, "the first seed of TestChaos")
	chaosSeeds = flag.Int("chaos.seeds", 3, "how many seeds TestChaos runs")
)

// chaos is a client that does what no front end should.
type chaos struct {
	*rand.Rand
	c    *jupytertest.Client
	sent [][][]byte // messages that can be sent again
}

// pick is one of several things.
func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

// value is some JSON value, mostly of the wrong kind.
func (x *chaos) value(depth int) any {
	if depth <= 0 {
		return pick[any](x.Rand, nil, true, -1, 1e300, "", "x", "\x00💥", strings.Repeat("y", x.IntN(100_000)))
	}
	switch x.IntN(4) {
	case 0:
		return []any{x.value(depth - 1), x.value(depth - 2)}
	case 1:
		return map[string]any{pick(x.Rand, "code", "data", "state", "comm_id", ""): x.value(depth - 1)}
	}
	return x.value(0)
}

// content is that of a message: right, or with a field that is wrong, missing or
// too many.
func (x *chaos) content() any {
	code := pick(x.Rand, "print a", "result 1", "fail", "sleep 3", "prints 200", "panic x", "comm c1", "eprint b", "displays 50", "strange", "")
	m := map[string]any{
		"code": code, "silent": x.IntN(4) == 0, "allow_stdin": x.IntN(2) == 0, "stop_on_error": x.IntN(2) == 0,
		"cursor_pos": x.IntN(9) - 2, "detail_level": x.IntN(3), "comm_id": pick(x.Rand, "c1", "c2", "", "nobody"),
		"target_name": pick(x.Rand, "echo", "nobody", "jupyter.widget"), "data": map[string]any{"method": "update", "state": map[string]any{}},
		"value": "text", "hist_access_type": pick(x.Rand, "tail", "range", "search", "none"), "n": x.IntN(100) - 50, "pattern": "*", "session": 0,
		"subshell_id": "none", "command": "initialize", "type": "request", "seq": x.IntN(5), "arguments": map[string]any{},
	}
	for range x.IntN(3) {
		for key := range m { // whichever comes first
			if m[key] = x.value(2); x.IntN(2) == 0 {
				delete(m, key)
			}
			break
		}
	}
	if x.IntN(10) == 0 {
		return x.value(3)
	}
	return m
}

var chaosTypes = []string{
	"execute_request", "execute_request", "complete_request", "inspect_request", "is_complete_request", "history_request",
	"comm_info_request", "kernel_info_request", "connect_request", "comm_open", "comm_msg", "comm_close", "comm_msg",
	"interrupt_request", "create_subshell_request", "delete_subshell_request", "list_subshell_request", "debug_request",
	"input_reply", "execute_reply", "status", "frobnicate_request", "",
}

// send sends something on some channel.
func (x *chaos) send() error {
	channel := pick(x.Rand, client.Shell, client.Shell, client.Shell, client.Control, client.Stdin)
	o := jupyter.Outgoing{Type: pick(x.Rand, chaosTypes...), Content: x.content()}
	switch x.IntN(8) {
	case 0:
		o.Parent = json.RawMessage(pick(x.Rand, `{}`, `{"msg_id": "x"}`, `{"msg_id": 5, "session": null}`))
	case 1:
		o.Subshell = new(pick(x.Rand, "", "none"))
	}
	frames, _, err := x.c.Session().Encode(o)
	if err != nil {
		return err
	}
	switch x.IntN(12) {
	case 0: // a frame is missing, doubled or empty
		i := x.IntN(len(frames))
		frames = append(frames[:i:i], frames[min(len(frames), i+x.IntN(2)):]...)
	case 1:
		frames = append(frames, frames[x.IntN(len(frames))], nil)
	case 2: // a byte is another
		i := x.IntN(len(frames))
		if f := append([]byte(nil), frames[i]...); len(f) > 0 {
			f[x.IntN(len(f))] ^= byte(1 + x.IntN(255))
			frames[i] = f
		}
	case 3:
		if len(x.sent) > 0 {
			frames = pick(x.Rand, x.sent...)
		}
	case 4:
		for range x.IntN(40) {
			frames = append([][]byte{[]byte("ident")}, frames...)
		}
	case 5:
		frames = [][]byte{make([]byte, x.IntN(1<<20))}
	}
	x.sent = append(x.sent, frames)
	return x.c.SendRaw(channel, frames...)
}

// TestChaos lets two clients send what comes into their heads, signed or not, and
// a third work meanwhile: it is served, and in the end nothing is left over. More:
//
//	go test ./kernel/jupyter -run TestChaos -chaos.first 100 -chaos.seeds 50
func TestChaos(t *testing.T) {
	for i := range *chaosSeeds {
		seed := *chaosFirst + uint64(i)
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			k := start(t, jupyter.Options{})
			honest := jupytertest.Dial(t, k.Connection())
			honest.Execute("set x")
			before := runtime.NumGoroutine()
			for g := range 2 {
				x := &chaos{Rand: rand.New(rand.NewPCG(seed, uint64(g))), c: jupytertest.Dial(t, k.Connection())}
				for range 150 {
					if err := x.send(); err != nil {
						t.Fatal(err)
					}
					if x.IntN(10) == 0 {
						asked := time.Now()
						honest.Reply(client.Control, honest.Send(client.Control, "kernel_info_request", map[string]any{}))
						if took := time.Since(asked); took > jupytertest.Patience/2 {
							t.Errorf("control took %v", took)
						}
					}
				}
				x.c.Close()
			}
			// What they began may still run, or wait for an answer of theirs.
			honest.Reply(client.Control, honest.Send(client.Control, "interrupt_request", map[string]any{}))
			for attempt := 1; ; attempt++ { // a cell behind one of theirs that fails falls with it
				id := honest.Send(client.Shell, "execute_request", map[string]any{"code": "print still here"})
				reply := honest.Reply(client.Shell, id)
				if status := jupytertest.Field[string](t, reply, "status"); status == "ok" {
					if got := jupytertest.Text(t, honest.Published(id), "stdout"); got != "still here\n" {
						t.Errorf("an honest cell printed %q", got)
					}
					break
				} else if status != "aborted" && jupytertest.Field[string](t, reply, "ename") != "KeyboardInterrupt" || attempt > 20 {
					t.Fatalf("an honest cell: %s", jupytertest.Show(reply))
				}
				time.Sleep(20 * time.Millisecond)
			}
			for _, own := range []string{"message dropped: panic", "handler panicked"} { // that of a cell is the interpreter's
				if _, after, ok := strings.Cut(k.log.String(), own); ok {
					t.Errorf("%s%.2000s", own, after)
				}
			}
			for end := time.Now().Add(jupytertest.Patience); runtime.NumGoroutine() > before+10; time.Sleep(10 * time.Millisecond) {
				if time.Now().After(end) {
					t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
				}
			}
		})
	}
}
