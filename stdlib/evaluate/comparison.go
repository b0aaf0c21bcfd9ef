package evaluate

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html"
	"math"
	"os"
	"path/filepath"
	"sync"

	"divvy/arrowio"
	"divvy/stdlib/display"
)

// Verdict is what a judge says of two answers.
type Verdict string

// The verdicts; no verdict is "".
const (
	First  Verdict = "first"
	Second Verdict = "second"
	Tie    Verdict = "tie"
)

// Comparison is a judge's verdicts on pairs of answers.
type Comparison struct {
	// Straight are the verdicts with our answer first, Swapped those with it
	// second; First always means that ours is better.
	Straight, Swapped []Verdict
	Cost              float64 // by the Judge's prices
	Asked, Cached     int     // questions asked, and found in the cache

	mu                    sync.Mutex
	done                  int
	prompts, ours, theirs []string
}

func newComparison(prompts, ours, theirs []string) *Comparison {
	return &Comparison{Straight: make([]Verdict, len(prompts)), Swapped: make([]Verdict, len(prompts)), prompts: prompts, ours: ours, theirs: theirs}
}

// record notes a verdict and tells how many there are.
func (c *Comparison) record(a ask, v Verdict, tell func(done, total int64)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if a.swapped {
		c.Swapped[a.pair] = map[Verdict]Verdict{First: Second, Second: First, Tie: Tie}[v]
	} else {
		c.Straight[a.pair] = v
	}
	if c.done++; tell != nil {
		tell(int64(c.done), int64(2*len(c.prompts)))
	}
}

// Verdict is the outcome of a pair: that on which both orders agree, else Tie;
// "" while one is missing.
func (c *Comparison) Verdict(i int) Verdict {
	a, b := c.Straight[i], c.Swapped[i]
	switch {
	case a == "" || b == "":
		return ""
	case a == b:
		return a
	default:
		return Tie
	}
}

// Counts are the pairs won, tied and lost.
func (c *Comparison) Counts() (win, tie, lose int) {
	for i := range c.Straight {
		switch c.Verdict(i) {
		case First:
			win++
		case Second:
			lose++
		case Tie:
			tie++
		}
	}
	return win, tie, lose
}

// Summary is a row each for win, tie and lose: count, share, and the share's
// 95 % confidence interval (Wilson 1927).
func (c *Comparison) Summary() (*arrowio.Table, error) {
	type row struct {
		Outcome string  `arrow:"outcome"`
		Pairs   int64   `arrow:"pairs"`
		Share   float64 `arrow:"share"`
		Low     float64 `arrow:"low_95"`
		High    float64 `arrow:"high_95"`
	}
	win, tie, lose := c.Counts()
	n := win + tie + lose
	var rows []row
	for _, x := range []struct {
		name string
		k    int
	}{{"win", win}, {"tie", tie}, {"lose", lose}} {
		lo, hi := Wilson(x.k, n)
		rows = append(rows, row{x.name, int64(x.k), float64(x.k) / float64(max(1, n)), lo, hi})
	}
	return arrowio.FromStructs(rows)
}

// Table is a row for each pair.
func (c *Comparison) Table() (*arrowio.Table, error) {
	type row struct {
		Prompt   string `arrow:"prompt"`
		Ours     string `arrow:"ours"`
		Theirs   string `arrow:"theirs"`
		Straight string `arrow:"straight"`
		Swapped  string `arrow:"swapped"`
		Verdict  string `arrow:"verdict"`
	}
	rows := make([]row, len(c.prompts))
	for i := range rows {
		rows[i] = row{c.prompts[i], c.ours[i], c.theirs[i], string(c.Straight[i]), string(c.Swapped[i]), string(c.Verdict(i))}
	}
	return arrowio.FromStructs(rows)
}

// String is the outcome in a line.
func (c *Comparison) String() string {
	win, tie, lose := c.Counts()
	lo, hi := Wilson(win, win+tie+lose)
	return fmt.Sprintf("%d won, %d tied, %d lost; won %.1f %% (95 %% interval %.1f to %.1f); %d questions asked, %d cached, cost %.4g",
		win, tie, lose, 100*float64(win)/float64(max(1, win+tie+lose)), 100*lo, 100*hi, c.Asked, c.Cached, c.Cost)
}

// MIMEBundle shows the outcome in words and as a table; Table has each pair.
func (c *Comparison) MIMEBundle() map[string]any {
	b := shown(c.Summary()).MIMEBundle()
	if page, ok := b[display.MIMEHTML].(string); ok {
		b[display.MIMEHTML] = "<div>" + html.EscapeString(c.String()) + "</div>\n" + page
	}
	b[display.MIMEText] = c.String()
	return b
}

// Wilson is the 95 % score interval of a share of k in n.
func Wilson(k, n int) (low, high float64) {
	if n == 0 {
		return 0, 1
	}
	const z = 1.959963984540054
	p, m := float64(k)/float64(n), float64(n)
	middle := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return max(0, middle-half), min(1, middle+half)
}

// entry is a question's place in the cache.
type entry struct{ path string }

// entry names the file by all that decides the reply.
func (j Judge) entry(text string) entry {
	if j.CacheDir == "" {
		return entry{}
	}
	h := sha256.Sum256([]byte(j.Endpoint + "\x00" + j.Model + "\x00" + instructions + "\x00" + text))
	return entry{filepath.Join(j.CacheDir, hex.EncodeToString(h[:])+".txt")}
}

func (e entry) read() (string, bool) {
	if e.path == "" {
		return "", false
	}
	data, err := os.ReadFile(e.path)
	return string(data), err == nil
}

// write keeps a reply; the file appears whole or not at all.
func (e entry) write(reply string) error {
	if e.path == "" {
		return nil
	}
	dir := filepath.Dir(e.path)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("caching a reply: %w", err)
	}
	f, err := os.CreateTemp(dir, "reply")
	if err != nil {
		return fmt.Errorf("caching a reply: %w", err)
	}
	if _, err = f.WriteString(reply); err == nil {
		err = f.Close()
	}
	if err == nil {
		err = os.Rename(f.Name(), e.path)
	}
	if err != nil {
		os.Remove(f.Name())
		return fmt.Errorf("caching a reply: %w", err)
	}
	return nil
}
