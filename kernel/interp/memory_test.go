package interp_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"testing"

	"divvy/kernel/cell"
)

// TestMemory runs cells many times over and looks at what stays.
// It runs in a process of its own: beside the sessions of the other tests the
// collector would be busy with their memory.
func TestMemory(t *testing.T) {
	if os.Getenv("DIVVY_TEST_MEMORY") == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestMemory$", "-test.v")
		cmd.Env = append(os.Environ(), "DIVVY_TEST_MEMORY=1")
		out, err := cmd.CombinedOutput()
		t.Logf("%s", out)
		if err != nil {
			t.Error(err)
		}
		return
	}
	// All of the 10,000 cells are run in CI; a fifth of them tells as much.
	n, limit := 2_000, 10.0
	if os.Getenv("CI") == "true" {
		n, limit = 10_000, 50
	}
	t.Run("traced", memoryTraced)
	s := session(t)
	must(t, s, "func f(n int) int { return n }\nbig := make([]byte, 10<<20)")
	heap := func() float64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc) / (1 << 20)
	}
	for _, c := range []struct {
		name string
		code func(i int) string
		n    int
	}{
		{"value", func(int) string { return "1+1" }, n},
		{"same function", func(int) string { return "func f(n int) int { return n + 1 }" }, n},
		{"function", func(i int) string { return fmt.Sprintf("func f(n int) int { return n + %d }", i) }, n},
		{"slice", func(int) string { return "big = make([]byte, 10<<20)" }, n / 20},
		{"variable of another type", func(i int) string { return fmt.Sprintf("v := [%d]int{}", i%2+1) }, n / 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := heap()
			for i := range c.n {
				if r := s.Execute(context.Background(), cell.Request{Count: i, Code: c.code(i)}, discard{}); r.Error != nil {
					t.Fatal(r.Error)
				}
			}
			grown := heap() - before
			t.Logf("%d cells: %.1f MB, %.1f KB a cell", c.n, grown, 1024*grown/float64(c.n))
			if grown > limit {
				t.Errorf("%.1f MB stay, want %.0f at most", grown, limit)
			}
		})
	}
}

// memoryTraced runs cells with the debugger's hooks. What it keeps of recent
// cells has come to its bounds before it is looked at.
func memoryTraced(t *testing.T) {
	s := session(t)
	s.Trace()
	heap := func() float64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc) / (1 << 10)
	}
	const n = 400
	run := func() {
		for i := range n {
			must(t, s, fmt.Sprintf("x := %d\nfor i := range 3 { x += i; func() { x++ }() }", i))
		}
	}
	run()
	before := heap()
	run()
	if a := (heap() - before) / n; a > 15 {
		t.Errorf("%.1f KB of a traced cell stay", a)
	} else {
		t.Logf("%.1f KB of a traced cell stay", a)
	}
}

type discard struct{}

func (discard) Emit(cell.Event) {}
func (discard) Input(context.Context, string, bool) (string, error) {
	return "", context.Canceled
}
