//go:build unix

package worker

import (
	"os/exec"
	"strings"
	"testing"

	"divvy/kernel/cell"
)

// other makes a command of a worker with a variable of its own.
func other(env string) func() (*exec.Cmd, error) {
	return func() (*exec.Cmd, error) {
		cmd, err := OwnCommand()
		if err == nil {
			cmd.Env = append(cmd.Environ(), env)
		}
		return cmd, err
	}
}

func TestReplace(t *testing.T) {
	s := start(t, Config{})
	execute(t, s, "set x=1")
	tests := []struct {
		name    string
		command func() (*exec.Cmd, error)
		want    string
	}{
		{"refuses", other("FAKE_REFUSES=no symbols today"), "no symbols today"},
		{"ends at once", func() (*exec.Cmd, error) { return exec.Command("false"), nil }, "exited with status 1"},
		{"is none", func() (*exec.Cmd, error) { return exec.Command("/nonexistent"), nil }, "no such file"},
	}
	for _, tc := range tests {
		if err := s.Replace(t.Context(), tc.command); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("a worker that %s: %v", tc.name, err)
		}
		execute(t, s, "get x") // all is as it was
	}
	if err := s.Replace(t.Context(), other("FAKE_OTHER=1")); err != nil {
		t.Fatal(err)
	}
	fails(t, s, cell.ErrCompile, "get x")
	// It is no accident, which users would be told of; and workers to come are
	// of the new kind.
	if out := execute(t, s, "set x=2"); out.text("stderr") != "" {
		t.Errorf("told: %q", out.text("stderr"))
	}
	if err := s.Replace(t.Context(), other("FAKE_REFUSES=again")); err == nil {
		t.Error("no error")
	}
	fails(t, s, cell.ErrWorkerDied, "exit 3")
	execute(t, s, "set x=3")
	s.Close()
	if err := s.Replace(t.Context(), OwnCommand); err == nil {
		t.Error("after Close: no error")
	}
}
