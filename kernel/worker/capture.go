package worker

import (
	"bytes"
	"regexp"
	"sync"
	"time"
	"unicode/utf8"
)

// Text that looks like the start of a crash report is held back, because the
// report of a process that is dying becomes part of the error instead of
// a screenful of stderr. How long depends on how sure it is: a process that has
// begun to print stacks may have millions of frames to count.
const (
	holdDoubtful = 300 * time.Millisecond
	holdCertain  = 10 * time.Second
)

// maxReport is how much of a crash report is kept. The beginning says what
// happened; the rest is a dump of every goroutine.
const maxReport = 64 << 10

// capture turns what arrives on descriptor 1 or 2 of a worker into text events.
type capture struct {
	watch   bool              // look for crash reports (descriptor 2)
	deliver func(text string) // shows text
	order   *sync.Mutex       // held while anything of a process is handled; guards what follows

	partial []byte // the beginning of a UTF-8 sequence, waiting for its rest
	tail    []byte // the last text delivered, for deaths without a report
	report  []byte // a crash report being held back
	release *time.Timer
}

// tailSize is how much of what was delivered is remembered.
const tailSize = 2 << 10

// take handles what was read.
func (c *capture) take(b []byte) error {
	if c.watch && (len(c.report) > 0 || crashStart(b) >= 0) {
		c.hold(b)
	} else {
		c.show(b)
	}
	return nil
}

// hold keeps a crash report back, for a while.
func (c *capture) hold(b []byte) {
	if len(c.report) == 0 {
		i := crashStart(b)
		c.show(b[:i])
		b = b[i:]
		c.release = time.AfterFunc(holdDoubtful, c.giveUp)
	}
	if room := maxReport - len(c.report); len(b) > room {
		b = b[:max(room, 0)]
	}
	c.report = append(c.report, b...)
	if certain.Match(c.report) {
		c.release.Reset(holdCertain)
	} else {
		c.release.Reset(holdDoubtful)
	}
}

// certain is in reports of the Go runtime, and hardly in anything else.
var certain = regexp.MustCompile(`(?m)^(?:fatal error: |runtime: goroutine stack exceeds |SIG[A-Z]+: |\[signal SIG|goroutine \d+ )`)

// giveUp shows what was held back: the process lives, so it was no crash.
func (c *capture) giveUp() {
	c.order.Lock()
	defer c.order.Unlock()
	report := c.report
	c.report = nil
	c.show(report)
}

// lastWords returns the crash report, or else the last text that was shown, and
// ends the capture.
func (c *capture) lastWords() (report, tail string) {
	if c.release != nil {
		c.release.Stop()
	}
	report, c.report = string(c.report), nil
	if len(c.partial) > 0 {
		c.deliver(string(c.partial))
		c.partial = nil
	}
	return report, string(c.tail)
}

// show delivers whole UTF-8 sequences and keeps the beginning of the next one.
// Bytes that are no UTF-8 at all are passed on as they are.
func (c *capture) show(b []byte) {
	if len(b) == 0 {
		return
	}
	if len(c.partial) > 0 {
		b = append(c.partial, b...)
		c.partial = nil
	}
	if n := cutRune(b); n > 0 {
		c.partial = bytes.Clone(b[len(b)-n:])
		b = b[:len(b)-n]
	}
	if len(b) == 0 {
		return
	}
	c.tail = append(c.tail, b[max(0, len(b)-tailSize):]...)
	if n := len(c.tail) - tailSize; n > 0 {
		c.tail = append(c.tail[:0], c.tail[n:]...)
	}
	c.deliver(string(b))
}

// cutRune returns how many bytes at the end of b begin a sequence that b does
// not finish.
func cutRune(b []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(b); n++ {
		if last := b[len(b)-n:]; utf8.RuneStart(last[0]) {
			if last[0] >= utf8.RuneSelf && !utf8.FullRune(last) {
				return n
			}
			return 0
		}
	}
	return 0
}

// crashMarks begin the reports of the Go runtime. It writes each with one call,
// so a mark is never split between two reads of a pipe that is kept empty.
var crashMarks = [][]byte{
	[]byte("fatal error: "),
	[]byte("panic: "),
	[]byte("runtime: goroutine stack exceeds "),
	[]byte("runtime: program exceeds "),
	[]byte("runtime: out of memory"),
	[]byte("unexpected fault address "),
	[]byte("SIGABRT: "), []byte("SIGBUS: "), []byte("SIGFPE: "), []byte("SIGILL: "),
	[]byte("SIGQUIT: "), []byte("SIGSEGV: "), []byte("SIGSYS: "), []byte("SIGTRAP: "),
}

// crashStart returns where a crash report begins in b, at its start or after a
// newline, or -1.
func crashStart(b []byte) int {
	for at := 0; ; {
		for _, mark := range crashMarks {
			if bytes.HasPrefix(b[at:], mark) {
				return at
			}
		}
		i := bytes.IndexByte(b[at:], '\n')
		if i < 0 {
			return -1
		}
		at += i + 1
	}
}
