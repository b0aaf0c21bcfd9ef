package train

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"divvy/gpu/cpu"
	"divvy/gpu/hf"
	"divvy/gpu/model"
	"divvy/gpu/program"
	"divvy/stdlib/tokenize"
)

// The architectures of NewTiny.
const (
	OPT     = model.OPT
	LLaMA   = model.LLaMA
	GPTNeoX = model.GPTNeoX
)

// Model is a language model or a reward model with its tokenizer. It does not
// change: training gives another one.
type Model struct {
	config    model.Config
	weights   model.Weights
	tokenizer *tokenize.Tokenizer
	files     map[string][]byte // the tokenizer's
	eos       int32
	device    program.Device
}

// Open reads a model's folder in the layout of Hugging Face's transformers:
// config.json, safetensors, and a tokenizer that package tokenize reads
// (tokenizer.json of byte-level BPE, or tokenizer.model). A tokenizer read by
// other means can be given with OpenWith. Of two tokenizers tokenizer.json is
// taken, if it can be read. Reading ends with ctx.
func Open(ctx context.Context, dir string) (*Model, error) {
	var tok *tokenize.Tokenizer
	var err error
	for _, form := range []struct {
		name string
		read func(string) (*tokenize.Tokenizer, error)
	}{{"tokenizer.json", tokenize.HuggingFace}, {"tokenizer.model", tokenize.LLaMA}} {
		path := filepath.Join(dir, form.name)
		if _, e := os.Stat(path); e != nil {
			continue
		}
		t, e := form.read(path)
		if e == nil {
			tok = t
			break
		}
		err = errors.Join(err, e)
	}
	if tok == nil {
		if err == nil {
			err = errors.New("there is neither tokenizer.json nor tokenizer.model")
		}
		return nil, fmt.Errorf("opening the model in %s: %w", dir, err)
	}
	return OpenWith(ctx, dir, tok)
}

// OpenWith is Open with a tokenizer of the caller's.
func OpenWith(ctx context.Context, dir string, tok *tokenize.Tokenizer) (*Model, error) {
	m, err := hf.Load(ctx, dir)
	if err != nil {
		return nil, err
	}
	if tok.VocabSize() > m.Config.Vocab {
		return nil, fmt.Errorf("opening the model in %s: the tokenizer has %d ids, the model %d", dir, tok.VocabSize(), m.Config.Vocab)
	}
	eos := int32(m.Config.EOS)
	if eos < 0 {
		return nil, fmt.Errorf("opening the model in %s: config.json names no eos_token_id", dir)
	}
	return &Model{m.Config, m.Weights, tok, m.Tokenizer, eos, cpu.New(0)}, nil
}

// Tiny describes a model to be trained from nothing. Zero fields mean the
// defaults.
type Tiny struct {
	// Tokenizer gives the vocabulary; NewBPE trains one.
	Tokenizer *BPE
	// Arch is OPT (default), LLaMA or GPTNeoX.
	Arch string
	// Hidden is the width, 128 by default; a multiple of 32 is best.
	Hidden int
	// Layers is the number of blocks, 4 by default.
	Layers int
	// Seed of the first weights.
	Seed uint64
}

// NewTiny begins a language model with random weights.
func NewTiny(t Tiny) (*Model, error) {
	if t.Tokenizer == nil {
		return nil, errors.New("a tiny model needs a tokenizer; NewBPE trains one")
	}
	if t.Arch == "" {
		t.Arch = OPT
	}
	if t.Hidden == 0 {
		t.Hidden = 128
	}
	if t.Layers == 0 {
		t.Layers = 4
	}
	c := model.NewTiny(t.Arch, t.Tokenizer.Tokenizer.VocabSize(), t.Hidden, t.Layers)
	c.BOS, c.EOS = int(t.Tokenizer.EndOfText), int(t.Tokenizer.EndOfText)
	params, err := model.Params(c, model.Options{})
	if err != nil {
		return nil, err
	}
	return &Model{c, model.Initial(params, t.Seed), t.Tokenizer.Tokenizer, map[string][]byte{"tokenizer.json": t.Tokenizer.JSON}, t.Tokenizer.EndOfText, cpu.New(0)}, nil
}

// AsReward is the same body with a fresh score head, to be trained with
// Algorithm "Reward".
func (m *Model) AsReward(seed uint64) (*Model, error) {
	r := *m
	r.config = m.config.AsReward()
	r.config.ScoreName, r.config.ScoreBias = "score", false
	params, err := model.Params(r.config, model.Options{})
	if err != nil {
		return nil, err
	}
	r.weights = model.Initial(params, seed)
	for name := range r.weights {
		if w := m.weights[name]; w != nil {
			r.weights[name] = w
		}
	}
	return &r, nil
}

// Save writes the model's folder, which Open and transformers read. storage is
// "F32", "F16" or "BF16"; "" means F32.
func (m *Model) Save(ctx context.Context, dir, storage string) error {
	return hf.Save(ctx, dir, &hf.Model{Config: m.config, Weights: m.weights, Tokenizer: m.files}, hf.SaveOptions{Storage: storage})
}

// Tokenizer is the model's tokenizer.
func (m *Model) Tokenizer() *tokenize.Tokenizer { return m.tokenizer }

// Parameters is the number of parameters.
func (m *Model) Parameters() int {
	n := 0
	for _, w := range m.weights {
		n += w.Len()
	}
	return n
}

// fingerprint identifies the weights and the tokenizer.
func (m *Model) fingerprint() string {
	h := sha256.New()
	for id := range m.tokenizer.VocabSize() {
		fmt.Fprintf(h, "%q", m.tokenizer.Token(int32(id)))
	}
	return fmt.Sprintf("%s %s %x %s", m.config.Arch, m.config.Head, h.Sum(nil)[:16], m.weights.Hash())
}

// IsReward says whether the model scores texts instead of writing them.
func (m *Model) IsReward() bool { return m.config.Head == model.RewardModel }

// String describes the model in a line.
func (m *Model) String() string {
	c := m.config
	return fmt.Sprintf("%s %s model: %d parameters, %d layers of width %d, %d heads, vocabulary %d",
		c.Arch, c.Head, m.Parameters(), c.Layers, c.Hidden, c.Heads, c.Vocab)
}

// tail is the last n ids.
func tail(ids []int32, n int) []int32 { return ids[max(0, len(ids)-n):] }

// promptIDs is a prompt's tokens, with BOS where the tokenizer has one and EOS
// in its place where it has none, as a text needs a token to begin with.
func (m *Model) promptIDs(prompt string) []int32 {
	ids := m.tokenizer.WithBOS(true).Encode(prompt)
	if m.tokenizer.BOS() < 0 {
		ids = append([]int32{m.eos}, ids...)
	}
	return ids
}

// responseIDs is a response's tokens behind a prompt, with EOS at the end.
func (m *Model) responseIDs(response string) []int32 {
	return append(m.tokenizer.WithBOS(false).Encode(" "+response), m.eos)
}
