package worker

import (
	"os"
	"regexp"
	"strings"
)

// death is how a worker ended.
type death struct {
	state   *os.ProcessState
	asked   string // why the supervisor ended it; empty when it did not
	report  string // the Go runtime's last words, if it had any
	tail    string // what was on stderr before
	oom     bool   // the out-of-memory killer struck while it ran
	failure error  // why it could not be talked to
	newborn bool   // it ended before it had an interpreter
}

// cause says in one sentence part, without a capital and a full stop, why the
// worker ended: "fatal error: concurrent map writes".
func (d *death) cause() string {
	if d.asked != "" {
		return d.asked
	}
	if s := summary(d.report); s != "" {
		return s
	}
	text := exitText(d.state)
	switch {
	case d.oom && strings.Contains(text, "SIGKILL"):
		return "out of memory: the operating system killed it (" + text + ")"
	case d.failure != nil:
		return d.failure.Error()
	case d.state.Exited() && d.state.ExitCode() >= 0:
		text += ", as os.Exit does"
	}
	if line := lastLine(d.tail); line != "" && d.state.ExitCode() != 0 {
		text += "; its last line on stderr was: " + line
	}
	return text
}

var (
	fatalLine = regexp.MustCompile(`(?m)^(?:fatal error: |SIG[A-Z]+: ).*$`)
	// signalLine follows a fatal error that a signal caused.
	signalLine = regexp.MustCompile(`(?m)^\[signal (SIG[A-Z]+)[^\]]*\]`)
	stackLimit = regexp.MustCompile(`goroutine stack exceeds (\d+)-byte limit`)
)

// maxSummary bounds what of a panic's message goes into the error's one line.
const maxSummary = 500

// summary shortens a report of the Go runtime to what helps.
func summary(report string) string {
	switch {
	case report == "":
		return ""
	case stackLimit.MatchString(report):
		return "fatal error: stack overflow, a recursion that does not end"
	case strings.HasPrefix(report, "panic: "):
		// The message may have several lines; the stack begins after a blank one.
		message, _, _ := strings.Cut(report, "\n\ngoroutine ")
		message, _, _ = strings.Cut(message, "\n[signal ")
		message = shorten(message)
		if sig := signalLine.FindStringSubmatch(report); sig != nil {
			message += " (" + sig[1] + ")"
		}
		return message
	}
	line := fatalLine.FindString(report)
	if line == "" {
		return shorten(firstLine(report))
	}
	if sig := signalLine.FindStringSubmatch(report); sig != nil {
		line += " (" + sig[1] + ")"
	}
	return shorten(line)
}

func shorten(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > maxSummary {
		s = strings.ToValidUTF8(s[:maxSummary], "") + "…"
	}
	return s
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

func lastLine(s string) string {
	s = strings.TrimRight(s, " \r\n")
	return shorten(s[strings.LastIndexByte(s, '\n')+1:])
}
