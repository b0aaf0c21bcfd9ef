//go:build unix

package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"divvy/kernel/cell"
)

func TestStreams(t *testing.T) {
	tests := []struct{ name, code, stdout, stderr string }{
		{"print", "print a\nprint b", "a\nb\n", ""},
		{"descriptor 1", "fd1 from C", "from C\n", ""},
		{"descriptor 2", "fd2 from C", "", "from C\n"},
		{"order", "print a\nfd1 b\nprint c", "a\nb\nc\n", ""},
		{"subprocess", "sh echo out; echo err >&2", "out\n", "err\n"},
		{"no newline", `raw1 "abc"`, "abc", ""},
		{"split sequence", "raw1 \"gr\\xc3\"\nstuck 20ms\nraw1 \"\\xbcn\"", "grün", ""},
		{"lone lead byte", `raw1 "a\xc3"`, "a\xc3", ""},
		{"no UTF-8", `raw1 "a\xff\xfeb"`, "a\xff\xfeb", ""},
		{"a panic that is only text", "fd2 panic: just kidding\nstuck 500ms\nfd2 on", "", "panic: just kidding\non\n"},
		{"1000 lines", "prints 1000", lines(1000), ""},
	}
	s := start(t, Config{})
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			out := execute(t, s, tc.code)
			if tc.name == "lone lead byte" { // it waits for its rest, in vain
				execute(t, s, `raw1 "b"`)
				if got := out.text("stdout"); got != "a" {
					t.Fatalf("stdout %q", got)
				}
				return
			}
			if got := out.text("stdout"); got != tc.stdout {
				t.Errorf("stdout %.200q, want %.200q", got, tc.stdout)
			}
			if got := out.text("stderr"); got != tc.stderr {
				t.Errorf("stderr %.200q, want %.200q", got, tc.stderr)
			}
		})
	}
}

func lines(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "line %d\n", i)
	}
	return b.String()
}

// Much output of a subprocess arrives whole, and before the cell ends.
func TestMuchOutput(t *testing.T) {
	s := start(t, Config{})
	got := execute(t, s, "sh seq 300000").text("stdout")
	if n := strings.Count(got, "\n"); n != 300000 || !strings.HasSuffix(got, "\n300000\n") {
		t.Errorf("%d lines arrived", n)
	}
}

// What a goroutine prints after its cell has ended goes to that cell; when
// nothing can print there any more, its sink is let go.
func TestLateOutput(t *testing.T) {
	s := start(t, Config{})
	first := execute(t, s, "late hello")
	second := execute(t, s, "print b")
	first.await(t, "stdout", "hello")
	if got := second.text("stdout"); got != "b\n" {
		t.Errorf("the second cell got %q", got)
	}
	count := func() int {
		p := s.current
		p.mu.Lock()
		defer p.mu.Unlock()
		return len(p.sinks)
	}
	for range 50 {
		execute(t, s, "collect")
		if count() <= 2 {
			return
		}
	}
	t.Errorf("%d sinks are kept", count())
}

func TestDisplay(t *testing.T) {
	s := start(t, Config{})
	out := execute(t, s, "display 100000")
	if len(out.events) != 1 {
		t.Fatalf("%d events", len(out.events))
	}
	e := out.events[0]
	if e.Kind != cell.Display || e.DisplayID != "d" {
		t.Errorf("event %s %s", e.Kind, e.DisplayID)
	}
	if png, _ := e.Bundle.Data["image/png"].(string); len(png) != 100000 {
		t.Errorf("image of %d", len(png))
	}
	raw, err := json.Marshal(e.Bundle)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`"big":4611686018427387905`, `"list":[0.5,2]`, `"metadata":{"image/png":{"width":480}}`, `"text/plain":"a figure"`} {
		if !bytes.Contains(raw, []byte(part)) {
			t.Errorf("no %s in the bundle", part)
		}
	}

	out = execute(t, s, "undisplayable")
	if got := out.text("stderr"); !strings.Contains(got, "encoding the application/json part of a display") {
		t.Errorf("stderr %q", got)
	}
}

func TestComm(t *testing.T) {
	s := start(t, Config{})
	out := newRecorder()
	m := cell.CommMessage{
		Kind: cell.CommMsg, ID: "c1", Data: map[string]any{"state": map[string]any{"value": "x"}},
		Buffers: [][]byte{{0, 1, 0xff}, {}, bytes.Repeat([]byte{7}, 100000)},
	}
	if err := s.Comm(t.Context(), m, out); err != nil {
		t.Fatal(err)
	}
	if len(out.events) != 1 || !reflect.DeepEqual(*out.events[0].Comm, m) {
		t.Errorf("echoed %+v", out.events)
	}
	ids, err := s.Comms(t.Context(), "jupyter.widget")
	if err != nil || ids["id"] != "jupyter.widget" {
		t.Errorf("comms %v, %v", ids, err)
	}
}

func TestInput(t *testing.T) {
	s := start(t, Config{})
	ask := func(code string, answer func(context.Context, string) (string, error)) (cell.Result, *recorder) {
		out := newRecorder()
		out.answer = answer
		return s.Execute(t.Context(), cell.Request{Code: code, AllowStdin: true}, out), out
	}
	r, out := ask("ask Name?", func(_ context.Context, prompt string) (string, error) { return prompt + " Ada", nil })
	if got := out.text("stdout"); r.Error != nil || got != "got Name? Ada" {
		t.Errorf("%v, %q", r.Error, got)
	}
	if r, _ = ask("ask Name?", nil); r.Error == nil || r.Error.Value != "nobody here" {
		t.Errorf("without anybody: %v", r.Error)
	}
	// The cell gives up; the question must end on this side, too.
	ended := make(chan struct{})
	_, out = ask("askbriefly x", func(ctx context.Context, _ string) (string, error) {
		<-ctx.Done()
		close(ended)
		return "", ctx.Err()
	})
	if got := out.text("stdout"); got != context.DeadlineExceeded.Error() {
		t.Errorf("stdout %q", got)
	}
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Error("the question goes on")
	}
}

// Questions end with the worker that asked.
func TestInputOfDeadWorker(t *testing.T) {
	s := start(t, Config{})
	asked, ended := make(chan struct{}), make(chan struct{})
	out := newRecorder()
	out.answer = func(ctx context.Context, _ string) (string, error) {
		close(asked)
		<-ctx.Done()
		close(ended)
		return "", ctx.Err()
	}
	go s.Execute(t.Context(), cell.Request{Code: "ask x"}, out)
	<-asked
	s.Restart(t.Context())
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Error("the question goes on")
	}
}

func TestSmallCalls(t *testing.T) {
	s := start(t, Config{})
	ctx := t.Context()
	c, err := s.Complete(ctx, "Print", 5)
	want := cell.Completion{End: 5, Matches: []cell.Match{{Text: "Print!", Kind: "function", Signature: "func()"}}}
	if err != nil || !reflect.DeepEqual(c, want) {
		t.Errorf("Complete: %+v, %v", c, err)
	}
	i, err := s.Inspect(ctx, "x", 0, 1)
	if err != nil || !i.Found || i.Bundle.Data["text/plain"] != "x1" {
		t.Errorf("Inspect: %+v, %v", i, err)
	}
	if k, err := s.IsComplete(ctx, "x"); err != nil || k.Status != "incomplete" || k.Indent != "\t" {
		t.Errorf("IsComplete: %+v, %v", k, err)
	}
	if _, err := s.IsComplete(ctx, ""); err == nil || err.Error() != "no code" {
		t.Errorf("an error came back as %v", err)
	}
	r := s.Execute(ctx, cell.Request{Code: "expressions", UserExpressions: map[string]string{"a": "1"}}, discard{})
	if r.Error != nil {
		t.Errorf("Execute: %v", r.Error)
	}
	perr, _ := fails(t, s, cell.ErrInternal, "ipanic")
	if perr.Value != "the interpreter panicked: a fault of the interpreter" {
		t.Errorf("a panic came back as %v", perr)
	}
}

// Completion and the like answer while a cell runs.
func TestCallsDuringCell(t *testing.T) {
	s := start(t, Config{})
	_, done := running(t, s, t.Context(), "wait")
	if _, err := s.Complete(t.Context(), "x", 1); err != nil {
		t.Error(err)
	}
	s.Interrupt(t.Context())
	result(t, done)
}
