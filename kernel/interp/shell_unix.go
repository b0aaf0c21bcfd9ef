//go:build unix

package interp

import (
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// runStreaming runs a command and writes what it puts out as it comes. It waits
// for the command alone, not for what the command started and left running, but
// loses nothing that was put out before the command ended, however busy the
// machine: that is why it does not leave the pipes to package exec, which waits
// for a time.
func runStreaming(cmd *exec.Cmd, stdout, stderr io.Writer) error {
	var pipes []*outPipe
	open := func(to io.Writer) (*os.File, error) {
		r, w, err := os.Pipe()
		if err != nil {
			return nil, err
		}
		pipes = append(pipes, &outPipe{r: r, w: w, to: to, done: make(chan struct{})})
		return w, nil
	}
	defer func() {
		for _, p := range pipes {
			p.r.Close()
			p.w.Close()
		}
	}()
	for _, to := range []struct {
		file *io.Writer
		w    io.Writer
	}{{&cmd.Stdout, stdout}, {&cmd.Stderr, stderr}} {
		w, err := open(to.w)
		if err != nil {
			return err
		}
		*to.file = w
	}
	cmd.Cancel = func() error { return endTree(cmd.Process.Pid) }
	if err := cmd.Start(); err != nil {
		return err
	}
	for _, p := range pipes {
		p.w.Close()
		go p.copy()
	}
	err := cmd.Wait()
	for _, p := range pipes {
		p.finish()
	}
	return err
}

// outPipe carries what a command puts out.
type outPipe struct {
	r, w *os.File
	to   io.Writer
	done chan struct{}
}

// copy ends with the last writer, or at the deadline that finish sets.
func (p *outPipe) copy() {
	defer close(p.done)
	_, _ = io.Copy(p.to, p.r) // a cell whose output cannot be written has ended
}

// finish takes what is in the pipe and waits for no more.
func (p *outPipe) finish() {
	if p.r.SetReadDeadline(time.Now()) != nil {
		return
	}
	<-p.done
	raw, err := p.r.SyscallConn()
	if err != nil || p.r.SetReadDeadline(time.Time{}) != nil {
		return
	}
	buf := make([]byte, 64<<10)
	for n := 1; n > 0; {
		err := raw.Read(func(fd uintptr) bool {
			n, err = syscall.Read(int(fd), buf) // EAGAIN where the pipe is empty
			return true
		})
		if err != nil || n <= 0 {
			return
		}
		if _, err := p.to.Write(buf[:n]); err != nil {
			return
		}
	}
}
