package interp_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"divvy/kernel/cell"
	"divvy/kernel/interp"
)

// program is a small notebook with the output it must give.
type program struct {
	Group, Name string
	Cells       []string
	Want        string
}

// shared returns a file of the folder of test material beside the module.
func shared(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(sharedPath(name))
	switch {
	case err == nil:
		return b
	case os.Getenv("CI") == "true":
		t.Fatalf("the test material is missing: %v", err)
	default:
		t.Skipf("no test material (../shared): %v", err)
	}
	return nil
}

func sharedPath(name string) string {
	dir := os.Getenv("DIVVY_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	return filepath.Join(dir, name)
}

// collector is a sink that keeps everything.
type collector struct {
	mu     sync.Mutex
	out    strings.Builder
	err    strings.Builder
	events []cell.Event
}

func (c *collector) Emit(e cell.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events = append(c.events, e)
	if e.Kind == cell.Stream && e.Stream == "stdout" {
		c.out.WriteString(e.Text)
	} else if e.Kind == cell.Stream {
		c.err.WriteString(e.Text)
	}
}

func (c *collector) Input(context.Context, string, bool) (string, error) { return "", os.ErrClosed }

func (c *collector) stdout() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.out.String()
}

func runProgram(t *testing.T, p program) (string, []*cell.Error) {
	t.Helper()
	return runProgramWith(t, p, func(*interp.Session) {})
}

// runProgramWith calls each before each cell.
func runProgramWith(t *testing.T, p program, each func(*interp.Session)) (string, []*cell.Error) {
	t.Helper()
	s, err := interp.New(interp.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var out strings.Builder
	var errs []*cell.Error
	c := &collector{}
	for i, code := range p.Cells {
		value, fail := strings.HasPrefix(code, "?"), strings.HasPrefix(code, "!")
		if value || fail {
			code = code[1:]
		}
		c.out.Reset()
		s.OnResult(func(vs []any) {
			if value {
				c.out.WriteString("=> " + strings.TrimSuffix(fmt.Sprintln(vs...), "\n") + "\n")
			}
		})
		each(s)
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		r := s.Execute(ctx, cell.Request{Count: i + 1, Code: code, Silent: !value}, c)
		cancel()
		out.WriteString(c.stdout())
		if r.Error != nil {
			errs = append(errs, r.Error)
			out.WriteString("ERR\n")
			if !fail {
				break
			}
		} else if fail {
			out.WriteString("NOERR\n")
		}
	}
	return out.String(), errs
}

// TestCells runs the public conformance programs.
func TestCells(t *testing.T) {
	var programs []program
	if err := json.Unmarshal(shared(t, "cells/cells.json"), &programs); err != nil {
		t.Fatal(err)
	}
	passed := 0
	for _, p := range programs {
		name := p.Group + "/" + p.Name
		t.Run(name, func(t *testing.T) {
			got, errs := runProgram(t, p)
			switch why := refused[name]; {
			case got == p.Want:
				passed++
			case why != "":
				t.Logf("known: %s (got %q)", why, got)
			default:
				t.Errorf("got %q\nwant %q\nerrors %v", got, p.Want, errs)
			}
		})
	}
	if share := float64(passed) / float64(len(programs)); share < 0.98 {
		t.Errorf("%d of %d programs pass, %.1f %%; want 98 %%", passed, len(programs), 100*share)
	}
	t.Logf("%d of %d programs pass", passed, len(programs))
}

// TestInit runs init functions as a package does: all of a cell, in order, after
// the variables at its head and before what follows.
func TestInit(t *testing.T) {
	for _, tt := range []struct {
		name, code, want string
	}{
		{"after variables", "func init() { xs[1] = n }\nvar xs = make([]int, 2)\nvar n = f()\nfunc f() int { return 4 }\nfmt.Println(xs)", "[0 4]\n"},
		{"several", "func init() { fmt.Println(1, x) }\nvar x = 7\nfunc init() { fmt.Println(2) }\nfmt.Println(3)", "1 7\n2\n3\n"},
		{"with main", "func init() { fmt.Println(x) }\nvar x = 7\nfunc main() { fmt.Println(\"main\") }", "7\nmain\n"},
		{"alone", "func init() { fmt.Println(1) }", "1\n"},
		{"before statements", "fmt.Println(2)\nvar y = 5\nfunc init() { fmt.Println(1) }", "1\n2\n"},
		{"blank variables", "var (\n_ = d\n_ = f(\"_\", c, b)\na = f(\"a\")\nb = f(\"b\")\nc = f(\"c\")\nd = f(\"d\")\n)\nfunc f(s string, _ ...int) int { fmt.Print(s); return 0 }\nfunc main() { fmt.Println() }", "abc_d\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, errs := runProgram(t, program{Cells: []string{tt.code}}); got != tt.want {
				t.Errorf("got %q, want %q, errors %v", got, tt.want, errs)
			}
		})
	}
}
