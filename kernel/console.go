package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"golang.org/x/term"

	"divvy/kernel/cell"
)

// console answers the questions of cells from standard input: a person's
// terminal, or a file.
type console struct {
	once  sync.Once
	lines chan answer
}

type answer struct {
	line string
	err  error
}

func newConsole() *console { return &console{lines: make(chan answer)} }

// ask reads a line. A read cannot be taken back, so one goroutine reads; a line
// that came too late for its question answers the next.
func (c *console) ask(ctx context.Context, prompt string, password bool) (string, error) {
	fd := int(os.Stdin.Fd())
	if prompt != "" && term.IsTerminal(fd) {
		fmt.Fprint(os.Stderr, prompt)
	}
	if password && term.IsTerminal(fd) {
		b, err := term.ReadPassword(fd)
		fmt.Fprintln(os.Stderr)
		return string(b), err
	}
	c.once.Do(func() { go c.read() })
	select {
	case a := <-c.lines:
		return a.line, a.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (c *console) read() {
	r := bufio.NewReader(os.Stdin)
	for {
		line, err := r.ReadString('\n')
		if n := len(line); n > 0 && line[n-1] == '\n' {
			line = line[:n-1]
		}
		switch {
		case err == nil || line != "":
			c.lines <- answer{line: line}
		case errors.Is(err, io.EOF):
			c.lines <- answer{err: errors.New(cell.InputEnded)}
		default:
			c.lines <- answer{err: fmt.Errorf("reading standard input: %w", err)}
		}
	}
}
