package interp_test

import (
	"context"
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

// BenchmarkInterrupt measures from the request to the end of the cell.
func BenchmarkInterrupt(b *testing.B) {
	s, err := interp.New(interp.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	var worst, sum time.Duration
	for range b.N {
		done := make(chan struct{})
		go func() {
			s.Execute(context.Background(), cell.Request{Count: 1, Code: "for {}"}, &collector{})
			close(done)
		}()
		time.Sleep(5 * time.Millisecond)
		start := time.Now()
		s.Interrupt(context.Background())
		<-done
		d := time.Since(start)
		sum, worst = sum+d, max(worst, d)
	}
	b.ReportMetric(float64(sum.Microseconds())/float64(b.N), "us/interrupt")
	b.ReportMetric(float64(worst.Microseconds()), "us/worst")
}
