package interp

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"

	"divvy/kernel/cell"
)

// The cell that a goroutine belongs to is known by the profiler labels that
// its first goroutine was given: the runtime hands them on to every goroutine
// started from there, in interpreted and in compiled code alike.

//go:linkname getLabels runtime/pprof.runtime_getProfLabel
func getLabels() unsafe.Pointer

// run is one execution of a cell, as long as a goroutine of it lives.
type run struct {
	sink  cell.Sink
	name  string // "In[3]"
	stdin bool   // the front end can be asked for input
	ctx   context.Context
	stop  context.CancelCauseFunc

	labels unsafe.Pointer
	id     string // what they say
	trace  trace
	result func(vs []any)          // takes the values of the last expression
	failed func(line int, err any) // takes the error of the last call
	errors []setError

	session *Session // that runs it
	origin  *origin  // what the functions that it registers belong to; nil before the first
}

// cellLabel is the name of the label that tells runs apart.
const cellLabel = "cell"

// owners is the run of each set of labels. Labels belong to the process, and so
// does what looks runs up by them: the sink of package display, for one.
var owners struct {
	byLabels sync.Map // unsafe.Pointer -> *run
	latest   atomic.Pointer[run]
	n        atomic.Int64
}

// runs finds the run of the calling goroutine.
type runs struct {
	latest atomic.Pointer[run]
	recent []*run // kept in owners; guarded by the session, which enters one at a time
}

// keptRuns is how many runs stay known: a goroutine that outlives as many
// later cells writes to the latest one.
const keptRuns = 1000

// enter makes the calling goroutine, and those it starts, belong to r. The
// result undoes that.
func (rs *runs) enter(r *run) (leave func()) {
	id := strconv.FormatInt(owners.n.Add(1), 10)
	pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), pprof.Labels(cellLabel, id)))
	r.labels, r.id = getLabels(), id
	owners.byLabels.Store(r.labels, r)
	owners.latest.Store(r)
	rs.latest.Store(r)
	rs.recent = append(rs.recent, r)
	if len(rs.recent) > keptRuns {
		owners.byLabels.Delete(rs.recent[0].labels)
		rs.recent = rs.recent[1:]
	}
	return func() { pprof.SetGoroutineLabels(context.Background()) }
}

// current returns the run of the calling goroutine; one that no cell started,
// such as a timer's, belongs to the latest run.
func (rs *runs) current() *run {
	if r := owner(); r != nil {
		return r
	}
	return rs.latest.Load()
}

// forget drops what the session entered.
func (rs *runs) forget() {
	for _, r := range rs.recent {
		owners.byLabels.Delete(r.labels)
	}
	if l := rs.latest.Load(); l != nil {
		owners.latest.CompareAndSwap(l, nil)
	}
}

// owner is the run whose labels the calling goroutine has, or nil.
func owner() *run {
	if p := getLabels(); p != nil {
		if r, ok := owners.byLabels.Load(p); ok {
			return r.(*run)
		}
	}
	return nil
}

// interpreted is how many goroutines of a run are in interpreted code, as the
// profiler lists them: the runtime tells of labels in no other way.
func (r *run) interpreted() int {
	if r == nil {
		return 0
	}
	var b bytes.Buffer
	if pprof.Lookup("goroutine").WriteTo(&b, 1) != nil {
		return 0
	}
	label := fmt.Sprintf("# labels: {%q:%q}\n", cellLabel, r.id)
	n := 0
	for stack := range strings.SplitSeq(b.String(), "\n\n") {
		head, frames, ok := strings.Cut(stack, label)
		if ok && strings.Contains(frames, "yaegi/interp.runCfg+") {
			head = strings.TrimSuffix(head, "\n") // after the first's there is a line before
			alike, _, _ := strings.Cut(head[strings.LastIndexByte(head, '\n')+1:], " @")
			k, _ := strconv.Atoi(alike)
			n += k
		}
	}
	return n
}

// stream writes to the sink of the calling goroutine's cell.
type stream struct {
	runs *runs
	name string // cell.Stream's "stdout" or "stderr"
}

var _ io.Writer = stream{}

func (s stream) Write(p []byte) (int, error) {
	if r := s.runs.current(); r != nil && len(p) > 0 {
		r.sink.Emit(cell.Event{Kind: cell.Stream, Stream: s.name, Text: string(p)})
	}
	return len(p), nil
}

// WriteString implements io.StringWriter.
func (s stream) WriteString(text string) (int, error) { return s.Write([]byte(text)) }
