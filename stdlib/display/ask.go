package display

import (
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// Asker is a Sink whose user can be asked for a line.
type Asker interface {
	// Ask shows a prompt and waits for a line; what is typed to a password is not
	// shown. It ends with an error when the work is interrupted.
	Ask(prompt string, password bool) (string, error)
}

// Input asks the user for a line: in a notebook by a field below the cell, else on
// the terminal. fmt.Scan and what reads os.Stdin ask as well, without a prompt.
func Input(prompt string) (string, error) { return ask(prompt, false) }

// Password asks for a line that is not shown while it is typed, and is kept
// nowhere: not in the notebook, and not in its history.
func Password(prompt string) (string, error) { return ask(prompt, true) }

func ask(prompt string, password bool) (string, error) {
	if a, ok := sink().(Asker); ok {
		return a.Ask(prompt, password)
	}
	fmt.Fprint(os.Stderr, prompt)
	if fd := int(os.Stdin.Fd()); password && term.IsTerminal(fd) {
		b, err := term.ReadPassword(fd)
		fmt.Fprintln(os.Stderr)
		return string(b), err
	}
	return readLine(os.Stdin)
}

// readLine reads a line and nothing beyond it, which others may want to read.
func readLine(r io.Reader) (string, error) {
	var line strings.Builder
	for b := make([]byte, 1); ; {
		n, err := r.Read(b)
		switch {
		case n > 0 && b[0] == '\n':
			return strings.TrimSuffix(line.String(), "\r"), nil
		case n > 0:
			line.WriteByte(b[0])
		case err == io.EOF && line.Len() > 0:
			return line.String(), nil
		case err != nil:
			return "", fmt.Errorf("reading a line: %w", err)
		}
	}
}
