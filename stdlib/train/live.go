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
	o          Options
	steps      int
	done       int     // before this call
	speed      float64 // tokens/s, smoothed
	bar        *display.Progress
	plot       *display.Handle
	rewardPlot *display.Handle
	drawn      time.Time
	loss       figure.Series
	reward     figure.Series
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
	what := "training"
	if done > 0 { // counted from there on, so that the rate and the time left are right
		what = fmt.Sprintf("training, resumed after step %d", done)
	}
	l.done = done
	l.bar = display.Bar(int64(l.steps-done), what)
	l.bar.Unit = "steps"
	l.plot, l.rewardPlot = display.NewHandle(), display.NewHandle()
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
	if l.speed == 0 {
		l.speed = s.TokensPerSecond()
	}
	l.speed += (s.TokensPerSecond() - l.speed) / 8
	l.bar.Unit = fmt.Sprintf("steps · %.0f tokens/s · loss %.4g", l.speed, s.Loss)
	l.bar.Set(int64(s.Step - l.done))
	if time.Since(l.drawn) > redraw {
		l.draw()
	}
}

// draw replaces the curves: loss and reward in a figure each, as their scales
// have nothing in common.
func (l *live) draw() {
	l.drawn = time.Now()
	l.show(l.plot, l.loss, "loss")
	if len(l.reward.X) > 0 {
		l.show(l.rewardPlot, l.reward, "reward of the answers")
	}
}

// show draws one curve. Long runs are thinned, as a chart has fewer pixels.
func (l *live) show(h *display.Handle, s figure.Series, label string) {
	const points = 500
	last := len(s.X) - 1
	text := fmt.Sprintf("step %.0f of %d: %s %.4g", s.X[last], l.steps, label, s.Y[last])
	if every := len(s.X)/points + 1; every > 1 {
		thin := figure.Series{Name: s.Name}
		for i := last % every; i <= last; i += every { // the last is always among them
			thin.X, thin.Y = append(thin.X, s.X[i]), append(thin.Y, s.Y[i])
		}
		s = thin
	}
	f := figure.Curves([]figure.Series{s})
	f.XLabel, f.YLabel = "step", label
	h.Update(curves{f, text})
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
