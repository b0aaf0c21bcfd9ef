package train

import (
	"cmp"
	"context"
	"fmt"

	"divvy/gpu/batch"
	"divvy/gpu/model"
	"divvy/gpu/program"
)

// Scorer runs a model forward over ranked responses: log-probabilities of a
// language model, scores of a reward model.
type Scorer struct {
	dev   program.Device
	model model.Config
	c     Config
	state map[string]program.Buffer
	// Batch is the number of examples computed at once; 0 means 8.
	Batch int
	// RowTokens and RowMultiple are those of Config: devices that compile slowly want
	// few shapes.
	RowTokens, RowMultiple int
	// Progress is told how many examples are done. nil means nobody.
	Progress func(done, of int)
}

// NewScorer puts a model on a device.
func NewScorer(dev program.Device, m model.Config, w model.Weights) (*Scorer, error) {
	s := &Scorer{dev: dev, model: m, c: Config{}.withDefaults(), state: map[string]program.Buffer{}}
	params, err := model.Params(m, model.Options{})
	if err != nil {
		return nil, err
	}
	if err := w.Check(params); err != nil {
		return nil, fmt.Errorf("scoring: %w", err)
	}
	for _, p := range params {
		if s.state[p.Name], err = dev.Upload(w[p.Name].As(program.F32)); err != nil {
			return nil, fmt.Errorf("scoring: parameter %q: %w", p.Name, err)
		}
	}
	return s, nil
}

// LogProbs gives, for each response of each example, the sum and the mean of
// its tokens' log-probabilities.
func (s *Scorer) LogProbs(ctx context.Context, examples []batch.Example) (sums, means [][]float64, err error) {
	if s.model.Head != model.LanguageModel {
		return nil, nil, fmt.Errorf("scoring: a model with head %q has no log-probabilities", s.model.Head)
	}
	out, err := s.run(ctx, examples, "sum", "mean")
	if err != nil {
		return nil, nil, err
	}
	return out[0], out[1], nil
}

// Scores gives a reward model's raw score of each response of each example.
func (s *Scorer) Scores(ctx context.Context, examples []batch.Example) ([][]float64, error) {
	if s.model.Head != model.RewardModel {
		return nil, fmt.Errorf("scoring: a model with head %q has no scores", s.model.Head)
	}
	out, err := s.run(ctx, examples, "score")
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// run computes the named outputs, each by example and response.
func (s *Scorer) run(ctx context.Context, examples []batch.Example, names ...string) ([][][]float64, error) {
	size := s.Batch
	if size == 0 {
		size = 8
	}
	out := make([][][]float64, len(names))
	k := 1
	for _, e := range examples {
		k = max(k, len(e.Responses))
	}
	c := s.c
	c.RowTokens, c.RowMultiple = cmp.Or(s.RowTokens, c.RowTokens), cmp.Or(s.RowMultiple, c.RowMultiple)
	for lo := 0; lo < len(examples); lo += size {
		part := examples[lo:min(len(examples), lo+size)]
		b, err := batch.Pack(part, k, c.layout(s.model))
		if err != nil {
			return nil, err
		}
		p, err := scoreProgram(s.model, c, shapeOf(b))
		if err != nil {
			return nil, err
		}
		e, err := s.dev.Compile(p) // a device keeps what it compiled before
		if err != nil {
			return nil, err
		}
		res, err := e.Run(ctx, program.Bindings{State: s.state, Data: data(b, s.model, s.c, len(part))})
		if err != nil {
			return nil, fmt.Errorf("scoring examples %d to %d of %d: %w", lo, lo+len(part), len(examples), err)
		}
		for i, name := range names {
			for g, ex := range part {
				row := make([]float64, len(ex.Responses))
				for j := range row {
					row[j] = res[name].At(g*k + j)
				}
				out[i] = append(out[i], row)
			}
		}
		if s.Progress != nil {
			s.Progress(lo+len(part), len(examples))
		}
	}
	return out, nil
}
