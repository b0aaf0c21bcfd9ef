package worker

import (
	"strings"
	"sync"
	"testing"
	"time"
)

func TestSummary(t *testing.T) {
	tests := []struct{ name, report, want string }{
		{"none", "", ""},
		{"fatal", "fatal error: concurrent map read and map write\n\ngoroutine 7 [running]:\n", "fatal error: concurrent map read and map write"},
		{"overflow", "runtime: goroutine stack exceeds 268435456-byte limit\nruntime: sp=0x1\nfatal error: stack overflow\n", "fatal error: stack overflow, a recursion that does not end"},
		{"memory", "runtime: out of memory: cannot allocate 70368744177664-byte block (4194304 in use)\nfatal error: out of memory\n", "fatal error: out of memory"},
		{"all asleep", "fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1", "fatal error: all goroutines are asleep - deadlock!"},
		{"panic", "panic: boom\n\ngoroutine 34 [running]:\nmain.f()", "panic: boom"},
		{"panic again", "panic: one [recovered]\n\tpanic: two\n\ngoroutine 1 [running]:", "panic: one [recovered]\n\tpanic: two"},
		{"signal in Go", "panic: runtime error: invalid memory address or nil pointer dereference\n[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x1]\n\ngoroutine 1", "panic: runtime error: invalid memory address or nil pointer dereference (SIGSEGV)"},
		{"signal in C", "fatal error: unexpected signal during runtime execution\n[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x1]\n\nruntime stack:", "fatal error: unexpected signal during runtime execution (SIGSEGV)"},
		{"abort", "SIGABRT: abort\nPC=0x1 m=0 sigcode=18446744073709551610\n\ngoroutine 0", "SIGABRT: abort"},
		{"long", "panic: " + strings.Repeat("é", 1000) + "\n\ngoroutine 1", "panic: " + strings.Repeat("é", 246) + "…"},
	}
	for _, tc := range tests {
		if got := summary(tc.report); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}

// text runs pieces of descriptor 2 through a capture; what is held back at the
// end is returned as the report.
func text(pieces ...string) (shown, report string) {
	var b strings.Builder
	c := &capture{order: &sync.Mutex{}, watch: true, deliver: func(s string) { b.WriteString(s) }}
	for _, p := range pieces {
		c.take([]byte(p))
	}
	report, _ = c.lastWords()
	return b.String(), report
}

func TestCaptureHoldsReports(t *testing.T) {
	tests := []struct {
		name          string
		pieces        []string
		shown, report string
	}{
		{"text", []string{"hello\n"}, "hello\n", ""},
		{"report", []string{"fatal error: ", "x\n", "\n", "goroutine 1"}, "", "fatal error: x\n\ngoroutine 1"},
		{"after text", []string{"hello\npanic: ", "boom"}, "hello\n", "panic: boom"},
		{"in the middle of a line", []string{"do not panic: it is fine\n"}, "do not panic: it is fine\n", ""},
		{"after half a line", []string{"half ", "panic: boom"}, "half ", "panic: boom"},
		{"sequence cut in two", []string{"gr\xc3", "\xbcn"}, "grün", ""},
		{"half a sequence at the end", []string{"gr\xc3"}, "gr\xc3", ""},
		{"no UTF-8", []string{"\xff\xfe", "\x80\x80"}, "\xff\xfe\x80\x80", ""},
	}
	for _, tc := range tests {
		shown, report := text(tc.pieces...)
		if shown != tc.shown || report != tc.report {
			t.Errorf("%s: %q and %q, want %q and %q", tc.name, shown, report, tc.shown, tc.report)
		}
	}
	_, report := text("panic: x\n", strings.Repeat("x", 2*maxReport))
	if len(report) != maxReport {
		t.Errorf("a report of %d bytes is kept", len(report))
	}
}

// What is no report after all is shown a little later.
func TestCaptureGivesUp(t *testing.T) {
	shown := make(chan string, 1)
	c := &capture{order: &sync.Mutex{}, watch: true, deliver: func(s string) { shown <- s }}
	c.order.Lock()
	c.take([]byte("panic: it is only text\n"))
	c.order.Unlock()
	select {
	case s := <-shown:
		if s != "panic: it is only text\n" {
			t.Errorf("shown %q", s)
		}
	case <-time.After(10 * time.Second):
		t.Error("never shown")
	}
}

func TestCrashStart(t *testing.T) {
	for s, want := range map[string]int{
		"": -1, "x": -1, "\n": -1, "panic: ": 0, "a\npanic: b": 2, "a panic: b": -1, "\n\nSIGSEGV: x": 2, "SIGSEGV": -1,
	} {
		if got := crashStart([]byte(s)); got != want {
			t.Errorf("%q: %d, want %d", s, got, want)
		}
	}
}
