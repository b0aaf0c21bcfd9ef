package debug

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Tracer follows the goroutines of a program. Enter, At and Leave are called by
// the program, everything else by the Adapter.
type Tracer struct {
	// Goroutine identifies the calling goroutine.
	goroutine func() int64
	// done gives a channel that is closed when what the calling goroutine runs
	// is to end: a held goroutine must not wait longer.
	done func() <-chan struct{}

	threads sync.Map    // goroutine -> *thread
	look    atomic.Bool // threads must look at what follows before they go on
	quiet   sync.Map    // goroutine -> true: what it calls is not traced

	mu        sync.Mutex // guards what follows
	lastID    int
	program   Program
	events    func(event)
	pausing   bool
	held      *hold // nil while the program runs
	lastFrame int
	panics    bool // stop at panics
	points    map[string][]*breakpoint
	sources   map[string]string
	funcs     map[string][]*Func // by path
}

// NewTracer makes a Tracer of a program whose goroutines are told apart by
// goroutine; done gives what ends the wait of the calling goroutine.
func NewTracer(goroutine func() int64, done func() <-chan struct{}) *Tracer {
	return &Tracer{goroutine: goroutine, done: done, lastID: mainThread,
		points: map[string][]*breakpoint{}, sources: map[string]string{}, funcs: map[string][]*Func{}}
}

// mainThread is the thread that runs a cell.
const mainThread = 1

// hold is a stop of the program.
type hold struct {
	thread *thread
	why    event
	over   chan struct{} // closed when the program goes on
	frames map[int]*Frame
}

// event is what a front end is told of a thread.
type event struct {
	kind   string // "stopped" or "continued"
	thread int
	reason string // of a stop: breakpoint, step, pause or exception
	text   string
	hits   []int  // the breakpoints' numbers
	output string // of a log point, instead of all else
}

// The kinds of steps.
type stepKind int

const (
	noStep stepKind = iota
	stepOver
	stepIn
	stepOut
)

// thread is a goroutine.
type thread struct {
	id   int
	name string

	// Used by the goroutine, and by others while it is held.
	frames []*Frame // outermost first
	left   *Frame   // the frame that was left last, when nothing else has happened since
	told   bool     // the panic under way has been shown
	parked bool

	// A step under way, and where it began.
	step  stepKind
	depth int
	frame *Frame
	line  int
}

// AddFunc makes a function known before it is called, with the breakpoints
// that have been set in its cell.
func (t *Tracer) AddFunc(f *Func) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f.path = PathOf(f.Code)
	t.sources[f.path] = f.Code
	t.funcs[f.path] = append(t.funcs[f.path], f)
	t.arm(f)
}

// Forget drops functions that are not called again.
func (t *Tracer) Forget(drop func(*Func) bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for path, fs := range t.funcs {
		kept := fs[:0]
		for _, f := range fs {
			if !drop(f) {
				kept = append(kept, f)
			}
		}
		clear(fs[len(kept):])
		if t.funcs[path] = kept; len(kept) == 0 {
			delete(t.funcs, path)
		}
	}
}

// Enter begins a frame of the calling goroutine. It is nil where the call is
// part of an evaluation for a front end.
func (t *Tracer) Enter(f *Func) *Frame {
	g := t.goroutine()
	if _, ok := t.quiet.Load(g); ok {
		return nil
	}
	var th *thread
	if v, ok := t.threads.Load(g); ok {
		th = v.(*thread)
	} else {
		th = t.newThread(f)
		t.threads.Store(g, th)
	}
	th.left, th.told = nil, false
	fr := &Frame{Func: f, thread: th, depth: len(th.frames), vars: make([]any, len(f.Vars))}
	th.frames = append(th.frames, fr)
	return fr
}

func (t *Tracer) newThread(f *Func) *thread {
	if f.Cell {
		return &thread{id: mainThread, name: f.Name}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lastID++
	return &thread{id: t.lastID, name: fmt.Sprintf("goroutine %d: %s", t.lastID-mainThread, f.Name)}
}

// Leave ends a frame.
func (t *Tracer) Leave(fr *Frame) {
	if fr == nil {
		return
	}
	th := fr.thread
	if fr.depth >= len(th.frames) || th.frames[fr.depth] != fr {
		return // a frame below it has left before it
	}
	th.frames, th.left = th.frames[:fr.depth], fr
	if fr.depth == 0 {
		t.threads.Delete(t.goroutine())
	}
}

// At says that a frame has come to a statement, and brings pointers to the
// variables that Site.Vars names. It returns when the frame may go on.
func (t *Tracer) At(fr *Frame, site int, vars ...any) {
	if fr == nil {
		return
	}
	s := fr.Func.Sites[site]
	fr.site = s
	for i, v := range s.Vars {
		if i < len(vars) {
			fr.vars[v] = vars[i]
		}
	}
	th := fr.thread
	th.left, th.told = nil, false
	if point := s.stop.Load(); point != nil || th.step != noStep || t.look.Load() {
		t.consider(fr, s, point)
	}
}

// consider stops a frame where there is a reason to.
func (t *Tracer) consider(fr *Frame, s *Site, point *breakpoint) {
	th := fr.thread
	why := event{kind: "stopped", thread: th.id}
	switch {
	case point != nil && t.hit(fr, point):
		why.reason, why.hits = "breakpoint", []int{point.id}
	case th.arrived(fr, s):
		why.reason = "step"
	}
	t.hold(th, why)
}

// arrived reports whether a step ends at a site.
func (th *thread) arrived(fr *Frame, s *Site) bool {
	moved := fr != th.frame || s.Line != th.line
	switch th.step {
	case stepIn:
		return moved
	case stepOver:
		return moved && fr.depth <= th.depth
	case stepOut:
		return fr.depth < th.depth
	}
	return false
}

// hold keeps the calling goroutine where it is: while the program is held, and
// when it has a reason itself.
func (t *Tracer) hold(th *thread, why event) {
	for {
		t.mu.Lock()
		if why.reason == "" && t.pausing && t.held == nil {
			why.reason = "pause"
		}
		h := t.held
		switch {
		case t.program == nil || h == nil && why.reason == "":
			t.mu.Unlock()
			return
		case h != nil: // another thread has stopped: wait, then see
			th.parked = true
		default:
			h = &hold{thread: th, why: why, over: make(chan struct{}), frames: map[int]*Frame{}}
			t.held, t.pausing = h, false
			t.look.Store(true)
			th.parked = true
			th.step, th.frame = noStep, nil
			tell := t.events
			t.mu.Unlock()
			t.settle()
			tell(why)
			t.mu.Lock()
			why.reason = ""
		}
		t.mu.Unlock()
		select {
		case <-h.over:
		case <-t.done():
			t.mu.Lock()
			th.parked = false
			mine := h.thread == th
			t.mu.Unlock()
			if mine {
				t.resume(noStep, th.id)
			}
			return
		}
		t.mu.Lock()
		th.parked = false
		t.mu.Unlock()
		if why.reason == "" && !t.look.Load() {
			return
		}
	}
}

// settle gives the other threads a moment to come to a statement. Those that
// wait for something do not, and change nothing meanwhile.
func (t *Tracer) settle() {
	for range settleTries {
		running := false
		t.mu.Lock()
		t.threads.Range(func(_, v any) bool {
			running = running || !v.(*thread).parked
			return !running
		})
		t.mu.Unlock()
		if !running {
			return
		}
		time.Sleep(settleTime / settleTries)
	}
}

const (
	settleTime  = 5 * time.Millisecond
	settleTries = 20
)

// resume lets the program go on, with a step of one thread if that is held.
// It reports whether the program was held.
func (t *Tracer) resume(step stepKind, id int) bool {
	t.mu.Lock()
	h := t.held
	if h == nil {
		t.mu.Unlock()
		return false
	}
	if step != noStep {
		th := t.parked(id)
		if th == nil {
			th = h.thread
		}
		if n := len(th.frames); n > 0 {
			top := th.frames[n-1]
			th.step, th.depth, th.frame, th.line = step, top.depth, top, 0
			if top.site != nil {
				th.line = top.site.Line
			}
		}
	}
	t.held = nil
	t.look.Store(t.pausing)
	tell := t.events
	t.mu.Unlock()
	tell(event{kind: "continued", thread: h.thread.id})
	close(h.over)
	return true
}

// pause stops the thread that comes to a statement next.
func (t *Tracer) pause() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.held == nil {
		t.pausing = true
		t.look.Store(true)
	}
}

// parked is a held thread by its number, or nil. t.mu is held.
func (t *Tracer) parked(id int) *thread {
	var found *thread
	t.threads.Range(func(_, v any) bool {
		if th := v.(*thread); th.id == id && th.parked {
			found = th
		}
		return found == nil
	})
	return found
}

// Panicking says that the calling goroutine has begun to panic. Text says with
// what, where that is known.
func (t *Tracer) Panicking(text string) {
	t.mu.Lock()
	on := t.panics && t.program != nil
	t.mu.Unlock()
	if !on {
		return
	}
	g := t.goroutine()
	v, ok := t.threads.Load(g)
	if _, quiet := t.quiet.Load(g); quiet || !ok {
		return
	}
	th := v.(*thread)
	if th.told {
		return
	}
	th.told = true
	frames := th.frames
	if fr := th.left; fr != nil && fr.depth == len(frames) { // it is being unwound already
		th.frames = append(frames, fr)
	}
	t.hold(th, event{kind: "stopped", thread: th.id, reason: "exception", text: text})
	th.frames = frames
	th.step = noStep // the frames are going away
}

// Quietly calls f without tracing what it calls.
func (t *Tracer) Quietly(f func()) {
	g := t.goroutine()
	if _, nested := t.quiet.LoadOrStore(g, true); !nested {
		defer t.quiet.Delete(g)
	}
	f()
}

// attach begins to watch the program for an adapter; detach ends that and lets
// the program go on.
func (t *Tracer) attach(p Program, events func(event)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.program, t.events = p, events
}

func (t *Tracer) detach() {
	t.mu.Lock()
	t.pausing, t.panics = false, false
	t.mu.Unlock()
	t.resume(noStep, 0)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.program = nil
	t.points = map[string][]*breakpoint{}
	for _, fs := range t.funcs {
		for _, f := range fs {
			t.arm(f)
		}
	}
}
