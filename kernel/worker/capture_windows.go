package worker

import "time"

// run reads until the descriptor ends.
func (c *capture) run() {
	buf := make([]byte, 64<<10)
	for {
		n, err := c.file.Read(buf)
		if n > 0 {
			c.mu.Lock()
			c.take(buf[:n])
			c.mu.Unlock()
		}
		if err != nil {
			return
		}
	}
}

// drain gives the reader a moment: an anonymous pipe of Windows cannot be read
// without blocking. Output of C code at the very end of a cell may then be
// shown just after its result, still under the right cell.
func (c *capture) drain() { time.Sleep(time.Millisecond) }
