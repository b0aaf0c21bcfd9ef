package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"divvy/install/pyenv"
)

// event is one line of testdata/suite.py, which runs a unittest module.
type event struct {
	Event   string // "start", "log", "end" of a test, or "done" for the module
	Test    string
	Outcome string // at "end": pass, fail or skip
	Text    string // at "log" and, for a failure, at "end"
	Tests   int    // at "done": how many ran
}

// runSuite runs a unittest module of testdata and reports each of its tests as
// a subtest. A module that runs no test, skips one or ends early is a failure.
func runSuite(t *testing.T, limit time.Duration, module string, env ...string) {
	t.Helper()
	python := pyenv.Need(t)
	k := installed(t)
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()

	cmd := python.Command(ctx, filepath.Join("testdata", "suite.py"), module)
	cmd.Env = append(append(cmd.Env, jupyterEnv(k)...), env...)
	cmd.WaitDelay = 5 * time.Second // for children that keep the pipes open
	endWithParent(cmd)
	log, err := os.Create(filepath.Join(work, module+".log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd.Stderr = log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	finished := report(t, bufio.NewScanner(out))
	err = cmd.Wait()
	if err != nil || !finished || t.Failed() {
		t.Errorf("testdata/%s.py: %v\n%s", module, err, tail(log.Name(), 8000))
	}
}

// report turns a module's events into subtests and tells whether it came to
// its end having run a test.
func report(t *testing.T, lines *bufio.Scanner) bool {
	t.Helper()
	lines.Buffer(nil, 16<<20)
	next := func() (e event, ok bool) {
		if !lines.Scan() {
			return e, false
		}
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatalf("read the suite's events: %v in %q", err, lines.Text())
		}
		return e, true
	}
	for {
		e, ok := next()
		switch {
		case !ok:
			return false
		case e.Event == "log":
			t.Log(e.Text)
		case e.Event == "done":
			return e.Tests > 0
		case e.Event == "start":
			t.Run(e.Test, func(t *testing.T) {
				for {
					e, ok := next()
					switch {
					case !ok:
						t.Fatal("the suite ended during this test")
					case e.Event == "log":
						t.Log(e.Text)
						continue
					case e.Outcome == "skip":
						t.Errorf("skipped, and nothing here may be: %s", e.Text)
					case e.Outcome != "pass":
						t.Error(e.Text)
					}
					return
				}
			})
		}
	}
}

// tail is the end of a log file.
func tail(path string, size int) string {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(raw[max(0, len(raw)-size):])
}
