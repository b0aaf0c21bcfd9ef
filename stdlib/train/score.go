package train

import (
	"context"
	"errors"
	"fmt"
	"math"

	"divvy/gpu/batch"
	engine "divvy/gpu/train"
	"divvy/stdlib/dataset"
	"divvy/stdlib/display"
	"divvy/stdlib/paper"
)

// examples turns rows into token ids, for training or scoring. A row without
// rewards counts its responses down: the first is the best.
func (m *Model) examples(ds *dataset.Dataset) ([]batch.Example, error) {
	out := make([]batch.Example, ds.Len())
	for i := range out {
		r := ds.Row(i)
		if len(r.Responses) == 0 {
			return nil, fmt.Errorf("row %d (%s:%d): it has no response to learn from (AtLeast leaves such rows out)", i, r.File, r.Line)
		}
		e := batch.Example{ID: i, Prompt: m.promptIDs(r.Prompt()), Best: r.SFTIndex}
		for j, text := range r.Responses {
			reward := -float64(j)
			if r.Rewards != nil {
				reward = r.Rewards[j]
			}
			if math.IsNaN(reward) || math.IsInf(reward, 0) {
				return nil, fmt.Errorf("row %d (%s:%d): response %d has no finite reward", i, r.File, r.Line, j)
			}
			e.Responses = append(e.Responses, m.responseIDs(text))
			e.Rewards = append(e.Rewards, reward)
		}
		if err := e.Check(); err != nil {
			return nil, fmt.Errorf("row %d (%s:%d): %w", i, r.File, r.Line, err)
		}
		out[i] = e
	}
	return out, nil
}

// openAssistant says whether the model reads dialogues in OpenAssistant's form.
func (m *Model) openAssistant() bool {
	_, ok := m.tokenizer.ID(dataset.PrompterMark)
	return ok && m.config.ScoreName == "out_proj"
}

// scoringExample is a dialogue with answers as a reward model reads it: an
// OpenAssistant model turns with their marks, each followed by the end token;
// others what they were trained on. Dialogues of more than 1,024 tokens lose
// their beginning.
func (m *Model) scoringExample(i int, r dataset.Row, answers []string) batch.Example {
	e := batch.Example{ID: i, Rewards: make([]float64, len(answers))}
	if m.openAssistant() {
		tok := m.tokenizer.WithBOS(false)
		for k, turn := range r.Prefix {
			e.Prompt = append(e.Prompt, tok.Encode(turn)...)
			if k < len(r.Prefix)-1 {
				e.Prompt = append(e.Prompt, m.eos)
			}
		}
		for _, a := range answers {
			e.Responses = append(e.Responses, append(tok.Encode(a), m.eos))
		}
	} else {
		e.Prompt = m.promptIDs(r.Prompt())
		for _, a := range answers {
			e.Responses = append(e.Responses, m.responseIDs(a))
		}
	}
	longest := 0
	for j, a := range e.Responses {
		e.Responses[j] = tail(a, paper.RewardMaxTokens-1)
		longest = max(longest, len(e.Responses[j]))
	}
	limit := min(paper.RewardMaxTokens, m.config.MaxPositions)
	e.Prompt = tail(e.Prompt, max(1, limit-longest))
	return e
}

// Score is a reward model's raw score (logit) of one answer to each row's
// prompt. A notebook shows a bar when it takes more than a second.
func (m *Model) Score(ctx context.Context, ds *dataset.Dataset, answers []string) ([]float64, error) {
	return m.scoreAnswers(ctx, ds, answers, display.AutoFunc("Scoring", "rows"))
}

func (m *Model) scoreAnswers(ctx context.Context, ds *dataset.Dataset, answers []string, tell func(done, total int64)) ([]float64, error) {
	if len(answers) != ds.Len() {
		return nil, fmt.Errorf("scoring: %d answers to %d prompts", len(answers), ds.Len())
	}
	examples := make([]batch.Example, ds.Len())
	for i := range examples {
		examples[i] = m.scoringExample(i, ds.Row(i), answers[i:i+1])
	}
	scores, err := m.score(ctx, examples, tell)
	if err != nil {
		return nil, err
	}
	out := make([]float64, len(scores))
	for i, s := range scores {
		out[i] = s[0]
	}
	return out, nil
}

// ScoreAll is a reward model's raw score of every response of every row.
func (m *Model) ScoreAll(ctx context.Context, ds *dataset.Dataset) ([][]float64, error) {
	examples := make([]batch.Example, ds.Len())
	for i := range examples {
		r := ds.Row(i)
		examples[i] = m.scoringExample(i, r, r.Responses)
	}
	return m.score(ctx, examples, display.AutoFunc("Scoring", "rows"))
}

// Accuracy counts the pairs of responses to a prompt of which one has the larger
// reward (where there are no rewards, those that stand earlier are better), and
// how many of them a reward model puts in the same order. Half is chance.
func (m *Model) Accuracy(ctx context.Context, ds *dataset.Dataset) (right, pairs int, err error) {
	scores, err := m.ScoreAll(ctx, ds)
	if err != nil {
		return 0, 0, err
	}
	for i, s := range scores {
		rewards := ds.Rewards(i)
		better := func(a, b int) bool {
			if rewards == nil {
				return a < b
			}
			return rewards[a] > rewards[b]
		}
		for a := range s {
			for b := range s {
				if better(a, b) {
					pairs++
					if s[a] > s[b] {
						right++
					}
				}
			}
		}
	}
	return right, pairs, nil
}

// Rank puts the responses of every row in the order of a reward model's scores,
// which become their rewards: the paper's training rankings are made so, not by
// what people preferred.
func (m *Model) Rank(ctx context.Context, ds *dataset.Dataset) (*dataset.Dataset, error) {
	scores, err := m.ScoreAll(ctx, ds)
	if err != nil {
		return nil, err
	}
	scored, err := ds.WithRewards(ctx, scores)
	if err != nil {
		return nil, err
	}
	return scored.Ranked(ctx)
}

// score tells how many examples are done; tell may be nil.
func (m *Model) score(ctx context.Context, examples []batch.Example, tell func(done, total int64)) ([][]float64, error) {
	if !m.IsReward() {
		return nil, errors.New("scoring: the model writes text; train one with Algorithm Reward, or open a reward model")
	}
	s, err := engine.NewScorer(m.device, m.config, m.weights)
	if err != nil {
		return nil, err
	}
	if tell != nil {
		s.Progress = func(done, of int) { tell(int64(done), int64(of)) }
	}
	whole := batch.Limits{Prompt: math.MaxInt32, Total: math.MaxInt32} // they were cut already
	c := forDevice(engine.Config{}, m.device, longest(examples, whole))
	s.RowTokens, s.RowMultiple = c.RowTokens, c.RowMultiple
	return s.Scores(ctx, examples)
}

// Sigmoid is the logistic function, which makes of a reward model's score the
// paper's reward, between 0 and 1.
func Sigmoid(score float64) float64 { return 1 / (1 + math.Exp(-score)) }

// MeanSigmoid is the mean of Sigmoid over scores; NaN of none.
func MeanSigmoid(scores []float64) float64 {
	var s float64
	for _, x := range scores {
		s += Sigmoid(x)
	}
	return s / float64(len(scores))
}
