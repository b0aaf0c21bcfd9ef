// Package generate writes texts with a language model: greedy or sampled, in
// batches, with a cache of keys and values.
//
// Prompts of a batch are padded on the left to one length, the cache holds a
// place for every token, and each step runs one token a row. The package knows
// token ids, not text; stopping at a string is the caller's, through Options.Stop.
package generate

import (
	"context"
	"fmt"
	"math/rand/v2"

	"divvy/gpu/model"
	"divvy/gpu/program"
)

// Options say how to write. The zero value is greedy decoding of 128 tokens.
type Options struct {
	// MaxNew is the largest number of new tokens; 0 means 128.
	MaxNew int
	// Temperature divides the logits; 0 means greedy: always the likeliest token.
	Temperature float64
	// TopK keeps that many of the likeliest tokens; 0 keeps all.
	TopK int
	// TopP keeps the likeliest tokens whose probabilities add up to at least
	// that; 0 keeps all.
	TopP float64
	// Seed of the sampling. Each prompt has a random stream of its own, made of
	// the seed and its index, so that a text does not depend on its batch.
	Seed uint64
	// Batch is how many texts are written at once; 0 means 28.
	Batch int
	// Stop is asked after each token of text i, the new tokens being given,
	// whether to end it. nil never does; the model's EOS always ends a text and
	// is left out of it.
	Stop func(i int, tokens []int32) bool
	// Stream is told of each new token of text i. nil means nobody.
	Stream func(i int, token int32)
	// Progress is told how many texts are done, after each batch. nil means
	// nobody.
	Progress func(done, of int)
}

// Generator is a language model on a device.
type Generator struct {
	dev    program.Device
	c      model.Config
	typ    program.DType // of weights, activations and cache
	params map[string]program.Buffer
	exes   map[shape]program.Executable
	ahead  int  // steps of a run
	joined bool // see model.Options
}

// ahead is how many tokens of each text are written in one run on devices that are
// distant. A text that ends before takes no notice of those behind.
const ahead = 8

// shape is what a Program for generation depends on: texts, tokens given at
// once, tokens written, places in the cache, and how tokens are chosen.
type shape struct {
	rows, tokens, steps, places int
	by                          program.SampleOptions // temperature 0: the likeliest
	joined                      bool
}

// New puts a language model on a device, in F32.
func New(dev program.Device, c model.Config, w model.Weights) (*Generator, error) {
	return NewIn(dev, c, w, program.F32)
}

// NewIn is New with weights, activations and cache in a given type: BF16 takes
// half the memory and, on devices made for it, half the time.
func NewIn(dev program.Device, c model.Config, w model.Weights, t program.DType) (*Generator, error) {
	if c.Head != model.LanguageModel {
		return nil, fmt.Errorf("generating: a model with head %q writes no text", c.Head)
	}
	params, err := model.Params(c, model.Options{})
	if err != nil {
		return nil, err
	}
	if err := w.Check(params); err != nil {
		return nil, fmt.Errorf("generating: %w", err)
	}
	g := &Generator{dev: dev, c: c, typ: t, params: map[string]program.Buffer{}, exes: map[shape]program.Executable{}, ahead: 1}
	if program.IsDistant(dev) { // few large calls are better than many small ones
		g.ahead, g.joined = ahead, true
		w = w.Join(c)
		if params, err = model.Params(c, model.Options{Joined: true}); err != nil {
			return nil, err
		}
	}
	for _, p := range params {
		if g.params[p.Name], err = dev.Upload(w[p.Name].As(t)); err != nil {
			return nil, fmt.Errorf("generating: parameter %q: %w", p.Name, err)
		}
	}
	return g, nil
}

// Generate continues each prompt and returns the new tokens. When ctx ends it
// returns what it has with ctx's error; texts not begun are nil.
func (g *Generator) Generate(ctx context.Context, prompts [][]int32, o Options) ([][]int32, error) {
	if o.MaxNew == 0 {
		o.MaxNew = 128
	}
	if o.Batch == 0 {
		o.Batch = 28
	}
	if o.MaxNew < 0 || o.Batch < 0 || o.Temperature < 0 || o.TopK < 0 || o.TopP < 0 || o.TopP > 1 {
		return nil, fmt.Errorf("generating: settings %+v", o)
	}
	for i, p := range prompts {
		if len(p) == 0 {
			return nil, fmt.Errorf("generating: prompt %d has no token", i)
		}
		if n := len(p) + o.MaxNew; n > g.c.MaxPositions {
			return nil, fmt.Errorf("generating: prompt %d and %d new tokens take %d positions, the model has %d", i, o.MaxNew, n, g.c.MaxPositions)
		}
	}
	out := make([][]int32, len(prompts))
	for lo := 0; lo < len(prompts); lo += o.Batch {
		hi := min(len(prompts), lo+o.Batch)
		if err := g.batch(ctx, prompts[lo:hi], out[lo:hi], lo, o); err != nil {
			return out, fmt.Errorf("generating texts %d to %d of %d: %w", lo, hi, len(prompts), err)
		}
		if o.Progress != nil {
			o.Progress(hi, len(prompts))
		}
	}
	return out, nil
}

// executable compiles the Program for a shape once.
func (g *Generator) executable(s shape) (program.Executable, error) {
	if e := g.exes[s]; e != nil {
		return e, nil
	}
	p, err := s.program(g.c, g.typ)
	if err != nil {
		return nil, err
	}
	e, err := g.dev.Compile(p)
	if err != nil {
		return nil, err
	}
	const kept = 8
	if len(g.exes) >= kept {
		clear(g.exes)
	}
	g.exes[s] = e
	return e, nil
}

// StepProgram is the Program by which rows texts with a cache of some places get
// their next, likeliest tokens, as many as steps; with tokens above 1 it is that of
// the prompts, and steps is 1. It is that of a device that is distant, to look at
// or to compile where there are no weights.
func StepProgram(c model.Config, t program.DType, rows, tokens, steps, places int) (*program.Program, error) {
	return shape{rows: rows, tokens: tokens, steps: steps, places: places, joined: true}.program(c, t)
}

// program writes a run of a model with weights, activations and cache in a type.
func (s shape) program(c model.Config, typ program.DType) (*program.Program, error) {
	return program.Build(fmt.Sprintf("generate %+v", s), func(b *program.Builder) {
		net := model.NewNet(b, c, model.Options{Store: typ, Compute: typ, Joined: s.joined})
		t := model.Tokens{
			Rows: s.rows, Reach: b.Input(program.State, reachState, program.I32, s.rows*s.places),
			Cache: model.NewCache(b, c, typ, s.rows, s.places),
		}
		first := b.Input(program.State, tokenState, program.I32, s.rows)
		token := first
		if s.tokens > 1 {
			in := func(name string, n int) *program.Value { return b.Input(program.Data, name, program.I32, n) }
			n := s.rows * s.tokens
			t.IDs, t.Position, t.At, t.Own = in("ids", n), in("position", n), in("at", n), in("own reach", n)
			token = s.next(b, net, b.Gather(net.Hidden(t), in("last", s.rows)), 0)
		} else {
			// Where the tokens stand is counted on the device, too.
			count := func(name string) *program.Value {
				v := b.Input(program.State, name, program.F32, s.rows)
				b.Assign(v, b.Shift(v, float64(s.steps)))
				return v
			}
			position, at := count(positionState), count(atState)
			for i := range s.steps {
				// Steps behind the last that is wanted stay at the last position.
				last := b.Const(program.F32, float64(1-c.MaxPositions), s.rows)
				t.Position = b.Convert(b.Neg(b.Maximum(b.Neg(b.Shift(position, float64(i))), last)), program.I32)
				t.IDs, t.At = token, b.Convert(b.Shift(at, float64(i)), program.I32)
				token = s.next(b, net, net.Hidden(t), i)
			}
		}
		t.Cache.Keep(b)
		b.Assign(first, token)
	})
}

// next chooses a token for each row of hidden: a number a text comes back, and not
// its logits.
func (s shape) next(b *program.Builder, net *model.Net, hidden *program.Value, step int) *program.Value {
	logits := b.Convert(net.Logits(hidden), program.F32)
	var next *program.Value
	if s.by.Temperature == 0 {
		next = b.ArgMax(logits)
	} else {
		next = b.Sample(logits, b.Input(program.Data, chanceName(step), program.F32, s.rows), s.by)
	}
	b.Output(nextName(step), next)
	return next
}

// The names of the tokens that a step of a run chooses, and of the random numbers
// by which it does.
func nextName(step int) string   { return fmt.Sprint("next.", step) }
func chanceName(step int) string { return fmt.Sprint("chance.", step) }

// round is n rounded up to a multiple, so that few shapes are compiled.
func round(n, multiple int) int { return (n + multiple - 1) / multiple * multiple }

// batch writes the texts of one batch; first is the index of the first.
func (g *Generator) batch(ctx context.Context, prompts, out [][]int32, first int, o Options) error {
	longest := 0
	for _, p := range prompts {
		longest = max(longest, len(p))
	}
	width := round(longest, 32)
	// The last run may write more than is wanted, which must not reach other texts.
	s := shape{len(prompts), width, 1, round(width+1+round(o.MaxNew-1, g.ahead), 64), program.SampleOptions{Temperature: o.Temperature, TopK: o.TopK, TopP: o.TopP}, g.joined}
	if o.Temperature == 0 {
		s.by = program.SampleOptions{}
	}
	run := newRun(prompts, s, o, first)
	state, err := g.state(s, run)
	if err != nil {
		return err
	}
	data := run.prefill()
	for n := 0; n < o.MaxNew; {
		e, err := g.executable(s)
		if err != nil {
			return err
		}
		res, err := e.Run(ctx, program.Bindings{State: state, Data: data})
		if err != nil {
			copy(out, run.tokens)
			return err
		}
		ended := false
		for i := 0; i < s.steps && n < o.MaxNew && !ended; i++ {
			ended = run.take(res[nextName(i)], g.c.EOS)
			n++
		}
		if ended {
			break
		}
		s.tokens, s.steps = 1, g.ahead
		data = run.chance(map[string]*program.Tensor{}, s.steps)
	}
	copy(out, run.tokens)
	return nil
}

// The states of a batch beside the cache: who may see whom among its places; each
// text's newest token, its position and its place in the cache.
const (
	reachState    = "cache.reach"
	tokenState    = "text.token"
	positionState = "text.position"
	atState       = "text.at"
)

// state is the parameters, an empty cache and where the texts stand after their
// prompts.
func (g *Generator) state(s shape, r *run) (map[string]program.Buffer, error) {
	state := make(map[string]program.Buffer, len(g.params))
	position, at := program.NewTensor(program.F32, s.rows), program.NewTensor(program.F32, s.rows)
	for i, p := range r.prompts {
		position.F32[i], at.F32[i] = float32(len(p)), float32(s.tokens)
	}
	for name, x := range map[string]*program.Tensor{
		reachState: program.Ints(r.reach), tokenState: program.NewTensor(program.I32, s.rows), positionState: position, atState: at,
	} {
		b, err := g.dev.Upload(x)
		if err != nil {
			return nil, err
		}
		state[name] = b
	}
	for name, b := range g.params {
		state[name] = b
	}
	names, dims := model.CacheNames(g.c, s.rows, s.places)
	for _, name := range names {
		b, err := program.Zeros(g.dev, g.typ, dims...)
		if err != nil {
			return nil, err
		}
		state[name] = b
	}
	return state, nil
}

// run is a batch being written.
type run struct {
	prompts [][]int32
	s       shape
	o       Options
	first   int
	reach   []int32
	tokens  [][]int32
	done    []bool
	rngs    []*rand.Rand
}

func newRun(prompts [][]int32, s shape, o Options, first int) *run {
	r := &run{prompts: prompts, s: s, o: o, first: first, tokens: make([][]int32, len(prompts)), done: make([]bool, len(prompts))}
	for i, p := range prompts {
		r.tokens[i] = []int32{}
		r.rngs = append(r.rngs, rand.New(rand.NewPCG(o.Seed, uint64(first+i))))
		for j := range s.places {
			reach := int32(s.places - 1)
			if j < s.tokens-len(p) {
				reach = -1 // padding: seen by nothing
			}
			r.reach = append(r.reach, reach)
		}
	}
	return r
}

// prefill is the data of the first run: all prompts, padded on the left.
func (r *run) prefill() map[string]*program.Tensor {
	width := r.s.tokens
	n := len(r.prompts) * width
	ids, position, at, own := make([]int32, n), make([]int32, n), make([]int32, n), make([]int32, n)
	last := make([]int32, len(r.prompts))
	for i, p := range r.prompts {
		pad := width - len(p)
		for j := range width {
			at[i*width+j], own[i*width+j] = int32(j), -1 // padding is seen by nothing
			if j >= pad {
				own[i*width+j] = int32(width - 1)
				ids[i*width+j], position[i*width+j] = p[j-pad], int32(j-pad)
			}
		}
		last[i] = int32((i+1)*width - 1)
	}
	return r.chance(map[string]*program.Tensor{
		"ids": program.Ints(ids), "position": program.Ints(position), "at": program.Ints(at), "own reach": program.Ints(own), "last": program.Ints(last),
	}, 1)
}

// chance adds a random number for each step and each text that goes on, if tokens
// are drawn. What is drawn for a step behind a text's end is used by nothing.
func (r *run) chance(d map[string]*program.Tensor, steps int) map[string]*program.Tensor {
	if r.s.by.Temperature == 0 {
		return d
	}
	for step := range steps {
		chance := make([]float32, len(r.prompts))
		for i, rng := range r.rngs {
			if !r.done[i] {
				chance[i] = rng.Float32()
			}
		}
		d[chanceName(step)] = program.Floats(chance)
	}
	return d
}

// take adds each text's next token; it says whether all texts have ended.
func (r *run) take(next *program.Tensor, eos int) bool {
	all := true
	for i := range r.prompts {
		if r.done[i] {
			continue
		}
		id := next.I32[i]
		if int(id) == eos {
			r.done[i] = true
			continue
		}
		r.tokens[i] = append(r.tokens[i], id)
		if r.o.Stream != nil {
			r.o.Stream(r.first+i, id)
		}
		r.done[i] = r.o.Stop != nil && r.o.Stop(r.first+i, r.tokens[i])
		all = all && r.done[i]
	}
	return all
}
