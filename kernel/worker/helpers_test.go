//go:build unix

package worker

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"divvy/kernel/cell"
)

// recorder is a sink that keeps what it is given.
type recorder struct {
	mu      sync.Mutex
	events  []cell.Event
	changed chan struct{} // capacity 1
	answer  func(ctx context.Context, prompt string) (string, error)
}

func newRecorder() *recorder { return &recorder{changed: make(chan struct{}, 1)} }

func (r *recorder) Emit(e cell.Event) {
	r.mu.Lock()
	r.events = append(r.events, e)
	r.mu.Unlock()
	select {
	case r.changed <- struct{}{}:
	default:
	}
}

func (r *recorder) Input(ctx context.Context, prompt string, _ bool) (string, error) {
	if r.answer == nil {
		return "", errors.New("nobody here")
	}
	return r.answer(ctx, prompt)
}

// text returns all text of a stream so far.
func (r *recorder) text(stream string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var b strings.Builder
	for _, e := range r.events {
		if e.Kind == cell.Stream && e.Stream == stream {
			b.WriteString(e.Text)
		}
	}
	return b.String()
}

// await waits until a stream contains want.
func (r *recorder) await(t *testing.T, stream, want string) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for !strings.Contains(r.text(stream), want) {
		select {
		case <-r.changed:
		case <-deadline:
			t.Fatalf("%s never contained %q; it is %q", stream, want, r.text(stream))
		}
	}
}

func start(t testing.TB, config Config) *Supervisor {
	t.Helper()
	s := New(config)
	t.Cleanup(func() { s.Close() })
	return s
}

// execute runs a cell that must end well, and returns what it showed.
func execute(t testing.TB, s *Supervisor, code string) *recorder {
	t.Helper()
	out := newRecorder()
	if r := s.Execute(context.Background(), cell.Request{Code: code}, out); r.Error != nil {
		t.Fatalf("cell %q: %v", code, r.Error)
	}
	return out
}

// fails runs a cell that must end with an error of the given kind.
func fails(t testing.TB, s *Supervisor, kind, code string) (*cell.Error, *recorder) {
	t.Helper()
	out := newRecorder()
	r := s.Execute(context.Background(), cell.Request{Code: code}, out)
	if r.Error == nil || r.Error.Name != kind {
		t.Fatalf("cell %q ended with %+v, want %s", code, r.Error, kind)
	}
	return r.Error, out
}
