package interp_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"divvy/kernel/cell"
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

// An interrupt ends a command with what it has started, and what that has.
func TestShellInterrupted(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the commands are those of a Unix shell")
	}
	s := session(t)
	for name, code := range map[string]string{
		"a child":      "!sleep 600 & echo $! > FILE; echo begun; wait",
		"a grandchild": "%%bash\nbash -c 'sleep 600 & echo $! > FILE; echo begun; wait'; echo never",
	} {
		file := filepath.Join(t.TempDir(), "pid")
		out := &collector{}
		done := make(chan cell.Result)
		go func() {
			done <- s.Execute(context.Background(), cell.Request{Code: strings.ReplaceAll(code, "FILE", file)}, out)
		}()
		for deadline := time.Now().Add(time.Minute); out.stdout() != "begun\n" && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
		}
		s.Interrupt(context.Background())
		if r := <-done; r.Error == nil || r.Error.Name != cell.ErrInterrupt || out.stdout() != "begun\n" {
			t.Errorf("%s: %v, %q", name, r.Error, out.stdout())
		}
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var pid int
		if _, err := fmt.Sscan(string(b), &pid); err != nil {
			t.Fatal(err)
		}
		p, err := os.FindProcess(pid)
		if err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(time.Minute); p.Signal(syscall.Signal(0)) == nil; time.Sleep(time.Millisecond) {
			if state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil && strings.Contains(string(state), ") Z ") {
				break // dead, and whoever started it has to look
			}
			if time.Now().After(deadline) {
				t.Errorf("%s runs on", name)
				break
			}
		}
	}
}
