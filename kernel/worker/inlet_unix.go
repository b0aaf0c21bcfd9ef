//go:build unix

package worker

import (
	"os"
	"syscall"
)

// inlet reads one of the pipes that come from a worker. All inlets of a process
// are read under one lock, and the frames that have come are always handled
// before a descriptor is read: one order of events, as one event loop would
// make it.
type inlet struct {
	raw  syscall.RawConn
	fd   int
	buf  []byte
	take func([]byte) error // handles what was read
	// large, when set, returns where to read to instead of buf, when that is
	// worth while; read then tells filled.
	large  func() []byte
	filled func(n int) error
}

func newInlet(f *os.File, take func([]byte) error) (*inlet, error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return nil, err
	}
	i := &inlet{raw: raw, buf: make([]byte, 64<<10), take: take}
	// Not f.Fd, which would make the pipe a blocking one.
	if err := raw.Control(func(fd uintptr) { i.fd = int(fd) }); err != nil {
		return nil, err
	}
	return i, nil
}

// run reads until the pipe ends or is closed, or until take fails.
func (i *inlet) run(p *process) error {
	var failure error
	for end := false; !end; {
		err := i.raw.Read(func(uintptr) (done bool) {
			p.order.Lock()
			defer p.order.Unlock()
			if p.closed {
				end = true
				return true
			}
			if i != p.frames {
				if failure = p.frames.drain(); failure != nil {
					end = true
					return true
				}
			}
			var n int
			if n, failure = i.readOnce(); n == 0 || failure != nil {
				end = true
			}
			return n >= 0
		})
		if err != nil { // closed
			return failure
		}
	}
	return failure
}

// maxDrain bounds a drain while something keeps writing. It is more than a pipe
// holds, so all that was written before the call is handled.
const maxDrain = 1 << 20

// drain handles all that has been written until now. The lock is held.
func (i *inlet) drain() error {
	for total := 0; total <= maxDrain; {
		n, err := i.readOnce()
		if n <= 0 || err != nil {
			return err
		}
		total += n
	}
	return nil
}

// readOnce reads and handles what is there: the number of bytes, 0 at the end
// of the pipe, -1 when nothing is there. The lock is held.
func (i *inlet) readOnce() (int, error) {
	for {
		buf, large := i.buf, false
		if i.large != nil {
			if b := i.large(); len(b) > len(buf) {
				buf, large = b, true
			}
		}
		n, err := syscall.Read(i.fd, buf)
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
			return -1, nil
		case err != nil:
			return 0, os.NewSyscallError("read", err)
		case n == 0:
			return 0, nil
		case large:
			return n, i.filled(n)
		}
		return n, i.take(buf[:n])
	}
}
