package evaluate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

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
		r.Reward[i] = train.Sigmoid(x)
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
// one for all answers: the paper's "Global", the mean over all rows. The columns
// are domain, answers, reward, standard_error (of the mean reward, as a sample of
// the prompts that could have been asked; null for one answer), raw, and bleu, the
// mean over the rows that have a response (null where none has).
func (r *Report) Summary() (*arrowio.Table, error) {
	type row struct {
		Domain  string   `arrow:"domain"`
		Answers int64    `arrow:"answers"`
		Reward  float64  `arrow:"reward"`
		Error   *float64 `arrow:"standard_error"`
		Raw     float64  `arrow:"raw"`
		BLEU    *float64 `arrow:"bleu"`
	}
	var rows []row
	r.byDomain(func(name string, ix []int) {
		rewards := pick(r.Reward, ix)
		x := row{Domain: name, Answers: int64(len(ix)), Reward: stat.Mean(rewards, nil), Raw: stat.Mean(pick(r.Raw, ix), nil)}
		if len(ix) > 1 {
			e := stat.StdErr(stat.StdDev(rewards, nil), float64(len(ix)))
			x.Error = &e
		}
		if bleus := slices.DeleteFunc(pick(r.BLEU, ix), math.IsNaN); len(bleus) > 0 {
			b := stat.Mean(bleus, nil)
			x.BLEU = &b
		}
		rows = append(rows, x)
	})
	return arrowio.FromStructs(rows)
}

// byDomain visits the places of the answers of each domain, in the order in which
// domains first occur, then all answers.
func (r *Report) byDomain(visit func(name string, ix []int)) {
	if len(r.Raw) == 0 {
		return
	}
	var order []string
	members := map[string][]int{}
	all := make([]int, len(r.Raw))
	for i, d := range r.Domains {
		all[i] = i
		if members[d] == nil {
			order = append(order, d)
		}
		members[d] = append(members[d], i)
	}
	for _, d := range order {
		visit(d, members[d])
	}
	visit(Global, all)
}

// pick is the values at some places.
func pick(values []float64, ix []int) []float64 {
	out := make([]float64, len(ix))
	for i, at := range ix {
		out[i] = values[at]
	}
	return out
}

// Against compares the answers with another report's on the same prompts, as of a
// model trained otherwise: a row for each domain and one for all answers. The
// columns are domain, answers, difference (of the mean rewards, this report's less
// the other's), its standard_error and 95 % interval low_95 to high_95 (Student's
// t of the answers' differences, null for one answer), and how many answers won,
// tied and lost. Differences on the same prompts are surer than the errors of two
// means tell, since what makes a prompt hard for one model does for the other. They
// say nothing of what another seed of the training would give.
func (r *Report) Against(other *Report) (*arrowio.Table, error) {
	switch {
	case other == nil:
		return nil, errors.New("comparing reports: there is no other")
	case !slices.Equal(r.prompts, other.prompts):
		return nil, fmt.Errorf("comparing reports: they are of different prompts (%d and %d)", len(r.prompts), len(other.prompts))
	}
	type row struct {
		Domain     string   `arrow:"domain"`
		Answers    int64    `arrow:"answers"`
		Difference float64  `arrow:"difference"`
		Error      *float64 `arrow:"standard_error"`
		Low        *float64 `arrow:"low_95"`
		High       *float64 `arrow:"high_95"`
		Won        int64    `arrow:"won"`
		Tied       int64    `arrow:"tied"`
		Lost       int64    `arrow:"lost"`
	}
	var rows []row
	r.byDomain(func(name string, ix []int) {
		n := float64(len(ix))
		x := row{Domain: name, Answers: int64(len(ix))}
		gains := make([]float64, len(ix))
		for i, at := range ix {
			gains[i] = r.Reward[at] - other.Reward[at]
			switch {
			case gains[i] > 0:
				x.Won++
			case gains[i] < 0:
				x.Lost++
			default:
				x.Tied++
			}
		}
		mean, std := stat.MeanStdDev(gains, nil)
		x.Difference = mean
		if len(ix) > 1 {
			e := stat.StdErr(std, n)
			half := e * distuv.StudentsT{Mu: 0, Sigma: 1, Nu: n - 1}.Quantile(0.975)
			low, high := mean-half, mean+half
			x.Error, x.Low, x.High = &e, &low, &high
		}
		rows = append(rows, x)
	})
	return arrowio.FromStructs(rows)
}

// String is the summary in plain text.
func (r *Report) String() string { return shown(r.Summary()).String() }

// MIMEBundle shows the summary; Table has each answer.
func (r *Report) MIMEBundle() map[string]any { return shown(r.Summary()).MIMEBundle() }

// shown is a table whose rows are of a type of this package, which always make one.
func shown(t *arrowio.Table, err error) *arrowio.Table {
	if err != nil {
		panic("evaluate: " + err.Error())
	}
	return t
}
