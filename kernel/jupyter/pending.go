package jupyter

import (
	"bytes"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"divvy/kernel/cell"
)

// OutputLimit bounds what one cell may send to front ends. The defaults keep
// within what Jupyter servers let through (3 MB of text and 3000 messages in 3
// seconds, counted from the last idle; above that they drop everything), and
// keep a notebook small enough to be opened again. Zero means the default; a
// negative number means no bound.
type OutputLimit struct {
	Burst int // bytes of text that a cell may print at once (1,500,000)
	Rate  int // bytes of text a second from then on (450,000)
	Total int // bytes of text after which only samples are shown (10,000,000)

	MessageBurst int // messages at once (1500)
	MessageRate  int // messages a second from then on (450)
}

func (l OutputLimit) withDefaults() OutputLimit {
	set := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	set(&l.Burst, 1_500_000)
	set(&l.Rate, 450_000)
	set(&l.Total, 10_000_000)
	set(&l.MessageBurst, 1500)
	set(&l.MessageRate, 450)
	return l
}

const (
	messageText = 256 << 10   // bytes of text in one message, at most
	sampleRate  = 8 << 10     // bytes a second of a cell that is beyond its total
	keptText    = 32 << 10    // of the newest text, while it cannot be sent
	keptDisplay = 100         // of the newest events, likewise
	markEvery   = time.Second // marks of what was left out
)

// item is something that waits to be sent: text, an event, or a mark that
// stands for what was left out.
type item struct {
	stream string
	text   []byte
	event  *cell.Event
}

func (i item) kind() string {
	if i.event != nil {
		return i.event.Kind
	}
	return cell.Stream
}

// pending is what a cell has shown and what is not sent yet, in order. While
// the limits allow nothing to be sent, only the newest of it is kept.
type pending struct {
	limit  OutputLimit
	items  []item
	size   int // bytes of text in items
	events int // events in items

	bytes, messages allowance
	total           int // bytes of text sent

	lostBytes, lostLines, lostEvents int
	lostStream                       string
	marked                           time.Time // when the last mark was sent
}

func newPending(l OutputLimit) pending {
	l = l.withDefaults()
	return pending{
		limit:    l,
		bytes:    allowance{burst: l.Burst, rate: l.Rate, left: float64(l.Burst)},
		messages: allowance{burst: l.MessageBurst, rate: l.MessageRate, left: float64(l.MessageBurst)},
	}
}

func (p *pending) empty() bool { return len(p.items) == 0 }

// blocked reports whether what comes first may not be sent yet. Text is bounded
// by its bytes alone: it makes few messages.
func (p *pending) blocked(now time.Time) bool {
	switch {
	case p.empty():
		return false
	case p.lost() && now.Sub(p.marked) < markEvery:
		return true
	case p.items[0].event != nil:
		return p.messages.spent()
	}
	return p.bytes.spent()
}

// crowded reports whether what waits makes more messages than may be sent.
func (p *pending) crowded() bool {
	return p.messages.burst >= 0 && p.messages.left <= float64(len(p.items))
}

func (p *pending) lost() bool { return p.lostBytes > 0 || p.lostEvents > 0 }

// write appends text.
func (p *pending) write(stream, text string) {
	p.size += len(text)
	at := len(p.items) - 1
	if p.crowded() && at > 0 && p.items[at].event == nil && p.items[at].stream != stream {
		at-- // too many messages: let the streams' order go, not the text
	}
	if at >= 0 && p.items[at].event == nil && p.items[at].stream == stream {
		p.items[at].text = append(p.items[at].text, text...)
	} else {
		p.items = append(p.items, item{stream: stream, text: []byte(text)})
	}
}

// trimText drops the oldest text down to what is kept.
func (p *pending) trimText() {
	for i := range p.items {
		it := &p.items[i]
		drop := min(p.size-keptText, len(it.text))
		if it.event != nil || drop <= 0 {
			continue
		}
		if nl := bytes.IndexByte(it.text[drop:], '\n'); nl >= 0 && nl < 4<<10 {
			drop += nl + 1 // whole lines, where lines are not too long
		}
		for drop < len(it.text) && !utf8.RuneStart(it.text[drop]) {
			drop++
		}
		p.lostBytes += drop
		p.lostLines += bytes.Count(it.text[:drop], []byte("\n"))
		p.lostStream = it.stream
		p.size -= drop
		it.text = append([]byte(nil), it.text[drop:]...)
	}
	p.compact()
}

// show appends an event. When they become too many, an update replaces an older
// one of the same display, and clearing the output forgets what it would clear.
func (p *pending) show(e cell.Event) {
	if p.crowded() {
		for i := range p.items {
			old := p.items[i].event
			switch {
			case e.Kind == cell.ClearOutput && (old == nil || old.Kind != cell.ExecuteResult):
				p.size -= len(p.items[i].text)
				p.items[i] = item{}
			case e.Kind == cell.UpdateDisplay && old != nil && old.Kind == cell.UpdateDisplay && old.DisplayID == e.DisplayID:
				p.items[i] = item{}
			}
		}
		p.compact()
	}
	p.items = append(p.items, item{event: &e})
	p.events++
	if p.events > keptDisplay { // they wait only while they may not be sent
		for i := range p.items {
			if old := p.items[i].event; old != nil && old.Kind != cell.ExecuteResult {
				p.items[i] = item{}
				p.lostEvents++
				p.lostStream = "stderr"
				break
			}
		}
		p.compact()
	}
}

// compact removes items that are empty and joins texts that then meet.
func (p *pending) compact() {
	kept := p.items[:0]
	p.events = 0
	for _, it := range p.items {
		if it.event == nil && len(it.text) == 0 {
			continue
		}
		if it.event != nil {
			p.events++
		} else if n := len(kept); n > 0 && kept[n-1].event == nil && kept[n-1].stream == it.stream {
			kept[n-1].text = append(kept[n-1].text, it.text...)
			continue
		}
		kept = append(kept, it)
	}
	clear(p.items[len(kept):])
	p.items = kept
}

// next takes the first item, if it may be sent, or if all are to be.
func (p *pending) next(all bool) (item, bool) {
	if p.empty() {
		return item{}, false
	}
	now := time.Now()
	p.bytes.refill(now)
	p.messages.refill(now)
	if !all && p.blocked(now) {
		if p.size > 2*keptText {
			p.trimText()
		}
		return item{}, false
	}
	if p.lost() {
		p.marked = now
		return item{stream: p.lostStream, text: []byte(p.mark())}, true
	}
	it := p.items[0]
	if n := len(it.text); it.event == nil {
		// Half a character waits for its other half.
		if part := partialRune(it.text); part > 0 && len(p.items) == 1 && !all {
			n -= part
		}
		if n > messageText {
			n = messageText - partialRune(it.text[:messageText])
		}
		if n == 0 {
			return item{}, false
		}
		rest := it.text[n:]
		it.text = it.text[:n:n]
		p.size -= n
		if len(rest) > 0 {
			p.items[0].text = rest
			return it, true
		}
	} else {
		p.events--
	}
	p.items[0] = item{}
	p.items = p.items[1:]
	if len(p.items) == 0 {
		p.items = nil
	}
	return it, true
}

// mark says what was left out since the last mark.
func (p *pending) mark() string {
	var what []string
	if p.lostBytes > 0 {
		what = append(what, fmt.Sprintf("%d lines, %d bytes of output", p.lostLines, p.lostBytes))
	}
	if p.lostEvents > 0 {
		what = append(what, fmt.Sprintf("%d displays", p.lostEvents))
	}
	p.lostBytes, p.lostLines, p.lostEvents = 0, 0, 0
	return "\n[… " + strings.Join(what, " and ") + " left out here: more than a notebook takes …]\n"
}

// sent charges a message to the allowances.
func (p *pending) sent(size int, text bool) {
	p.messages.take(1)
	if !text {
		return
	}
	p.bytes.take(size)
	p.total += size
	if p.limit.Total > 0 && p.total > p.limit.Total {
		p.bytes.rate = min(p.bytes.rate, sampleRate)
		p.bytes.burst = min(p.bytes.burst, sampleRate)
	}
}

// allowance is a token bucket. A negative burst never runs dry.
type allowance struct {
	burst, rate int
	left        float64
	at          time.Time
}

func (a *allowance) refill(now time.Time) {
	if !a.at.IsZero() {
		a.left += now.Sub(a.at).Seconds() * float64(a.rate)
	}
	a.left = min(a.left, float64(a.burst))
	a.at = now
}

func (a *allowance) take(n int) { a.left -= float64(n) }

func (a *allowance) spent() bool { return a.burst >= 0 && a.left <= 0 }
