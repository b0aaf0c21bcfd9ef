package evaluate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"divvy/arrowio"
	"divvy/stdlib/dataset"
	"divvy/stdlib/train"
)

// Global is the name of the row over all answers in a Report's summary.
const Global = "global"

// Report is what a reward model and BLEU say of answers, one to each row of a
// dataset.
type Report struct {
	Domains []string  // of each answer
	Raw     []float64 // the reward model's logit
	Reward  []float64 // its logistic function, 0 to 1
	BLEU    []float64 // against the row's first response; NaN where it has none
	answers []string
	prompts []string
}

// Answers scores an answer to each row of ds. domains names the domain of each
// row; nil takes the names of the files that the rows came from.
func Answers(ctx context.Context, reward *train.Model, ds *dataset.Dataset, answers, domains []string) (*Report, error) {
	if reward == nil {
		return nil, errors.New("evaluating: there is no reward model")
	}
	n := ds.Len()
	if domains == nil {
		domains = FileDomains(ds)
	}
	if len(answers) != n || len(domains) != n {
		return nil, fmt.Errorf("evaluating: %d answers and %d domains for %d rows", len(answers), len(domains), n)
	}
	raw, err := reward.Score(ctx, ds, answers)
	if err != nil {
		return nil, fmt.Errorf("evaluating: %w", err)
	}
	r := &Report{Domains: domains, Raw: raw, Reward: make([]float64, n), BLEU: make([]float64, n), answers: answers, prompts: ds.Prompts()}
	for i, x := range raw {
		r.Reward[i] = 1 / (1 + math.Exp(-x))
		r.BLEU[i] = math.NaN()
		if refs := ds.Responses(i); len(refs) > 0 {
			r.BLEU[i] = BLEU(answers[i], refs[0])
		}
	}
	return r, nil
}

// FileDomains names each row after its file, without folder and extensions:
// "harmless_base" for a row of harmless_base.jsonl.gz.
func FileDomains(ds *dataset.Dataset) []string {
	out := make([]string, ds.Len())
	for i := range out {
		name, _, _ := strings.Cut(filepath.Base(ds.Row(i).File), ".")
		out[i] = name
	}
	return out
}

// Table is a row for each answer.
func (r *Report) Table() (*arrowio.Table, error) {
	type row struct {
		Domain string   `arrow:"domain"`
		Prompt string   `arrow:"prompt"`
		Answer string   `arrow:"answer"`
		Raw    float64  `arrow:"raw"`
		Reward float64  `arrow:"reward"`
		BLEU   *float64 `arrow:"bleu"`
	}
	rows := make([]row, len(r.Raw))
	for i := range rows {
		rows[i] = row{r.Domains[i], r.prompts[i], r.answers[i], r.Raw[i], r.Reward[i], nil}
		if !math.IsNaN(r.BLEU[i]) {
			rows[i].BLEU = &r.BLEU[i]
		}
	}
	return arrowio.FromStructs(rows)
}

// Summary is a row for each domain, in the order in which they first occur, and
// one for all answers: the paper's "Global", the mean over all rows.
func (r *Report) Summary() (*arrowio.Table, error) {
	type row struct {
		Domain  string  `arrow:"domain"`
		Answers int64   `arrow:"answers"`
		Reward  float64 `arrow:"reward"`
		Error   float64 `arrow:"standard_error"` // of the mean reward
		Raw     float64 `arrow:"raw"`
		BLEU    float64 `arrow:"bleu"`
	}
	order := []string{}
	members := map[string][]int{}
	all := make([]int, len(r.Raw))
	for i, d := range r.Domains {
		all[i] = i
		if members[d] == nil {
			order = append(order, d)
		}
		members[d] = append(members[d], i)
	}
	var rows []row
	add := func(name string, ix []int) {
		x := row{Domain: name, Answers: int64(len(ix))}
		n, bleus := float64(len(ix)), 0.0
		for _, i := range ix {
			x.Reward += r.Reward[i] / n
			x.Raw += r.Raw[i] / n
			if !math.IsNaN(r.BLEU[i]) {
				x.BLEU += r.BLEU[i]
				bleus++
			}
		}
		x.BLEU /= max(1, bleus)
		for _, i := range ix {
			x.Error += (r.Reward[i] - x.Reward) * (r.Reward[i] - x.Reward)
		}
		x.Error = math.Sqrt(x.Error / max(1, n-1) / n)
		rows = append(rows, x)
	}
	for _, d := range order {
		add(d, members[d])
	}
	add(Global, all)
	return arrowio.FromStructs(rows)
}
