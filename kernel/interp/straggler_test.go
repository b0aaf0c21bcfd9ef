package interp_test

import (
	"context"
	"testing"
	"time"

	"divvy/kernel/cell"
)

// TestStragglers: an interrupt ends the goroutines of the cell, too, those that
// compute and those that wait, and spares one of an earlier cell that waits.
func TestStragglers(t *testing.T) {
	for name, code := range map[string]string{
		"waited for": `for range 4 { w.Add(1); go func() { defer w.Done(); for { n.Add(1) } }() }; w.Wait()`,
		"nested":     `go func() { for range 4 { go func() { for { n.Add(1) } }() }; for { n.Add(1) } }(); for {}`,
		"sleeping":   `for range 4 { go func() { for { n.Add(1); time.Sleep(time.Millisecond) } }() }; select {}`,
		"locking":    `var m sync.Mutex; for range 4 { go func() { for { m.Lock(); n.Add(1); m.Unlock() } }() }; select {}`,
		"deferring":  `var m sync.Mutex; for range 4 { go func() { for { func() { m.Lock(); defer m.Unlock(); n.Add(1) }() } }() }; select {}`,
		"sorting":    `for range 4 { go func() { for { sort.Slice(make([]int, 100), func(i, j int) bool { n.Add(1); return i < j }) } }() }; select {}`,
		"panicking":  `for range 4 { go func() { for { func() { defer func() { recover() }(); n.Add(1); panic("x") }() } }() }; select {}`,
		"passing on": `for range 4 { go func() { c := make(chan int64); go func() { for { c <- 1 } }(); for { n.Add(<-c) } }() }; select {}`,
	} {
		t.Run(name, func(t *testing.T) {
			// One that is given no processor in time may stay, and one that is just not
			// waiting may end. That is rare, and eight in a row are no accident.
			for attempt := 1; ; attempt++ {
				s := session(t)
				must(t, s, `import ("sort"; "sync"; "sync/atomic"; "time")
var _ = sort.Ints
var n, kept atomic.Int64
var w sync.WaitGroup
var _ = time.Now
work := make(chan int64)
go func() { for x := range work { kept.Add(x) } }()
work <- 0; work <- 0`)
				time.Sleep(20 * time.Millisecond) // it waits
				c, done := &collector{}, make(chan cell.Result, 1)
				go func() {
					done <- s.Execute(context.Background(), cell.Request{Count: 2, Code: code + "\nfmt.Println()"}, c)
				}()
				time.Sleep(50 * time.Millisecond)
				s.Interrupt(context.Background())
				if r := <-done; r.Error == nil || r.Error.Name != cell.ErrInterrupt {
					t.Fatalf("ended with %v", r.Error)
				}
				before := must(t, s, "fmt.Println(n.Load())")
				time.Sleep(100 * time.Millisecond)
				after := must(t, s, "fmt.Println(n.Load())")
				spared := must(t, s, `select { case work <- 5: fmt.Print("spared"); case <-time.After(time.Second): fmt.Print("ended") }`)
				if before == after && spared == "spared" {
					return
				}
				t.Logf("attempt %d: the goroutines of the interrupted cell had counted to %s, and then to %s; that of another cell was %s", attempt, before, after, spared)
				if attempt == 8 {
					t.FailNow()
				}
			}
		})
	}
}
