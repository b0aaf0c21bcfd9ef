package jupyter

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"divvy/kernel/cell"
)

// drain takes all that may be sent.
func drain(p *pending, all bool) (texts []string) {
	for {
		it, ok := p.next(all)
		if !ok {
			return texts
		}
		text := string(it.text)
		if it.event != nil {
			text = it.event.Kind
		}
		texts = append(texts, it.stream+":"+text)
		p.sent(len(text), it.event == nil)
	}
}

func TestPartialRune(t *testing.T) {
	for s, want := range map[string]int{
		"": 0, "a": 0, "é": 0, "a\xc3": 1, "\xe2\x82": 2, "€": 0, "\xf0\x9f\x92": 3, "💥": 0,
		"\x80\x80\x80\x80": 0, "a\xff": 0, "\xc3a": 0,
	} {
		if got := partialRune([]byte(s)); got != want {
			t.Errorf("%q ends in %d bytes of a character, not %d", s, got, want)
		}
	}
}

func TestSplitCharacters(t *testing.T) {
	p := newPending(OutputLimit{})
	p.write("stdout", "a€"[:2])
	if got := strings.Join(drain(&p, false), "|"); got != "stdout:a" {
		t.Errorf("first %q", got)
	}
	p.write("stdout", "a€"[2:])
	if got := strings.Join(drain(&p, false), "|"); got != "stdout:€" {
		t.Errorf("then %q", got)
	}
	p.write("stdout", "€"[:1])
	if got := strings.Join(drain(&p, true), "|"); got != "stdout:\xe2" {
		t.Errorf("at the end %q", got)
	}
	if p.size != 0 || !p.empty() {
		t.Errorf("%d bytes are left", p.size)
	}
}

// TestMarks leaves out the oldest whole lines and says how much.
func TestMarks(t *testing.T) {
	p := newPending(OutputLimit{Burst: 10, Rate: 1})
	p.write("stdout", "0123456789\n")
	drain(&p, false)
	const lines = 20_000
	for range lines {
		p.write("stdout", "a line of 20 bytes.\n")
		if got := drain(&p, false); got != nil {
			t.Fatalf("%q is sent beyond the limit", got)
		}
		if p.size > 3*keptText {
			t.Fatalf("%d bytes are kept", p.size)
		}
	}
	kept := p.size
	got := drain(&p, true)
	if len(got) != 2 || !strings.Contains(got[0], "left out") || len(got[1]) != len("stdout:")+kept {
		t.Fatalf("%d messages, the first %q", len(got), got[0])
	}
	var lostLines, lostBytes int
	if _, err := scan(got[0], &lostLines, &lostBytes); err != nil {
		t.Fatal(err)
	}
	if lostBytes+kept != 20*lines || lostLines*20 != lostBytes || !strings.HasPrefix(got[1], "stdout:a line") {
		t.Errorf("%d lines, %d bytes lost, %d kept: %.40q", lostLines, lostBytes, kept, got[1])
	}
}

func TestAllowance(t *testing.T) {
	a := allowance{burst: 100, rate: 10, left: 100}
	now := time.Unix(1, 0)
	a.refill(now)
	a.take(150)
	if !a.spent() {
		t.Error("overdrawn and not spent")
	}
	a.refill(now.Add(4 * time.Second))
	if !a.spent() {
		t.Error("ten short, and not spent")
	}
	a.refill(now.Add(6 * time.Second))
	if a.spent() {
		t.Error("refilled, and spent")
	}
	a.refill(now.Add(time.Hour))
	if a.left != 100 {
		t.Errorf("%v after a pause, more than the burst", a.left)
	}
	unlimited := allowance{burst: -1}
	unlimited.take(1 << 30)
	if unlimited.refill(now); unlimited.spent() {
		t.Error("an unlimited allowance is spent")
	}
}

// TestTotal shows samples only of a cell that has printed more than a notebook
// should hold.
func TestTotal(t *testing.T) {
	p := newPending(OutputLimit{Total: 1000})
	p.write("stdout", strings.Repeat("x", 2000))
	drain(&p, false)
	if p.bytes.rate != sampleRate || p.bytes.burst != sampleRate {
		t.Errorf("rate %d, burst %d", p.bytes.rate, p.bytes.burst)
	}
}

// TestThrottledEvents keeps what a user would see in the end.
func TestThrottledEvents(t *testing.T) {
	p := newPending(OutputLimit{MessageBurst: 1, MessageRate: 1})
	event := func(kind, id string) cell.Event { return cell.Event{Kind: kind, DisplayID: id} }
	p.show(event(cell.Display, "a"))
	drain(&p, false)
	for range 10 {
		p.show(event(cell.UpdateDisplay, "a"))
		p.show(event(cell.UpdateDisplay, "b"))
	}
	if p.events != 2 {
		t.Errorf("%d updates of two displays wait", p.events)
	}
	p.write("stdout", "text")
	p.show(event(cell.ExecuteResult, ""))
	p.show(event(cell.ClearOutput, ""))
	p.write("stdout", "more")
	if got := strings.Join(drain(&p, true), "|"); got != ":execute_result|:clear_output|stdout:more" {
		t.Errorf("sent %q", got)
	}
}

func scan(mark string, lines, bytes *int) (int, error) {
	mark = mark[strings.IndexByte(mark, '[')+len("[… "):]
	return fmt.Sscanf(mark, "%d lines, %d bytes", lines, bytes)
}

// TestOneHugeText is cut into messages, between characters, and bounded.
func TestOneHugeText(t *testing.T) {
	p := newPending(OutputLimit{Burst: 2 * messageText})
	p.write("stdout", "x"+strings.Repeat("€", 10*messageText))
	got := drain(&p, false)
	if len(got) != 3 {
		t.Fatalf("%d messages", len(got))
	}
	for _, text := range got {
		if !utf8.ValidString(text) || len(text) > messageText+len("stdout:") {
			t.Errorf("a message of %d bytes: %q…%q", len(text), text[:20], text[len(text)-20:])
		}
	}
	if got := drain(&p, true); len(got) != 2 || !strings.Contains(got[0], "left out") || !utf8.ValidString(got[1]) {
		t.Errorf("at the end: %d messages, %.100q", len(got), got)
	}
}
