package native

import (
	"io"
	"os"
	"sync"
	"syscall"
)

// outlet passes on what a process writes to a pipe. What it wrote before it
// answered is passed on before the answer is: drain takes what is there.
type outlet struct {
	f    *os.File
	raw  syscall.RawConn
	done chan struct{}

	mu   sync.Mutex
	to   io.Writer
	tail []byte // what came last
}

// tailSize is how much of the output is kept to tell how a process ended.
const tailSize = 8 << 10

func newOutlet(f *os.File) (*outlet, error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return nil, err
	}
	o := &outlet{f: f, raw: raw, done: make(chan struct{})}
	go o.run()
	return o, nil
}

// passTo says where the output of the next call goes.
func (o *outlet) passTo(w io.Writer) {
	o.mu.Lock()
	o.to = w
	o.mu.Unlock()
}

// run passes on what comes while nobody drains.
func (o *outlet) run() {
	defer close(o.done)
	for ended := false; !ended; {
		err := o.raw.Read(func(fd uintptr) bool {
			o.mu.Lock()
			defer o.mu.Unlock()
			some, end := o.take(fd)
			ended = end
			return some || end
		})
		if err != nil {
			return
		}
	}
}

// take reads what there is without waiting.
func (o *outlet) take(fd uintptr) (some, end bool) {
	var buf [8192]byte
	for {
		n, err := readNow(fd, buf[:])
		switch {
		case n > 0:
			some = true
			if o.to != nil {
				o.to.Write(buf[:n]) // a front end that is gone is no fault of the call
			}
			o.tail = append(o.tail, buf[:n]...)
			if len(o.tail) > 2*tailSize {
				o.tail = append([]byte(nil), o.tail[len(o.tail)-tailSize:]...)
			}
		case n == 0 && err == nil:
			return some, true
		case wouldBlock(err):
			return some, false
		default:
			return some, true
		}
	}
}

// drain passes on what was written so far.
func (o *outlet) drain() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.raw.Control(func(fd uintptr) { o.take(fd) }) // fails for a closed pipe, which has nothing more
}

func (o *outlet) last() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.tail)
}

// close passes on the rest after the process has ended.
func (o *outlet) close() {
	o.drain()
	o.f.Close()
	<-o.done
}
