package interp_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"divvy/kernel/cell"
	"divvy/kernel/interp"
)

func session(t testing.TB) *interp.Session {
	t.Helper()
	s, err := interp.New(interp.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// must runs a cell that has to end well and returns what it wrote.
func must(t testing.TB, s *interp.Session, code string) string {
	t.Helper()
	c := &collector{}
	if r := s.Execute(context.Background(), cell.Request{Count: 1, Code: code}, c); r.Error != nil {
		t.Fatalf("cell %q: %v", code, r.Error.Traceback)
	}
	return c.stdout()
}

func TestInterrupt(t *testing.T) {
	setup := `
import ("sort"; "strings"; "sync"; "time")
x := 41
counter := func() func() int { n := 0; return func() int { n++; return n } }()
counter()
var mu sync.Mutex
var wg sync.WaitGroup
wg.Add(1)
ch := make(chan int)
ask := func() int { go func() { ch <- 7 }(); return <-ch }
func double(n int) int { return 2*n }`
	blocks := map[string]string{
		"empty loop": `for {}`,
		"loop":       `for i := 0; true; i++ { x := i; _ = x }`,
		"call loop": `spin := func(n int) int { for { n = double(n) } }
spin(1)`,
		"callback of sort":    `sort.Slice(make([]int, 1<<20), func(i, j int) bool { for {}; return false })`,
		"busy sort":           `sort.Slice(make([]int, 1<<18), func(i, j int) bool { for k := 0; k < 1000; k++ {}; return i < j })`,
		"callback of strings": `strings.Map(func(r rune) rune { for {} ; return r }, "abc")`,
		"sleep":               `time.Sleep(time.Hour)`,
		"receive":             `<-make(chan int)`,
		"send":                `make(chan int) <- 1`,
		"nil channel":         `var c chan int; <-c`,
		"select":              `select {}`,
		"select cases":        `select { case <-make(chan int): case make(chan int) <- 1: }`,
		"range channel":       `for range make(chan int) {}`,
		"mutex":               `var m sync.Mutex; m.Lock(); m.Lock()`,
		"embedded mutex":      `var e struct{ sync.RWMutex; n int }; e.Lock(); e.RLock()`,
		"wait group":          `wg.Wait()`,
		"context":             `<-ctx.Done(); for {}`,
		"goroutines":          `var w sync.WaitGroup; for range 4 { w.Add(1); go func() { defer w.Done(); for {} }() }; w.Wait()`,
		"recursion":           `var f func(int) int; f = func(n int) int { if n > 1000 { return 0 }; return f(n+1) + f(n+1) }; f(0)`,
		"deferred":            `func() { defer func() { for {} }() }()`,
		"recovering":          `for { func() { defer func() { recover() }(); panic(1) }() }`,
	}
	for name, code := range blocks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := session(t)
			must(t, s, setup)
			done := make(chan cell.Result, 1)
			c := &collector{}
			go func() {
				done <- s.Execute(context.Background(), cell.Request{Count: 2, Code: "fmt.Println()\n" + code}, c)
			}()
			for c.stdout() == "" {
				time.Sleep(time.Millisecond)
			}
			time.Sleep(20 * time.Millisecond)
			s.Interrupt(context.Background())
			select {
			case r := <-done:
				if r.Error == nil || r.Error.Name != cell.ErrInterrupt {
					t.Fatalf("ended with %v", r.Error)
				}
			case <-time.After(20 * time.Second):
				t.Fatal("the cell did not stop")
			}
			got := must(t, s, `fmt.Println(x, counter(), double(4), ask(), ctx.Err())
wg.Done(); wg.Wait()
go func() { ch <- 3 }()
select { case v := <-ch: fmt.Println(v) }`)
			if want := "41 2 8 7 <nil>\n3\n"; got != want {
				t.Errorf("after the interrupt: %q, want %q", got, want)
			}
		})
	}
}

// stops are cells that an interrupt has to end: those that the kernel promises to
// end within 100 ms.
var stops = []struct{ name, code string }{
	{"empty loop", `for {}`},
	{"loop", `for i := 0; true; i++ { x = 41; _ = i }`},
	{"sort.Slice", `sort.Slice(make([]int, 1<<20), func(i, j int) bool { for {}; return false })`},
	{"strings.Map", `strings.Map(func(r rune) rune { for { } ; return r }, "abc")`},
	{"sleep", `time.Sleep(time.Hour)`},
	{"channel", `<-make(chan int)`},
	{"mutex", `var m sync.Mutex; m.Lock(); m.Lock()`},
	{"wait group", `var w sync.WaitGroup; w.Add(1); w.Wait()`},
}

// latencies interrupts each of stops n times and returns how long the cells then
// took to end, by their names.
func latencies(tb testing.TB, s *interp.Session, n int) map[string][]time.Duration {
	took := map[string][]time.Duration{}
	for range n {
		for _, c := range stops {
			started, done := &collector{}, make(chan cell.Result, 1)
			go func() {
				done <- s.Execute(context.Background(), cell.Request{Count: 2, Code: "fmt.Println()\n" + c.code}, started)
			}()
			for started.stdout() == "" {
				time.Sleep(100 * time.Microsecond)
			}
			time.Sleep(time.Millisecond) // it is in the loop, or waits
			start := time.Now()
			s.Interrupt(context.Background())
			select {
			case r := <-done:
				took[c.name] = append(took[c.name], time.Since(start))
				if r.Error == nil || r.Error.Name != cell.ErrInterrupt {
					tb.Fatalf("%s ended with %v", c.name, r.Error)
				}
			case <-time.After(30 * time.Second):
				tb.Fatalf("%s did not stop", c.name)
			}
		}
	}
	return took
}

// percentile is the value below which p percent lie.
func percentile(ds []time.Duration, p int) time.Duration {
	slices.Sort(ds)
	return ds[min(len(ds)-1, len(ds)*p/100)]
}

const latencySetup = `
import ("sort"; "strings"; "sync"; "time")
x := 41
counter := func() func() int { n := 0; return func() int { n++; return n } }()`

// handOver is how long a compiled loop takes to see that it should end, and to
// tell: what an interrupt cannot beat on a machine that others use.
func handOver() time.Duration {
	var stop atomic.Bool
	started, done := make(chan bool), make(chan bool)
	go func() {
		started <- true
		for !stop.Load() {
		}
		done <- true
	}()
	<-started
	time.Sleep(time.Millisecond)
	start := time.Now()
	stop.Store(true)
	<-done
	return time.Since(start)
}

// TestInterruptLatency holds the kernel to 100 ms in 95 of 100 interrupts, to a
// median below that for each kind of cell, and to closures and variables that are
// as before after all of them. What the machine itself needs to hand over between
// goroutines is measured and allowed for; and a round may be slow when something
// else begins, three in a row may not.
func TestInterruptLatency(t *testing.T) {
	s := session(t)
	must(t, s, latencySetup)
	for round := 1; ; round++ {
		var all, control []time.Duration
		took := map[string][]time.Duration{}
		for range 10 {
			for name, ds := range latencies(t, s, 1) {
				took[name], all = append(took[name], ds...), append(all, ds...)
				control = append(control, handOver())
			}
		}
		if got, want := must(t, s, "fmt.Println(x, counter())"), fmt.Sprintf("41 %d\n", round); got != want {
			t.Fatalf("after the interrupts: %q, want %q", got, want)
		}
		limit := 100*time.Millisecond + 5*percentile(control, 95)
		slow := ""
		if p := percentile(all, 95); p > limit {
			slow = fmt.Sprintf("95 of 100 within %v", p)
		}
		for name, ds := range took {
			if p := percentile(ds, 50); p > limit {
				slow += fmt.Sprintf(", half of %s within %v", name, p)
			}
		}
		if slow == "" {
			t.Logf("half of the interrupts within %v, 95 of 100 within %v, limit %v", percentile(all, 50), percentile(all, 95), limit)
			return
		}
		if round == 3 {
			t.Fatalf("%s; want %v at most", slow, limit)
		}
	}
}

// BenchmarkInterrupt measures from the request to the end of the cell.
func BenchmarkInterrupt(b *testing.B) {
	s, err := interp.New(interp.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	if r := s.Execute(context.Background(), cell.Request{Code: latencySetup}, discard{}); r.Error != nil {
		b.Fatal(r.Error)
	}
	var all []time.Duration
	for _, ds := range latencies(b, s, b.N) {
		all = append(all, ds...)
	}
	b.ReportMetric(float64(percentile(all, 50).Microseconds()), "us-p50")
	b.ReportMetric(float64(percentile(all, 95).Microseconds()), "us-p95")
	b.ReportMetric(float64(percentile(all, 100).Microseconds()), "us-worst")
}
