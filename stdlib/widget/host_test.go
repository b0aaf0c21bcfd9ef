package widget_test

import (
	"fmt"
	"sync"
	"testing"

	"divvy/stdlib/display"
	"divvy/stdlib/widget"
)

// fakeHost is a kernel whose cell the test is.
type fakeHost struct {
	mu   sync.Mutex
	sent []widget.Message
	wait []waiting
	cell string
	sink widget.Sink // of the Capture under way
}

type waiting struct {
	cell, key any
	call      func()
}

func newHost(t *testing.T) *fakeHost {
	t.Helper()
	h := &fakeHost{cell: "In[1]"}
	before := widget.SetHost(h)
	t.Cleanup(func() { widget.SetHost(before) })
	return h
}

func (h *fakeHost) Send(m widget.Message) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sent = append(h.sent, m)
}

func (h *fakeHost) Cell() any { return h.cell }

func (h *fakeHost) Later(cell, key any, f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, w := range h.wait {
		if key != nil && w.key == key {
			h.wait[i].call = f
			return
		}
	}
	h.wait = append(h.wait, waiting{cell, key, f})
}

func (h *fakeHost) Capture(out widget.Sink, f func()) (ok bool) {
	defer func() {
		if p := recover(); p != nil {
			out.Fail("Panic", fmt.Sprint(p), []string{fmt.Sprint("panic: ", p)})
		}
	}()
	h.sink = out
	defer func() { h.sink = nil }()
	f()
	return true
}

func (h *fakeHost) Bundle(v any) display.Bundle { return display.Of(v) }

// take gives the messages since the last time.
func (h *fakeHost) take() []widget.Message {
	h.mu.Lock()
	defer h.mu.Unlock()
	sent := h.sent
	h.sent = nil
	return sent
}

// idle runs what waits for the cell to end.
func (h *fakeHost) idle() (calls int) {
	for {
		h.mu.Lock()
		if len(h.wait) == 0 {
			h.mu.Unlock()
			return calls
		}
		w := h.wait[0]
		h.wait = h.wait[1:]
		h.mu.Unlock()
		w.call()
		calls++
	}
}

// fromFront delivers a message of a front end and gives the answers.
func fromFront(t *testing.T, m widget.Message) []widget.Message {
	t.Helper()
	var answers []widget.Message
	if err := widget.Deliver(m, func(a widget.Message) { answers = append(answers, a) }); err != nil {
		t.Fatalf("%v: %v", m, err)
	}
	return answers
}

// update is what a front end sends when a user has moved something.
func update(w widget.Widget, key string, v any) widget.Message {
	return widget.Message{Kind: widget.CommMsg, ID: w.ModelID(), Data: map[string]any{
		"method": "update", "state": map[string]any{key: v}, "buffer_paths": []any{},
	}}
}
