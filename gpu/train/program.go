package train

import (
	"divvy/gpu/batch"
	"divvy/gpu/loss"
	"divvy/gpu/model"
	"divvy/gpu/program"
)

// shape is what a batch's Program depends on.
type shape struct {
	rows, rowTokens, g, k int
	causal                bool // see batch.Batch.Causal
}

func shapeOf(b *batch.Batch) shape { return shape{b.Rows, b.RowTokens, b.G, b.K, b.Causal()} }

// forward writes the model over a batch and what the loss needs of it.
func forward(b *program.Builder, m model.Config, c Config, s shape) (*model.Net, loss.Inputs) {
	n := s.rows * s.rowTokens
	each, shared := s.rows/max(1, c.ranks), func(name string) *program.Value { return c.rows(b, name, program.I32, n) }
	group := func(name string) *program.Value { return b.Input(program.Data, name, c.Store, s.g, s.k) }
	net := model.NewNet(b, m, model.Options{Store: c.Store, Compute: c.Compute, Checkpoint: c.Recompute, LoRA: c.LoRA, Ranks: c.ranks})
	hidden := net.Hidden(model.Tokens{IDs: shared("ids"), Position: shared("position"), Reach: shared("reach"), Rows: each, Causal: s.causal})
	in := loss.Inputs{
		Reward: group("reward"), Valid: group("valid"), Best: group("best"), RefSumLogP: group("reference"),
		Groups: b.Input(program.Data, "groups", c.Store),
	}
	count := group("count")
	responses := max(1, c.ranks) * s.g * s.k
	if m.Head == model.RewardModel {
		score := b.Convert(net.Score(hidden, c.rows(b, "last", program.I32, responses)), c.Store)
		if c.ranks > 1 { // a rank scores its own responses only
			own := c.rows(b, "own", c.Store, responses)
			score = b.AllReduce(b.Mul(score, b.Reshape(own, s.g*s.k, 1)))
		}
		in.Score = b.Reshape(score, s.g, s.k)
		return net, in
	}
	logp := net.LogProb(hidden, shared("target"))
	sum := b.AllReduce(b.ScatterAdd(b.Reshape(logp, each*s.rowTokens, 1), shared("segment"), s.g*s.k))
	in.SumLogP = b.Reshape(sum, s.g, s.k)
	in.MeanLogP = b.Div(in.SumLogP, count)
	return net, in
}

// data is a batch as a Program's inputs. groups is the number of examples over
// which the step takes the mean.
func data(b *batch.Batch, m model.Config, c Config, groups int) map[string]*program.Tensor {
	store := c.Store
	f := func(x []float32) *program.Tensor { return program.Floats(x, b.G, b.K).As(store) }
	d := map[string]*program.Tensor{
		"ids": program.Ints(b.IDs), "position": program.Ints(b.Position), "reach": program.Ints(b.Reach),
		"reward": f(b.Reward), "valid": f(b.Valid), "best": f(b.Best), "reference": f(b.RefLogP), "count": f(b.Count),
		"groups": program.Scalar(store, float64(groups)),
	}
	if m.Head == model.RewardModel {
		d["last"] = program.Ints(b.Last)
		if c.ranks > 1 {
			d["last"], d["own"] = c.places(b)
		}
	} else {
		d["target"], d["segment"] = program.Ints(b.Target), program.Ints(b.Segment)
	}
	return d
}

// The names of the optimiser's state.
const (
	firstMoment  = "adam.m."
	secondMoment = "adam.v."
	firstScale   = "adam.m.scale." // of moments in 8 bits
	secondScale  = "adam.v.scale."
	gradientSum  = "grad."
)

// slot is a state of the optimiser's, of which a rank has a part of that shape.
type slot struct {
	name  string
	typ   program.DType
	shape []int
}

// small is how many elements a parameter must have for moments in 8 bits to be
// worth their error: bitsandbytes' number.
const small = 1 << 12

// slots are the moments of a parameter.
func (c Config) slots(p model.Param) []slot {
	typ := c.Store
	n, part := program.Elements(p.Shape), c.part(p.Shape)
	switch {
	case c.Moments == program.BF16:
		typ = program.BF16
	case c.Moments == program.U8 && len(p.Shape) > 1 && n >= small && !p.Table:
		scales := []int{program.Blocks(program.Elements(part))}
		return []slot{
			{firstMoment + p.Name, program.U8, part}, {secondMoment + p.Name, program.U8, part},
			{firstScale + p.Name, program.F32, scales}, {secondScale + p.Name, program.F32, scales},
		}
	}
	return []slot{{firstMoment + p.Name, typ, part}, {secondMoment + p.Name, typ, part}}
}

// stepProgram is a whole step: loss, gradient, clipping, AdamW. With accumulate
// it adds the gradient to the sums instead.
func stepProgram(m model.Config, c Config, s shape, accumulate bool) (*program.Program, error) {
	name := "step"
	if accumulate {
		name = "accumulate"
	}
	return program.Build(name, func(b *program.Builder) {
		c.begin(b)
		net, in := forward(b, m, c, s)
		terms := c.Loss.Build(b, in)
		b.Output("loss", terms.Total)
		for _, p := range terms.Parts {
			b.Output("part."+p.Name, p.Value)
		}
		params, values := net.Trainable()
		grads := b.Gradient(terms.Total, values...)
		if !accumulate {
			optimise(b, c, params, values, grads)
			return
		}
		for i, p := range params {
			sum := c.state(b, gradientSum+p.Name, c.Store, c.part(p.Shape))
			b.Assign(sum, b.Add(sum, grads[i]))
		}
	})
}

// updateProgram applies the sums of gradients and sets them to 0.
func updateProgram(c Config, params []model.Param) (*program.Program, error) {
	return program.Build("update", func(b *program.Builder) {
		c.begin(b)
		var values, grads []*program.Value
		for _, p := range params {
			values = append(values, c.state(b, p.Name, c.Store, c.part(p.Shape)))
			grads = append(grads, c.state(b, gradientSum+p.Name, c.Store, c.part(p.Shape)))
		}
		optimise(b, c, params, values, grads)
		for i, p := range params {
			b.Assign(grads[i], b.Const(c.Store, 0, c.part(p.Shape)...))
		}
	})
}

// optimise writes clipping by the global norm, as PyTorch does it, and AdamW.
func optimise(b *program.Builder, c Config, params []model.Param, values, grads []*program.Value) {
	square := b.Const(c.Store, 0)
	for _, g := range grads {
		square = b.Add(square, b.SumSquares(g))
	}
	norm := b.Sqrt(b.AllReduce(square))
	b.Output("norm", norm)
	one := b.Const(c.Store, 1)
	// A norm that is not finite makes a scale that is not, and AdamW then
	// changes nothing.
	scale := b.Add(one, b.Mul(norm, b.Const(c.Store, 0)))
	if c.Clip > 0 {
		scale = b.Mul(scale, b.Div(b.Const(c.Store, c.Clip), b.Maximum(b.Const(c.Store, c.Clip), b.Shift(norm, 1e-6))))
	}
	lr, step := b.Input(program.Data, "lr", c.Store), b.Input(program.Data, "step", c.Store)
	for i, p := range params {
		var old []*program.Value
		for _, s := range c.slots(p) {
			old = append(old, c.state(b, s.name, s.typ, s.shape))
		}
		o := program.AdamWOptions{Beta1: c.Beta1, Beta2: c.Beta2, Eps: c.Eps, Seed: i}
		if p.Decay {
			o.Decay = c.Decay
		}
		var newP *program.Value
		var next []*program.Value
		if len(old) == 4 {
			p, m := b.AdamW8(values[i], grads[i], program.Moments8{M: old[0], V: old[1], MScale: old[2], VScale: old[3]}, lr, step, scale, o)
			newP, next = p, []*program.Value{m.M, m.V, m.MScale, m.VScale}
		} else {
			p, m, v := b.AdamW(values[i], grads[i], old[0], old[1], lr, step, scale, o)
			newP, next = p, []*program.Value{m, v}
		}
		b.Assign(values[i], newP)
		for i, s := range old {
			b.Assign(s, next[i])
		}
	}
}

// scoreProgram is the forward pass alone: the log-probability or the score of
// each response.
func scoreProgram(m model.Config, c Config, s shape) (*program.Program, error) {
	return program.Build("score", func(b *program.Builder) {
		c.begin(b)
		_, in := forward(b, m, c, s)
		if m.Head == model.RewardModel {
			b.Output("score", in.Score)
			return
		}
		b.Output("sum", in.SumLogP)
		b.Output("mean", in.MeanLogP)
	})
}
