package interp_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// All that a command puts out is shown, and what it leaves running is not waited
// for.
func TestShellOutput(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the commands are those of a Unix shell")
	}
	s := session(t)
	for i := range 40 {
		if got := must(t, s, "!seq 20000; echo end"); !strings.HasSuffix(got, "20000\nend\n") || strings.Count(got, "\n") != 20001 {
			t.Fatalf("run %d: %d bytes, ending %.20q", i, len(got), got[max(0, len(got)-20):])
		}
	}
	left := filepath.Join(t.TempDir(), "pid")
	t.Cleanup(func() { // it does not end with a session, but with its process, and this one has other tests
		var pid int
		if b, err := os.ReadFile(left); err != nil {
			t.Error(err)
		} else if _, err := fmt.Sscan(string(b), &pid); err != nil {
			t.Error(err)
		} else if p, err := os.FindProcess(pid); err == nil {
			p.Kill()
		}
	})
	begun := time.Now()
	if got := must(t, s, "!echo here; sleep 600 & echo $! > "+left+"; echo there"); got != "here\nthere\n" {
		t.Errorf("%q", got)
	}
	if d := time.Since(begun); d > time.Minute {
		t.Errorf("the cell waited %v for what the command left running", d)
	}
}
