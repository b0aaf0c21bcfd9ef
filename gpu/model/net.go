package model

import (
	"fmt"
	"math"
	"strings"

	"divvy/gpu/program"
)

// Options say how a Net is written.
type Options struct {
	// Store is the type in which parameters are kept: F32, F64 for tests, or, to
	// run a model without training it, BF16.
	Store program.DType
	// Compute is the type of activations and of the weights that they meet:
	// F32, F64 with Store F64, or BF16, in which case the parameters are the
	// master weights and rounded copies are made in each run.
	Compute program.DType
	// Ranks is over how many ranks the Program runs; 0 means 1. Of each parameter
	// a rank then holds a part, see Shard, and has it whole while it is used.
	Ranks int
	// Checkpoint recomputes each block in the backward pass instead of keeping
	// its activations.
	Checkpoint bool
	// Prefix stands before every parameter's name, so that two models can live
	// in one Program (DPO's reference).
	Prefix string
	// LoRA, if its Rank is positive, adds low-rank adapters.
	LoRA LoRA
	// Joined takes the products for queries, keys and values of a layer as one, with
	// the weights that Join makes. It is for models that are not trained.
	Joined bool
}

// LoRA describes low-rank adapters (Hu et al. 2021): a linear layer w gets
// w + Alpha/Rank B A, and only A and B are trained.
type LoRA struct {
	Rank  int
	Alpha float64 // 0 means 2 Rank
	// Targets are last parts of layer names ("q_proj"); empty means all linear
	// layers of the blocks.
	Targets []string
}

// Param is a parameter of a model.
type Param struct {
	Name  string
	Shape []int
	// Init is the distribution of its first value.
	Init Init
	// Decay says whether weight decay applies: to matrices, not to gains and biases.
	Decay bool
	// Frozen says that the parameter is not trained.
	Frozen bool
	// Table says that rows of it are taken by id, so that most of them have no
	// gradient in a step.
	Table bool
}

// Init is how a parameter begins: normal with deviation Std around Mean.
type Init struct{ Mean, Std float64 }

// Tokens is a batch of packed tokens.
type Tokens struct {
	IDs      *program.Value // [n] i32
	Position *program.Value // [n] i32: place in its own text, from 0
	Reach    *program.Value // i32: see program.Builder.Attention
	Rows     int            // rows of n/Rows tokens; attention does not cross rows
	Causal   bool           // reach is that of causal rows, see program.AttentionOptions
	// At and Cache are set for generation: the tokens' places in the cache and
	// the cache itself. Reach then describes the cache's keys.
	At    *program.Value
	Cache *Cache
	// Own, of the first tokens that an empty cache is given, is the reach of their
	// own keys: attention need not look at the cache then.
	Own *program.Value
}

// Net writes a model into a Program.
type Net struct {
	b      *program.Builder
	c      Config
	o      Options
	params []Param
	values map[string]*program.Value
	layer  int // the block being written
}

// NewNet begins to write a model. The Config must be valid.
func NewNet(b *program.Builder, c Config, o Options) *Net {
	if err := c.Validate(); err != nil {
		b.Fail("%w", err)
	}
	if c.InitStd == 0 {
		c.InitStd = 0.02
	}
	return &Net{b: b, c: c, o: o, values: map[string]*program.Value{}}
}

// Params lists a model's parameters in the order of the forward pass.
func Params(c Config, o Options) ([]Param, error) {
	var params []Param
	_, err := program.Build("parameters", func(b *program.Builder) {
		n := NewNet(b, c, o)
		in := func(name string, k int) *program.Value { return b.Input(program.Data, name, program.I32, k) }
		h := n.Hidden(Tokens{IDs: in("ids", 1), Position: in("position", 1), Reach: in("reach", 1), Rows: 1})
		if c.Head == RewardModel {
			h = n.Score(h, in("last", 1))
		} else {
			h = n.Logits(h)
		}
		b.Output("out", h)
		params = n.Params()
	})
	return params, err
}

// Count is the number of numbers in all parameters.
func Count(params []Param) int {
	n := 0
	for _, p := range params {
		n += program.Elements(p.Shape)
	}
	return n
}

// Params lists the parameters declared so far.
func (n *Net) Params() []Param { return n.params }

// Trainable lists the names and values of the parameters to train.
func (n *Net) Trainable() (params []Param, values []*program.Value) {
	for _, p := range n.params {
		if !p.Frozen {
			params = append(params, p)
			values = append(values, n.values[p.Name])
		}
	}
	return params, values
}

// param declares a parameter at its first use and gives it in the compute type.
func (n *Net) param(name string, init Init, shape ...int) *program.Value {
	name = n.o.Prefix + name
	v := n.values[name]
	if v == nil {
		if n.o.Ranks > 1 {
			v = n.b.SplitInput(program.State, name, n.o.Store, Shard(shape, n.o.Ranks))
		} else {
			v = n.b.Input(program.State, name, n.o.Store, shape...)
		}
		n.values[name] = v
		lora := strings.Contains(name, ".lora_")
		n.params = append(n.params, Param{name, shape, init, len(shape) > 1, n.o.LoRA.Rank > 0 && !lora, false})
	}
	v = n.b.Convert(v, n.o.Compute)
	if n.o.Ranks <= 1 {
		return v
	}
	whole := n.b.AllGather(v) // in the type that is computed with: half the bytes
	return n.b.Reshape(n.b.Slice(whole, 0, 0, program.Elements(shape)), shape...)
}

// Shard is how many elements of a tensor each of several ranks holds: the
// elements in row-major order, with zeros behind them, cut into equal parts. Those
// of larger tensors are whole program.Blocks, so that ranks share no scale.
func Shard(shape []int, ranks int) int {
	n, unit := program.Elements(shape), 1
	if n >= 16*program.Block { // as many as moments of 8 bits want
		unit = program.Block
	}
	return (n + ranks*unit - 1) / (ranks * unit) * unit
}

func (n *Net) zeros() Init  { return Init{} }
func (n *Net) ones() Init   { return Init{Mean: 1} }
func (n *Net) normal() Init { return Init{Std: n.c.InitStd} }

// linear is a linear layer with PyTorch's weight layout.
func (n *Net) linear(name string, x *program.Value, out int, bias bool) *program.Value {
	in := x.Dim(1)
	w := n.param(name+".weight", n.normal(), out, in)
	var bv *program.Value
	if bias {
		bv = n.param(name+".bias", n.zeros(), out)
	}
	y := n.b.Linear(x, w, bv)
	if r := n.o.LoRA.Rank; r > 0 && n.adapted(name) {
		alpha := n.o.LoRA.Alpha
		if alpha == 0 {
			alpha = 2 * float64(r)
		}
		down := n.param(name+".lora_A.weight", Init{Std: 1 / math.Sqrt(float64(in))}, r, in)
		up := n.param(name+".lora_B.weight", n.zeros(), out, r)
		d := n.b.Linear(n.b.Linear(x, down, nil), up, nil)
		y = n.b.Add(y, n.b.Scale(d, alpha/float64(r)))
	}
	return y
}

// adapted says whether a layer gets a LoRA adapter.
func (n *Net) adapted(name string) bool {
	if len(n.o.LoRA.Targets) == 0 {
		return true
	}
	last := name[strings.LastIndex(name, ".")+1:]
	for _, t := range n.o.LoRA.Targets {
		if t == last {
			return true
		}
	}
	return false
}

// layerNorm and rmsNorm are the normalisations with their parameters.
func (n *Net) layerNorm(name string, x *program.Value) *program.Value {
	d := x.Dim(1)
	return n.b.LayerNorm(x, n.param(name+".weight", n.ones(), d), n.param(name+".bias", n.zeros(), d), n.c.NormEps)
}

func (n *Net) rmsNorm(name string, x *program.Value) *program.Value {
	return n.b.RMSNorm(x, n.param(name+".weight", n.ones(), x.Dim(1)), n.c.NormEps)
}

// activation is the feed-forward layer's.
func (n *Net) activation(x *program.Value) *program.Value {
	switch n.c.Activation {
	case ActivationReLU:
		return n.b.ReLU(x)
	case ActivationGELU:
		return n.b.GELU(x)
	case ActivationGELUTanh:
		return n.b.GELUTanh(x)
	default:
		return n.b.SiLU(x)
	}
}

// names are the places of the parts that differ between architectures in name
// only.
func (n *Net) names() (embed, block, final, head string) {
	switch n.c.Arch {
	case OPT:
		return "model.decoder.embed_tokens", "model.decoder.layers.%d.", "model.decoder.final_layer_norm", "lm_head"
	case LLaMA:
		return "model.embed_tokens", "model.layers.%d.", "model.norm", "lm_head"
	default:
		return "gpt_neox.embed_in", "gpt_neox.layers.%d.", "gpt_neox.final_layer_norm", "embed_out"
	}
}

// Hidden is the model's body: the normalised residual stream after the last
// block, one row a token.
func (n *Net) Hidden(t Tokens) *program.Value {
	b := n.b
	embed, block, final, _ := n.names()
	x := b.Gather(n.embedding(embed), t.IDs)
	if n.c.Arch == OPT {
		x = b.Add(x, b.Gather(n.positions(), t.Position))
	}
	for n.layer = range n.c.Layers {
		prefix := fmt.Sprintf(block, n.layer)
		write := func() {
			switch n.c.Arch {
			case OPT:
				x = n.optBlock(prefix, x, t)
			case LLaMA:
				x = n.llamaBlock(prefix, x, t)
			default:
				x = n.neoxBlock(prefix, x, t)
			}
		}
		if n.o.Checkpoint {
			b.Checkpoint(write)
		} else {
			write()
		}
	}
	if n.c.Arch == LLaMA {
		return n.rmsNorm(final, x)
	}
	return n.layerNorm(final, x)
}

func (n *Net) embedding(name string) *program.Value {
	return n.table(name+".weight", n.c.Vocab)
}

// table declares a parameter of which rows are taken by id.
func (n *Net) table(name string, rows int) *program.Value {
	known := len(n.params)
	v := n.param(name, n.normal(), rows, n.c.Hidden)
	if len(n.params) > known {
		n.params[known].Table = true
	}
	return v
}

// output is the matrix of the output layer.
func (n *Net) output() *program.Value {
	if n.c.Head != LanguageModel {
		n.b.Fail("a reward model has no output layer over the vocabulary")
	}
	embed, _, _, head := n.names()
	if n.c.Tied {
		return n.embedding(embed)
	}
	return n.param(head+".weight", n.normal(), n.c.Vocab, n.c.Hidden)
}

// Logits are the scores of all words for each row of hidden, [n, vocab].
func (n *Net) Logits(hidden *program.Value) *program.Value {
	return n.b.Linear(hidden, n.output(), nil)
}

// LogProb is the log-probability of each row's target, [n]; a negative target
// gives 0 and costs nothing.
func (n *Net) LogProb(hidden, target *program.Value) *program.Value {
	return n.b.LinearLogProb(hidden, n.output(), target)
}

// Score is a reward model's score, [k,1], read at the rows named by last [k].
func (n *Net) Score(hidden, last *program.Value) *program.Value {
	if n.c.Head != RewardModel {
		n.b.Fail("a language model has no score")
	}
	name := n.c.ScoreName
	if name == "" {
		name = "score"
	}
	w := n.param(name+".weight", n.normal(), 1, n.c.Hidden)
	var bias *program.Value
	if n.c.ScoreBias {
		bias = n.param(name+".bias", n.zeros(), 1)
	}
	return n.b.Linear(n.b.Gather(hidden, last), w, bias)
}
