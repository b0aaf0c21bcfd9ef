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
}

// shape is what a Program for generation depends on: texts, tokens given at
// once, places in the cache.
type shape struct{ rows, tokens, places int }

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
	g := &Generator{dev: dev, c: c, typ: t, params: map[string]program.Buffer{}, exes: map[shape]program.Executable{}}
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
	p, err := program.Build(fmt.Sprintf("generate %+v", s), func(b *program.Builder) {
		n := s.rows * s.tokens
		in := func(name string, n int) *program.Value { return b.Input(program.Data, name, program.I32, n) }
		net := model.NewNet(b, g.c, model.Options{Store: g.typ, Compute: g.typ})
		hidden := net.Hidden(model.Tokens{
			IDs: in("ids", n), Position: in("position", n), At: in("at", n), Reach: in("reach", s.rows*s.places), Rows: s.rows,
			Cache: model.NewCache(b, g.c, g.typ, s.rows, s.places),
		})
		b.Output("logits", b.Convert(net.Logits(b.Gather(hidden, in("last", s.rows))), program.F32))
	})
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

// round is n rounded up to a multiple, so that few shapes are compiled.
func round(n, multiple int) int { return (n + multiple - 1) / multiple * multiple }

// batch writes the texts of one batch; first is the index of the first.
func (g *Generator) batch(ctx context.Context, prompts, out [][]int32, first int, o Options) error {
	longest := 0
	for _, p := range prompts {
		longest = max(longest, len(p))
	}
	width := round(longest, 32)
	s := shape{len(prompts), width, round(width+o.MaxNew, 64)}
	state, err := g.state(s)
	if err != nil {
		return err
	}
	run := newRun(prompts, s, o, first)
	data := run.prefill()
	for n := 0; n < o.MaxNew; n++ {
		e, err := g.executable(s)
		if err != nil {
			return err
		}
		res, err := e.Run(ctx, program.Bindings{State: state, Data: data})
		if err != nil {
			copy(out, run.tokens)
			return err
		}
		if run.take(res["logits"], g.c.EOS) {
			break
		}
		s.tokens = 1
		data = run.next(width + n)
	}
	copy(out, run.tokens)
	return nil
}

// state is the parameters and an empty cache.
func (g *Generator) state(s shape) (map[string]program.Buffer, error) {
	state := make(map[string]program.Buffer, len(g.params))
	for name, b := range g.params {
		state[name] = b
	}
	names, dims := model.CacheNames(g.c, s.rows, s.places)
	for _, name := range names {
		b, err := g.dev.Upload(program.NewTensor(g.typ, dims...))
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
	ids, position, at := make([]int32, n), make([]int32, n), make([]int32, n)
	last := make([]int32, len(r.prompts))
	for i, p := range r.prompts {
		pad := width - len(p)
		for j := range width {
			at[i*width+j] = int32(j)
			if j >= pad {
				ids[i*width+j], position[i*width+j] = p[j-pad], int32(j-pad)
			}
		}
		last[i] = int32((i+1)*width - 1)
	}
	return r.data(ids, position, at, last)
}

// next is the data of a run of one token a text, at the given place.
func (r *run) next(place int) map[string]*program.Tensor {
	n := len(r.prompts)
	ids, position, at, last := make([]int32, n), make([]int32, n), make([]int32, n), make([]int32, n)
	for i, p := range r.prompts {
		if k := len(r.tokens[i]); k > 0 {
			ids[i] = r.tokens[i][k-1]
		}
		position[i] = int32(place - (r.s.tokens - len(p)))
		at[i], last[i] = int32(place), int32(i)
	}
	return r.data(ids, position, at, last)
}

func (r *run) data(ids, position, at, last []int32) map[string]*program.Tensor {
	return map[string]*program.Tensor{
		"ids": program.Ints(ids), "position": program.Ints(position), "at": program.Ints(at),
		"last": program.Ints(last), "reach": program.Ints(r.reach),
	}
}

// take chooses each text's next token; it says whether all texts have ended.
func (r *run) take(logits *program.Tensor, eos int) bool {
	v := logits.Shape[1]
	all := true
	for i := range r.prompts {
		if r.done[i] {
			continue
		}
		id := choose(logits.F32[i*v:(i+1)*v], r.o, r.rngs[i])
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
