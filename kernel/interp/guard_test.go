package interp_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"divvy/kernel/cell"
)

// TestGuardedCallbacks lets functions panic in goroutines that compiled code
// starts: the session says so and goes on.
func TestGuardedCallbacks(t *testing.T) {
	s := session(t)
	must(t, s, `import ("context"; "sync"; "time"); var wg sync.WaitGroup; var f func(); var _ = time.Now; var _ = context.Canceled`)
	for code, want := range map[string]string{
		`wg.Go(func() { panic("boom") }); wg.Wait()`:                 "panic: boom",
		`time.AfterFunc(time.Millisecond, func() { panic("late") })`: "panic: late",
		`done, cancel := context.WithCancel(context.Background())
context.AfterFunc(done, func() { var m map[string]int; m["a"] = 1 })
cancel()`: "panic: assignment to entry in nil map",
		`wg.Go(f); wg.Wait()`:                 "panic: runtime error: invalid memory address or nil pointer dereference",
		`var g func(); go g()`:                "panic: runtime error: invalid memory address or nil pointer dereference",
		`time.AfterFunc(time.Millisecond, f)`: "panic: runtime error: invalid memory address or nil pointer dereference",
	} {
		c := &collector{}
		if r := s.Execute(context.Background(), cell.Request{Count: 7, Code: code}, c); r.Error != nil {
			t.Errorf("%s: %v", code, r.Error)
		}
		said := func() string {
			c.mu.Lock()
			defer c.mu.Unlock()
			return c.err.String()
		}
		for deadline := time.Now().Add(20 * time.Second); !strings.Contains(said(), want) && time.Now().Before(deadline); {
			time.Sleep(5 * time.Millisecond)
		}
		if got := said(); !strings.Contains(got, want) || !strings.Contains(got, "In[7]:") {
			t.Errorf("%s wrote %q, want %q and the place", code, got, want)
		}
	}
}
