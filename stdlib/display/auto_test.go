package display

import (
	"testing"
	"time"
)

// drawn counts what a Progress shows.
type drawn struct{ states []state }

func (d *drawn) draw(s state)         { d.states = append(d.states, s) }
func (d *drawn) every() time.Duration { return 0 }

// A bar with After shows nothing of work that is over sooner, and all that is
// left of work that is not.
func TestBarThatWaits(t *testing.T) {
	now := time.Unix(0, 0)
	d := &drawn{}
	p := &Progress{After: time.Second, now: func() time.Time { return now }, dst: d}
	p.Start(10, "work")
	now = now.Add(900 * time.Millisecond)
	p.Add(5)
	p.Done()
	if len(d.states) != 0 {
		t.Errorf("work of 0.9 s showed %+v", d.states)
	}
	p.Start(10, "work")
	now = now.Add(900 * time.Millisecond)
	p.Add(5)
	now = now.Add(200 * time.Millisecond)
	p.Add(1)
	p.Done()
	if len(d.states) != 2 || d.states[0].count != 6 || !d.states[1].done {
		t.Errorf("work of 1.1 s showed %+v", d.states)
	}
}

func TestNoBarWithoutANotebook(t *testing.T) {
	if attached() {
		t.Fatal("a test is no notebook")
	}
	if Auto("prompts") != nil || AutoFunc("work", "prompts") != nil {
		t.Error("a bar without a notebook to see it")
	}
}
