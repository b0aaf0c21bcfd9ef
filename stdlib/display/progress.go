package display

import (
	"math"
	"strings"
	"sync"
	"time"
)

// Reporter is told how far long work has come. Progress is one; a nil Reporter
// in the options of a call means that nobody wants to know.
//
// Start may be called again after Done, for the next stage of the work. Add may
// be called from many goroutines.
type Reporter interface {
	// Start begins a stage of total units, unknown when total <= 0. what is a
	// few words for the reader: "tokenizing", "Jaccard index".
	Start(total int64, what string)
	// Add says that n more units are done.
	Add(n int64)
	// Done ends the stage.
	Done()
}

// Progress is a bar with the rate and the time left. In a notebook it is one
// display that is replaced as the work goes on, on a terminal one line, in a log
// a line now and then. The zero value is ready for use, as is
//
//	bar := display.NewProgress()
//	s, err := augment.Select(ctx, seeds, pool, augment.Options{Progress: bar})
//
// A Progress is safe for concurrent use and cheap to call: what it shows changes
// at most every Every.
type Progress struct {
	// Unit names what is counted, after the numbers: "prompts", "tokens".
	Unit string
	// Every is the shortest time between two changes of what is shown; zero means
	// 100 ms in a notebook or on a terminal and 10 s in a log.
	Every time.Duration
	// After is how long the work goes on before anything is shown: what is over
	// sooner needs no bar.
	After time.Duration

	mu      sync.Mutex
	out     bar
	what    string
	total   int64
	count   int64
	begin   time.Time
	ended   time.Time
	drawn   time.Time // when it was shown last
	drawnAt int64     // and the count then
	rate    float64   // units per second, smoothed over the last draws
	running bool
	shown   bool

	now func() time.Time // the clock; nil means time.Now
	dst bar              // where tests look; nil means what attached and the terminal say
}

// NewProgress gives a Progress that counts nothing yet.
func NewProgress() *Progress { return &Progress{} }

// The bars that calls show of themselves, when they are given no Progress and a
// notebook is there to see them.
const autoAfter = time.Second

// Auto is the bar of a call that was given none: one that appears once the call
// has taken a second, in units of unit. Where no notebook is attached it is nil.
func Auto(unit string) Reporter {
	if !attached() {
		return nil
	}
	return &Progress{Unit: unit, After: autoAfter}
}

// AutoFunc is Auto as a callback, see Func.
func AutoFunc(what, unit string) func(done, total int64) {
	if !attached() {
		return nil
	}
	return (&Progress{Unit: unit, After: autoAfter}).Func(what)
}

// Func gives the Progress as the callback that tells the work done so far and
// the whole of it, which ends the stage when they are equal; a whole of 0 or less is
// not known yet:
//
//	diversity.Options{Progress: display.NewProgress().Func("N-grams")}
func (p *Progress) Func(what string) func(done, total int64) {
	return func(done, total int64) {
		p.mu.Lock()
		running := p.running && p.what == what
		started := running && p.total == total
		p.mu.Unlock()
		over := total > 0 && done >= total
		switch {
		case over && !running:
			return // before there was anything to show
		case !over && !started:
			p.Start(total, what)
		}
		p.Set(done)
		if over {
			p.Done()
		}
	}
}

// Bar starts a Progress of total units (unknown when total <= 0).
func Bar(total int64, what string) *Progress {
	p := NewProgress()
	p.Start(total, what)
	return p
}

// Start begins a stage. A stage under way ends first.
func (p *Progress) Start(total int64, what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.finish()
	p.total, p.what, p.count, p.rate, p.drawnAt = total, what, 0, 0, 0
	p.begin, p.running = p.clock(), true
	p.drawn, p.shown = p.begin, false
	p.out = p.dst
	if p.out == nil {
		p.out = newBar()
	}
	if p.After <= 0 {
		p.draw(p.state(p.begin))
	}
}

// Add says that n more units are done.
func (p *Progress) Add(n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count += n
	p.step()
}

// Set says that n units are done in all.
func (p *Progress) Set(n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count = n
	p.step()
}

// Done ends the stage; what was shown last stays.
func (p *Progress) Done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.finish()
}

func (p *Progress) finish() {
	if !p.running {
		return
	}
	p.ended, p.running = p.clock(), false
	s := p.state(p.ended)
	s.done = true
	if p.shown {
		p.out.draw(s)
	}
}

func (p *Progress) draw(s state) {
	p.shown = true
	p.out.draw(s)
}

// step draws if it is time to.
func (p *Progress) step() {
	if !p.running {
		return
	}
	now := p.clock()
	every := p.Every
	if every == 0 {
		every = p.out.every()
	}
	dt := now.Sub(p.drawn)
	if dt < every || !p.shown && now.Sub(p.begin) < p.After {
		return
	}
	// The rate of late counts for more than that of the beginning: half of the
	// weight lies on the last ten seconds.
	rate := float64(p.count-p.drawnAt) / dt.Seconds()
	if p.rate == 0 {
		p.rate = rate
	} else {
		w := 1 - math.Exp2(-dt.Seconds()/10)
		p.rate += w * (rate - p.rate)
	}
	p.drawn, p.drawnAt = now, p.count
	p.draw(p.state(now))
}

func (p *Progress) clock() time.Time {
	if p.now != nil {
		return p.now()
	}
	return time.Now()
}

func (p *Progress) state(now time.Time) state {
	unit := p.Unit
	if unit != "" {
		unit = " " + unit
	}
	return state{what: clean(strings.ReplaceAll(p.what, "\n", " ")), unit: unit,
		count: p.count, total: p.total, spent: now.Sub(p.begin), rate: p.rate}
}

// String gives the line that a terminal would show.
func (p *Progress) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.running:
		return p.state(p.clock()).line()
	case p.begin.IsZero():
		return "nothing has begun"
	}
	s := p.state(p.ended)
	s.done = true
	return s.line()
}
