package train

import (
	"fmt"
	"maps"
	"time"

	"divvy/gpu/train"
	"divvy/stdlib/display"
	"divvy/stdlib/figure"
)

// live shows a run while it goes on: a bar with the rate and the time left, and
// the curves of the loss and of the reward.
type live struct {
	o      Options
	steps  int
	bar    *display.Progress
	plot   *display.Handle
	drawn  time.Time
	loss   figure.Series
	reward figure.Series
}

// redraw is how often the curves are drawn anew.
const redraw = 3 * time.Second

func newLive(steps int, o Options) *live {
	return &live{o: o, steps: steps, loss: figure.Series{Name: "loss"}, reward: figure.Series{Name: "reward of the answers"}, drawn: time.Now()}
}

// begin says what is about to run and how much memory it takes.
func (l *live) begin(plan string, done int) {
	if l.o.Quiet {
		return
	}
	display.Show("Memory: " + plan)
	l.bar = display.Bar(int64(l.steps), "training")
	l.bar.Unit = "steps"
	l.bar.Set(int64(done))
	l.plot = display.NewHandle()
}

// step is told of every step.
func (l *live) step(s train.Step) {
	if l.o.Progress != nil {
		l.o.Progress(s.Step, s.Steps, s.Loss, s.TokensPerSecond())
	}
	l.loss.X, l.loss.Y = append(l.loss.X, float64(s.Step)), append(l.loss.Y, s.Loss)
	if s.HasMerit {
		l.reward.X, l.reward.Y = append(l.reward.X, float64(s.Step)), append(l.reward.Y, s.Merit)
	}
	if l.o.Quiet {
		return
	}
	l.bar.Set(int64(s.Step))
	if time.Since(l.drawn) > redraw {
		l.draw()
	}
}

// draw replaces the curves. Long runs are thinned, as a chart has fewer pixels.
func (l *live) draw() {
	const points = 500
	l.drawn = time.Now()
	thin := l.loss
	if every := len(thin.X)/points + 1; every > 1 {
		thin.X, thin.Y = nil, nil
		for i := 0; i < len(l.loss.X); i += every {
			thin.X, thin.Y = append(thin.X, l.loss.X[i]), append(thin.Y, l.loss.Y[i])
		}
	}
	series := []figure.Series{thin}
	if len(l.reward.X) > 0 {
		series = append(series, l.reward)
	}
	f := figure.Curves(series)
	f.XLabel = "step"
	last := len(l.loss.X) - 1
	l.plot.Update(curves{f, fmt.Sprintf("step %.0f of %d: loss %.4g", l.loss.X[last], l.steps, l.loss.Y[last])})
}

// curves is a figure that says more than its size where only text is shown.
type curves struct {
	*figure.Figure
	text string
}

func (c curves) String() string { return c.text }

// MIMEBundle is the figure's with another text.
func (c curves) MIMEBundle() map[string]any {
	b := maps.Clone(c.Figure.MIMEBundle())
	b[display.MIMEText] = c.text
	return b
}

// end leaves the last curves standing.
func (l *live) end() {
	if l.o.Quiet || l.bar == nil {
		return
	}
	l.bar.Done()
	if len(l.loss.X) > 1 {
		l.draw()
	}
}
