package jupyter_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"divvy/kernel/jupyter"
	"divvy/kernel/jupyter/client"
	"divvy/kernel/jupyter/jupytertest"
)

// TestPrintsAreCoalesced: many prints become few messages, and nothing is lost.
func TestPrintsAreCoalesced(t *testing.T) {
	_, c := connect(t)
	for _, n := range []int{1, 1000, 20_000} {
		_, published := c.Execute(fmt.Sprintf("prints %d", n))
		var want strings.Builder
		for i := range n {
			want.WriteString("line " + strconv.Itoa(i) + " of the throughput test\n")
		}
		if got := jupytertest.Text(t, published, "stdout"); got != want.String() {
			t.Errorf("%d prints: %d bytes, not %d", n, len(got), want.Len())
		}
		if got := len(published) - 1; got > 2+n/500 {
			t.Errorf("%d prints became %d messages", n, got)
		}
	}
}

// TestFirstOutputDoesNotWait for more, nor for the cell's end.
func TestFirstOutputDoesNotWait(t *testing.T) {
	k, c := connect(t)
	id := c.Send(client.Shell, "execute_request", map[string]any{"code": "print first\nprint second\nforever"})
	var text string
	for text != "first\nsecond\n" { // the second after the time that text waits
		if m := c.Next(client.IOPub); m.Header.Type == "stream" {
			text += jupytertest.Field[string](t, m, "text")
		}
	}
	k.Interrupt()
	c.Reply(client.Shell, id)
}

// TestStreamsKeepTheirOrder, though each switch costs a message.
func TestStreamsKeepTheirOrder(t *testing.T) {
	_, c := connect(t)
	_, published := c.Execute("both 300")
	var want strings.Builder
	for i := range 300 {
		fmt.Fprintf(&want, "o %d\ne %d\n", i, i)
	}
	if got := jupytertest.Text(t, published, ""); got != want.String() {
		t.Error("the order is lost")
	}
}

// TestManySwitches: when the messages become too many the order is given up,
// and the text is not.
func TestManySwitches(t *testing.T) {
	_, c := connect(t)
	const n = 20_000
	_, published := c.Execute(fmt.Sprintf("both %d", n))
	if got := len(published); got > 3000 {
		t.Errorf("%d messages", got)
	}
	for stream, first := range map[string]string{"stdout": "o", "stderr": "e"} {
		var want strings.Builder
		for i := range n {
			fmt.Fprintln(&want, first, i)
		}
		if got := jupytertest.Text(t, published, stream); got != want.String() {
			t.Errorf("%s: %d bytes, not %d", stream, len(got), want.Len())
		}
	}
}

// TestRunawayLoop: a loop that never stops printing is bounded, says so, shows
// its end, and slows nobody.
func TestRunawayLoop(t *testing.T) {
	k := start(t, jupyter.Options{})
	c := jupytertest.Dial(t, k.Connection())
	id := c.Send(client.Shell, "execute_request", map[string]any{"code": "flood"})
	waitForCell(t, k, 1)
	begin := time.Now()
	for time.Since(begin) < 1500*time.Millisecond {
		asked := time.Now()
		c.Reply(client.Control, c.Send(client.Control, "kernel_info_request", map[string]any{}))
		if took := time.Since(asked); took > 2*time.Second {
			t.Errorf("control took %v", took)
		}
		time.Sleep(50 * time.Millisecond)
	}
	k.Interrupt()
	c.Reply(client.Shell, id)
	lasted := time.Since(begin).Seconds()
	bytes, messages, marks := 0, 0, 0
	last := ""
	for _, m := range c.Published(id) {
		if m.Header.Type == "stream" {
			messages++
			bytes += len(m.Content)
			last = jupytertest.Field[string](t, m, "text")
			if strings.Contains(last, "left out here") {
				marks++
			}
		}
	}
	if limit := 1_500_000 + int(lasted*450_000) + 400_000; bytes > limit {
		t.Errorf("%d bytes in %.1f s, more than %d", bytes, lasted, limit)
	}
	if marks == 0 {
		t.Error("nothing says that output was left out")
	}
	if !regexp.MustCompile(`^[^\n]*never ends \d+\n`).MatchString(last) || !strings.HasSuffix(last, "\n") {
		t.Errorf("the end is not shown: %.100q", last)
	}
	t.Logf("%d bytes in %d messages, %d marks", bytes, messages, marks)
	// The next cell starts afresh.
	if _, published := c.Execute("prints 1000"); strings.Count(jupytertest.Text(t, published, "stdout"), "\n") != 1000 {
		t.Error("the next cell's output suffers")
	}
}

// TestManyDisplays: updates of a display faster than anyone can look are
// thinned out; the last one is always shown.
func TestManyDisplays(t *testing.T) {
	_, c := connect(t)
	const n = 20_000
	_, published := c.Execute("named start\nupdates " + strconv.Itoa(n))
	if got := len(published); got > 3000 {
		t.Errorf("%d messages for %d updates", got, n)
	}
	last := published[len(published)-1]
	if got := jupytertest.Field[string](t, last, "data", "text/plain"); got != strconv.Itoa(n-1) {
		t.Errorf("the last update shows %s", got)
	}
	_, published = c.Execute("displays " + strconv.Itoa(n) + "\nresult 1")
	if got := len(published); got > 3000 {
		t.Errorf("%d messages for %d displays", got, n)
	}
	if last := published[len(published)-1]; last.Header.Type != "execute_result" {
		t.Errorf("the last message is %s", last.Header.Type)
	}
	if !strings.Contains(jupytertest.Text(t, published, "stderr"), "displays left out here") {
		t.Error("nothing says that displays were left out")
	}
}

// TestUnlimited output, for who asks for it.
func TestUnlimited(t *testing.T) {
	k := start(t, jupyter.Options{Output: jupyter.OutputLimit{Burst: -1, Total: -1, MessageBurst: -1}})
	c := jupytertest.Dial(t, k.Connection())
	const n = 200_000
	_, published := c.Execute(fmt.Sprintf("prints %d\ndisplays 5000", n))
	if got := strings.Count(jupytertest.Text(t, published, "stdout"), "\n"); got != n {
		t.Errorf("%d lines, not %d", got, n)
	}
	if got := strings.Count(kinds(published), "display_data"); got != 5000 {
		t.Errorf("%d displays, not 5000", got)
	}
}

// TestStalledFrontEnd stops reading: others are served meanwhile, and when it
// reads again it is told that it lost output, and has lost nothing else.
func TestStalledFrontEnd(t *testing.T) {
	k := start(t, jupyter.Options{MaxQueue: 1 << 20, Output: jupyter.OutputLimit{Burst: -1, Total: -1, MessageBurst: -1}})
	stalled := jupytertest.Dial(t, k.Connection())
	first := stalled.Send(client.Shell, "execute_request", map[string]any{"code": "set x"})
	stalled.Published(first)
	c := jupytertest.Dial(t, k.Connection())
	var last string
	for range 5 { // 70 MB in small messages
		last = c.Send(client.Shell, "execute_request", map[string]any{"code": "displays 20000"})
		c.Published(last)
	}
	idles, lost := 0, false
	for idles < 5 {
		switch m := stalled.Next(client.IOPub); {
		case m.Header.Type == "stream" && strings.Contains(jupytertest.Field[string](t, m, "text"), "did not read them in time"):
			lost = true
		case m.Header.Type == "status" && jupytertest.Field[string](t, m, "execution_state") == "idle":
			idles++
		}
	}
	if !lost { // nothing expendable came after it: the next output tells
		id := c.Send(client.Shell, "execute_request", map[string]any{"code": "print a"})
		lost = strings.Contains(jupytertest.Text(t, stalled.Published(id), "stderr"), "did not read them in time")
	}
	if !lost {
		t.Error("the front end is not told of its loss")
	}
}
