package arrowio

import (
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// A Reporter is told how far long work has come; display.Progress is one.
type Reporter interface {
	// Start begins a stage of total units, unknown when total <= 0.
	Start(total int64, what string)
	// Add says that n more units are done.
	Add(n int64)
	// Done ends the stage.
	Done()
}

// Within gives this table for work that ctx can end and that tells its progress:
//
//	t.Within(ctx).Sort("-reward")
//	t.Within(ctx, display.NewProgress()).WriteParquet("all.parquet")
//
// Every operation on it ends soon after ctx does, with ctx's error, and leaves
// nothing half made: no memory, and of a file what was there before. It is the
// same table: releasing either releases both. What its operations give is free
// of ctx. With a Reporter, run one operation at a time.
func (t *Table) Within(ctx context.Context, progress ...Reporter) *Table {
	in := *t
	in.work = newWork(ctx, progress...)
	return &in
}

// A work is an operation's context and whom it tells its progress. nil is work
// that nothing ends and nobody follows.
type work struct {
	ctx context.Context
	// Who is told of stages, and of steps in them; nil for nobody. They differ
	// inside an operation, so that those which it uses begin no stages.
	to, tell Reporter
}

func newWork(ctx context.Context, progress ...Reporter) *work {
	w := &work{ctx: ctx}
	if w.ctx == nil {
		w.ctx = context.Background()
	}
	if len(progress) > 0 {
		w.to, w.tell = progress[0], progress[0]
	}
	return w
}

// stopped is what a work whose context has ended panics with, from the depth of
// any loop up to the operation that began it.
type stopped struct{ err error }

// ended tells whether the work should stop.
func (w *work) ended() bool { return w != nil && w.ctx.Err() != nil }

// check stops the work if its context has ended.
func (w *work) check() {
	if w.ended() {
		panic(stopped{context.Cause(w.ctx)})
	}
}

// start begins a stage, and done ends it.
func (w *work) start(total int64, what string) {
	if w != nil && w.to != nil {
		w.to.Start(total, what)
	}
}

// add tells that n more units are done.
func (w *work) add(n int64) {
	if w != nil && w.tell != nil {
		w.tell.Add(n)
	}
}

func (w *work) done() {
	if w != nil && w.to != nil {
		w.to.Done()
	}
}

// begin starts an operation of so many steps. The operation goes on with the
// table that is returned, and defers end.
func (t *Table) begin(what string, steps int, err *error) (in *Table, end func()) {
	if t.work == nil {
		return t, func() {}
	}
	t.work.start(int64(steps), what)
	mem := &tracked{Allocator: t.mem, live: map[*byte][]byte{}}
	in = new(Table)
	*in = *t
	in.mem, in.work = mem, &work{ctx: t.work.ctx, tell: t.work.to}
	if t.mem == memory.DefaultAllocator {
		in.mem = t.mem // the garbage collector takes what nobody holds
	}
	return in, func() {
		r := recover()
		t.work.done()
		if s, ok := r.(stopped); ok {
			*err = fmt.Errorf("arrowio: %s: %w", what, s.err)
			mem.freeAll()
		} else if r != nil {
			panic(r)
		}
	}
}

// A tracked allocator knows what an operation has allocated and not freed. When
// the operation is stopped, nothing holds that any more, and it is given back.
type tracked struct {
	memory.Allocator
	mu   sync.Mutex
	live map[*byte][]byte
}

// untracked is the allocator that outlives the operation.
func untracked(mem memory.Allocator) memory.Allocator {
	for {
		t, ok := mem.(*tracked)
		if !ok {
			return mem
		}
		mem = t.Allocator
	}
}

func (t *tracked) note(b []byte) []byte {
	if cap(b) > 0 {
		t.mu.Lock()
		t.live[&b[:1][0]] = b
		t.mu.Unlock()
	}
	return b
}

func (t *tracked) forget(b []byte) {
	if cap(b) > 0 {
		t.mu.Lock()
		delete(t.live, &b[:1][0])
		t.mu.Unlock()
	}
}

// Allocate implements memory.Allocator.
func (t *tracked) Allocate(n int) []byte { return t.note(t.Allocator.Allocate(n)) }

// Reallocate implements memory.Allocator.
func (t *tracked) Reallocate(n int, b []byte) []byte {
	t.forget(b)
	return t.note(t.Allocator.Reallocate(n, b))
}

// Free implements memory.Allocator.
func (t *tracked) Free(b []byte) {
	t.forget(b)
	t.Allocator.Free(b)
}

// freeAllBut frees all but what a record, which may be nil, lies in.
func (t *tracked) freeAllBut(rec arrow.Record) {
	var spare func(d arrow.ArrayData)
	spare = func(d arrow.ArrayData) {
		for _, b := range d.Buffers() {
			for ; b != nil; b = b.Parent() {
				t.forget(b.Buf())
			}
		}
		for _, c := range d.Children() {
			spare(c)
		}
		if words, ok := d.Dictionary().(*array.Data); ok && words != nil {
			spare(words)
		}
	}
	if rec != nil {
		for _, c := range rec.Columns() {
			spare(c.Data())
		}
	}
	t.freeAll()
}

func (t *tracked) freeAll() {
	for _, b := range t.live {
		t.Allocator.Free(b)
	}
	clear(t.live)
}

// watchedWriter refuses to write once the work should stop.
type watchedWriter struct {
	io.Writer
	work *work
}

func (w watchedWriter) Write(p []byte) (int, error) {
	if w.work.ended() {
		return 0, context.Cause(w.work.ctx)
	}
	return w.Writer.Write(p)
}

// watchedReader ends once the work should stop, and tells the bytes read.
type watchedReader struct {
	io.Reader
	work *work
}

func (r watchedReader) Read(p []byte) (int, error) {
	if r.work.ended() {
		return 0, context.Cause(r.work.ctx)
	}
	n, err := r.Reader.Read(p)
	r.work.add(int64(n))
	return n, err
}
