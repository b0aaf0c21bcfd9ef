package worker

import (
	"io"
	"os"
)

// inlet reads one of the pipes that come from a worker. An anonymous pipe of
// Windows can only be read by waiting for it, so each has its goroutine, and the
// order between the pipes is that of the goroutines.
type inlet struct {
	file   *os.File
	take   func([]byte) error
	large  func() []byte
	filled func(n int) error
}

func newInlet(f *os.File, take func([]byte) error) (*inlet, error) {
	return &inlet{file: f, take: take}, nil
}

// run reads until the pipe ends or is closed, or until take fails.
func (i *inlet) run(p *process) error {
	buf := make([]byte, 64<<10)
	for {
		n, err := i.file.Read(buf)
		if n > 0 {
			p.order.Lock()
			failure := i.take(buf[:n])
			p.order.Unlock()
			if failure != nil {
				return failure
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// drain can do nothing here; what a cell's C code prints last may come after
// its end, still under the right cell.
func (i *inlet) drain() error { return nil }
