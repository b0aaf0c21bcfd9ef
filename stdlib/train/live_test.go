package train

import (
	"context"
	"regexp"
	"strings"
	"sync"
	"testing"

	"divvy/stdlib/display"
)

// shown is a notebook's output: what each display shows last, in the order in
// which they appeared.
type shown struct {
	sync.Mutex
	order []string
	last  map[string]display.Bundle
}

func (s *shown) Display(b display.Bundle, id string, update bool) {
	s.Lock()
	defer s.Unlock()
	if _, ok := s.last[id]; !ok {
		s.order = append(s.order, id)
	}
	s.last[id] = b
}

func (s *shown) Clear(bool) {}

// TestLive: a run shows its memory plan, a bar with tokens a second, and the
// curves of the loss and of the reward as figures.
func TestLive(t *testing.T) {
	s := &shown{last: map[string]display.Bundle{}}
	before := display.SetSink(s)
	defer display.SetSink(before)
	ds := rows(t, 8)
	m := tiny(t, ds)
	judge, err := m.AsReward(2)
	if err != nil {
		t.Fatal(err)
	}
	o := quick
	o.Quiet, o.Dev, o.Judge, o.EvalEvery, o.MaxNew, o.Dir = false, ds.Prefix(2), judge, 5, 4, t.TempDir()
	if _, err := Fit(context.Background(), m, ds, o); err != nil {
		t.Fatal(err)
	}
	var texts []string
	figures := 0
	for _, id := range s.order {
		texts = append(texts, s.last[id].Text())
		if s.last[id].Data["image/png"] != nil {
			figures++
		}
	}
	all := strings.Join(texts, "\n")
	for _, want := range []string{
		`Memory: \d+ parameters .* weights .* moments .* activations = `,
		`training.* 12/12 steps · [1-9]\d* tokens/s · loss \d`,
		`step 12 of 12: loss \d`, `step 12 of 12: reward of the answers 0\.\d`,
	} {
		if !regexp.MustCompile(want).MatchString(all) {
			t.Errorf("nothing like %q is shown:\n%s", want, all)
		}
	}
	if figures != 2 {
		t.Errorf("%d figures, want 2", figures)
	}
	// A run that goes on counts what is left.
	s.order, s.last = nil, map[string]display.Bundle{}
	o.Steps = 15
	if _, err := Fit(context.Background(), m, ds, o); err != nil {
		t.Fatal(err)
	}
	all = ""
	for _, id := range s.order {
		all += s.last[id].Text() + "\n"
	}
	if !regexp.MustCompile(`resumed after step 12.* 3/3 steps`).MatchString(all) {
		t.Errorf("the resumed run shows\n%s", all)
	}
}
