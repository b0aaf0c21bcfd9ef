//go:build unix

package worker

import "syscall"

// run reads until the descriptor ends. The lock is held from each read until
// its text is delivered, so that drain can tell "nothing there" from "read, but
// not yet delivered".
func (c *capture) run() {
	raw, err := c.file.SyscallConn()
	if err != nil {
		return
	}
	for end := false; !end; {
		err := raw.Read(func(fd uintptr) (done bool) {
			c.mu.Lock()
			defer c.mu.Unlock()
			n := c.readOnce(int(fd))
			end = n == 0
			return n >= 0
		})
		end = end || err != nil
	}
}

// maxDrain bounds a drain while something keeps writing. It is more than a pipe
// holds, so all that was written before the call is delivered.
const maxDrain = 1 << 20

// drain delivers all that has been written until now.
func (c *capture) drain() {
	raw, err := c.file.SyscallConn()
	if err != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	raw.Control(func(fd uintptr) {
		for total := 0; total <= maxDrain; {
			n := c.readOnce(int(fd))
			if n <= 0 {
				return
			}
			total += n
		}
	})
}

// readOnce reads what is there and takes it: the number of bytes, 0 at the end,
// -1 when nothing is there. c.mu is held.
func (c *capture) readOnce(fd int) int {
	for {
		n, err := syscall.Read(fd, c.buf)
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
			return -1
		case err != nil || n == 0:
			return 0
		}
		c.take(c.buf[:n])
		return n
	}
}
