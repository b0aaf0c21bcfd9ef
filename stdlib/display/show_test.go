package display

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// record is a Sink that remembers.
type record struct {
	sync.Mutex
	lines []string
	last  Bundle
}

func (r *record) Display(b Bundle, id string, update bool) {
	r.Lock()
	defer r.Unlock()
	r.last = b
	r.lines = append(r.lines, fmt.Sprintf("%s id=%t update=%t", b.Text(), id != "", update))
}

func (r *record) Clear(wait bool) {
	r.Lock()
	defer r.Unlock()
	r.lines = append(r.lines, fmt.Sprintf("clear wait=%t", wait))
}

// use makes a recording sink the current one for a test.
func use(t *testing.T) *record {
	r := &record{}
	before := SetSink(r)
	t.Cleanup(func() { SetSink(before) })
	return r
}

func TestShow(t *testing.T) {
	r := use(t)
	Show(1, "two")
	Clear(true)
	h := NewHandle()
	h.Update(3)
	h.Update(4)
	named := ShowID("mine", 5)
	named.Update(6)
	want := []string{
		"1 id=false update=false", "two id=false update=false", "clear wait=true",
		"3 id=true update=false", "4 id=true update=true",
		"5 id=true update=false", "6 id=true update=true",
	}
	if got := strings.Join(r.lines, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("got\n%s", got)
	}
	if h.ID() == NewHandle().ID() || named.ID() != "mine" {
		t.Errorf("ids %q %q", h.ID(), named.ID())
	}
}

func TestShowWithoutSink(t *testing.T) {
	before := SetSink(nil)
	defer SetSink(before)
	file, err := os.CreateTemp(t.TempDir(), "stdout")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	stdout := os.Stdout
	os.Stdout = file
	Show(HTML("<b>bold</b>"), 2)
	Clear(false)
	os.Stdout = stdout
	if got, _ := os.ReadFile(file.Name()); string(got) != "bold\n2\n" {
		t.Errorf("standard output has %q", got)
	}
}

// script is a bar that remembers its lines.
type script struct{ lines []string }

func (s *script) draw(st state)        { s.lines = append(s.lines, st.line()) }
func (s *script) every() time.Duration { return time.Second }

func TestProgress(t *testing.T) {
	clock := time.Unix(0, 0)
	out := &script{}
	p := &Progress{Unit: "prompts", now: func() time.Time { return clock }, dst: out}
	var r Reporter = p
	if got := p.String(); got != "nothing has begun" {
		t.Errorf("before the start: %q", got)
	}
	r.Start(2000, "counting")
	for range 10 {
		clock = clock.Add(500 * time.Millisecond)
		r.Add(100)
	}
	r.Add(1000)
	r.Done()
	r.Done() // once more does nothing
	want := []string{
		"counting   0% ░░░░░░░░░░░░░░░░░░░░░░░░ 0/2,000 prompts",
		"counting  10% ██░░░░░░░░░░░░░░░░░░░░░░ 200/2,000 prompts · 200/s · 9.0s left",
		"counting  20% ████░░░░░░░░░░░░░░░░░░░░ 400/2,000 prompts · 200/s · 8.0s left",
		"counting  30% ███████░░░░░░░░░░░░░░░░░ 600/2,000 prompts · 200/s · 7.0s left",
		"counting  40% █████████░░░░░░░░░░░░░░░ 800/2,000 prompts · 200/s · 6.0s left",
		"counting  50% ████████████░░░░░░░░░░░░ 1,000/2,000 prompts · 200/s · 5.0s left",
		"counting 100% ████████████████████████ 2,000/2,000 prompts · 400/s · 5.0s",
	}
	if got := strings.Join(out.lines, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}

	clock = clock.Add(time.Hour)
	if got := p.String(); got != want[len(want)-1] {
		t.Errorf("an hour after the end: %q", got)
	}

	out.lines = nil
	r.Start(0, "reading")
	clock = clock.Add(2 * time.Second)
	r.Add(1)
	r.Start(10, "next stage") // ends the one before
	if got := strings.Join(out.lines, "\n"); got != "reading 0 prompts\nreading 1 prompts · 2.0s each\nreading 1 prompts · 2.0s each · 2.0s\nnext stage   0% ░░░░░░░░░░░░░░░░░░░░░░░░ 0/10 prompts" {
		t.Errorf("unknown total: got\n%s", got)
	}
}

func TestProgressFunc(t *testing.T) {
	clock := time.Unix(0, 0)
	out := &script{}
	tell := (&Progress{now: func() time.Time { return clock }, dst: out}).Func("grams")
	for i := range int64(5) {
		clock = clock.Add(time.Second)
		tell(i, 4)
	}
	tell(4, 4)
	if n := len(out.lines); n != 6 || !strings.HasPrefix(out.lines[0], "grams   0%") || !strings.HasPrefix(out.lines[5], "grams 100%") {
		t.Errorf("%d lines: %q", n, out.lines)
	}
}

// A whole that is not known is one stage, which ends when it is.
func TestProgressFuncOfUnknownTotal(t *testing.T) {
	clock := time.Unix(0, 0)
	out := &script{}
	tell := (&Progress{now: func() time.Time { return clock }, dst: out}).Func("grams")
	for _, n := range []int64{5, 9} {
		clock = clock.Add(time.Second)
		tell(n, 0)
	}
	tell(9, 9)
	tell(9, 9)
	if n := len(out.lines); n != 3 || out.lines[0] != "grams 0" || !strings.HasPrefix(out.lines[1], "grams 9") || !strings.HasPrefix(out.lines[2], "grams 9") {
		t.Errorf("%d lines: %q", n, out.lines)
	}
}

// In a notebook a bar is one display, replaced seldom however often it is told.
func TestProgressInNotebook(t *testing.T) {
	r := use(t)
	p := Bar(1e6, "<b>hostile</b>")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 250000 {
				p.Add(1)
			}
		})
	}
	wg.Wait()
	p.Done()
	if n := len(r.lines); n < 2 || n > 200 {
		t.Errorf("%d displays for a million calls", n)
	}
	if !strings.HasSuffix(r.lines[0], "update=false") || !strings.HasSuffix(r.lines[len(r.lines)-1], "update=true") {
		t.Errorf("first and last: %q %q", r.lines[0], r.lines[len(r.lines)-1])
	}
	html := r.last.Data[MIMEHTML].(string)
	if strings.Contains(html, "<b>hostile") || !strings.Contains(html, "width:100.0%") || !strings.Contains(html, "1,000,000/1,000,000") {
		t.Errorf("last form: %s", html)
	}
}

func TestNumbers(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -1234567: "-1,234,567", -999: "-999"} {
		if got := thousands(n); got != want {
			t.Errorf("thousands(%d) = %s", n, got)
		}
	}
	for d, want := range map[time.Duration]string{
		400 * time.Millisecond: "0.4s", 42 * time.Second: "42s", 185 * time.Second: "3m05s", 130 * time.Minute: "2h10m",
	} {
		if got := duration(d); got != want {
			t.Errorf("duration(%v) = %s", d, got)
		}
	}
}

func BenchmarkProgressAdd(b *testing.B) {
	p := &Progress{dst: &script{}}
	p.Start(int64(b.N), "bench")
	for b.Loop() {
		p.Add(1)
	}
}
