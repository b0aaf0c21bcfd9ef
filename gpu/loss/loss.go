// Package loss holds the objectives of preference learning, written as parts
// of a program.Program: supervised fine-tuning, preference ranking
// optimisation (PRO) and its neighbours DPO, RRHF and the Bradley-Terry loss of
// a reward model, all under one interface.
//
// A loss sees groups: a prompt with up to K responses, ranked by reward. Values
// of a batch of G groups are matrices [G,K] in which a mask tells the responses
// that exist. The package knows neither models nor devices.
package loss

import "divvy/gpu/program"

// Loss is an objective.
type Loss interface {
	// Name is the usual short name, for example "PRO".
	Name() string
	// Needs says which of the inputs the loss reads.
	Needs() Needs
	// Build adds the objective to a Program.
	Build(b *program.Builder, in Inputs) Terms
}

// Needs says what must be computed for a loss.
type Needs struct {
	LogProbs  bool // of the responses by the model: MeanLogP and SumLogP
	Scores    bool // of a reward model: Score
	Reference bool // log-probabilities by a frozen reference model: RefSumLogP
	BestOnly  bool // only the response of Inputs.Best is read, no other need be computed
}

// Inputs are the values of a batch, [G,K] unless said otherwise and of one
// type. Absent responses may hold any finite number.
type Inputs struct {
	MeanLogP   *program.Value // mean log-probability of a response's tokens
	SumLogP    *program.Value // sum of them
	Score      *program.Value // a reward model's score
	RefSumLogP *program.Value // the reference model's SumLogP
	Reward     *program.Value // the reward by which responses are ranked
	Valid      *program.Value // 1 where there is a response, else 0
	Best       *program.Value // 1 at the response to imitate, else 0
	// Groups is a scalar: the number of groups over which the mean is taken.
	// With gradient accumulation it counts all micro-batches together.
	Groups *program.Value
}

// Terms is an objective and what it is made of, all scalars.
type Terms struct {
	Total *program.Value // to be minimised
	// Parts are reported beside it: "rank", "sft", "accuracy". Each is a mean
	// over groups; they carry no weight.
	Parts []Part
}

// Part is a named scalar.
type Part struct {
	Name  string
	Value *program.Value
}

// size is the number of groups and of responses.
func size(v *program.Value) (g, k int) { return v.Dim(0), v.Dim(1) }

// mean is the sum of all elements over the number of groups.
func mean(b *program.Builder, x *program.Value, in Inputs) *program.Value {
	return b.Div(b.Sum(x), in.Groups)
}

// imitation is minus the log-probability of each group's best response, [G,1].
func imitation(b *program.Builder, in Inputs) *program.Value {
	g, _ := size(in.SumLogP)
	return b.Neg(b.SumTo(b.Mul(in.SumLogP, in.Best), g, 1))
}

// pairs are the ordered pairs of a group's responses.
type pairs struct {
	diff *program.Value // [G,K,K]: reward of the first less that of the second
	mask *program.Value // [G,K,K]: 1 where both exist
}

// allPairs compares every response with every other.
func allPairs(b *program.Builder, in Inputs) pairs {
	g, k := size(in.Reward)
	first := func(v *program.Value) *program.Value { return b.Reshape(v, g, k, 1) }
	second := func(v *program.Value) *program.Value { return b.Reshape(v, g, 1, k) }
	return pairs{
		diff: b.Sub(first(in.Reward), second(in.Reward)),
		mask: b.Mul(first(in.Valid), second(in.Valid)),
	}
}

// better is 1 for the pairs whose first response has the strictly larger
// reward.
func (p pairs) better(b *program.Builder) *program.Value {
	one, zero := b.Const(p.diff.Type, 1), b.Const(p.diff.Type, 0)
	return b.Mul(p.mask, b.Where(b.ReLU(p.diff), one, zero))
}

// margins is x of the first response less x of the second, [G,K,K].
func margins(b *program.Builder, x *program.Value) *program.Value {
	g, k := size(x)
	return b.Sub(b.Reshape(x, g, k, 1), b.Reshape(x, g, 1, k))
}

// overPairs is the mean of x over the pairs of a group, then over groups. A
// group without a pair counts as 0.
func overPairs(b *program.Builder, x, mask *program.Value, in Inputs) *program.Value {
	g, _ := size(in.Reward)
	total, count := b.SumTo(b.Mul(x, mask), g, 1, 1), b.SumTo(mask, g, 1, 1)
	return mean(b, b.Div(total, b.Maximum(count, b.Const(x.Type, 1))), in)
}

// accuracy is the share of pairs whose margin is positive.
func accuracy(b *program.Builder, margin, mask *program.Value, in Inputs) Part {
	one, zero := b.Const(margin.Type, 1), b.Const(margin.Type, 0)
	right := b.Where(b.ReLU(b.StopGradient(margin)), one, zero)
	return Part{"accuracy", overPairs(b, right, mask, in)}
}
