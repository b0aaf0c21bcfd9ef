// Package model writes the language models and reward models of the
// experiments as parts of a program.Program: OPT, LLaMA (with grouped-query
// attention) and GPT-NeoX (parallel residual, partial rotary).
//
// A model is a Config; a Net writes its forward pass into a Program and, on the
// way, declares its parameters under the names that Hugging Face's transformers
// gives them. Tokens come packed: several dialogues share a row, and a reach
// vector says who sees whom (see program.Builder.Attention).
//
// The package knows no device, no file and no loss.
package model

import (
	"errors"
	"fmt"
)

// The architectures.
const (
	OPT     = "opt"
	LLaMA   = "llama"
	GPTNeoX = "gpt_neox"
)

// The heads of a model.
const (
	LanguageModel = "lm"     // logits over the vocabulary
	RewardModel   = "reward" // one score for a text, read at its last token
)

// The activation functions of feed-forward layers.
const (
	ActivationReLU     = "relu"
	ActivationGELU     = "gelu"
	ActivationGELUTanh = "gelu_tanh"
	ActivationSiLU     = "silu"
)

// Config describes a model. NewTiny and the Hugging Face loader fill it in.
type Config struct {
	Arch         string  // OPT, LLaMA or GPTNeoX
	Head         string  // LanguageModel or RewardModel
	Vocab        int     // rows of the embedding
	Hidden       int     // width of the residual stream
	Layers       int     // blocks
	Heads        int     // attention heads
	KVHeads      int     // key and value heads; equal to Heads except in LLaMA
	FFN          int     // width of the feed-forward layer
	MaxPositions int     // longest text in tokens
	NormEps      float64 // added to the variance in normalisation
	Activation   string  // of the feed-forward layer
	RotaryBase   float64 // LLaMA, GPTNeoX
	RotaryDims   int     // rotated components of a head; LLaMA: all
	Sequential   bool    // GPTNeoX: attention before the feed-forward layer, not beside it
	Tied         bool    // the output layer is the embedding
	InitStd      float64 // standard deviation of initial weights; 0 means 0.02
	ScoreName    string  // RewardModel: name of the score layer; "" means "score", OpenAssistant's is "out_proj"
	ScoreBias    bool    // RewardModel: the score layer has a bias
	BOS, EOS     int     // ids of the tokens that begin and end a text; -1 if there is none
	Pad          int     // id of the padding token; -1 if there is none
}

// HeadDim is the width of an attention head.
func (c Config) HeadDim() int { return c.Hidden / c.Heads }

// Validate says what is wrong with a Config, if anything.
func (c Config) Validate() error {
	var errs []error
	bad := func(format string, a ...any) { errs = append(errs, fmt.Errorf(format, a...)) }
	switch c.Arch {
	case OPT, LLaMA, GPTNeoX:
	default:
		bad("architecture %q is none of opt, llama, gpt_neox", c.Arch)
	}
	if c.Head != LanguageModel && c.Head != RewardModel {
		bad("head %q is neither lm nor reward", c.Head)
	}
	for name, n := range map[string]int{"vocab": c.Vocab, "hidden": c.Hidden, "layers": c.Layers, "heads": c.Heads, "kv heads": c.KVHeads, "ffn": c.FFN, "max positions": c.MaxPositions} {
		if n < 1 {
			bad("%s is %d", name, n)
		}
	}
	if len(errs) > 0 {
		return fmt.Errorf("model configuration: %w", errors.Join(errs...))
	}
	if c.Hidden%c.Heads != 0 || c.Heads%c.KVHeads != 0 {
		bad("hidden %d, heads %d and kv heads %d do not divide", c.Hidden, c.Heads, c.KVHeads)
	}
	if c.Arch != LLaMA && c.KVHeads != c.Heads {
		bad("%s has as many kv heads as heads", c.Arch)
	}
	if c.Arch != OPT && (c.RotaryBase <= 0 || c.RotaryDims < 2 || c.RotaryDims%2 != 0 || c.RotaryDims > c.HeadDim()) {
		bad("rotary base %g and dimensions %d do not fit heads of %d", c.RotaryBase, c.RotaryDims, c.HeadDim())
	}
	switch c.Activation {
	case ActivationReLU, ActivationGELU, ActivationGELUTanh, ActivationSiLU:
	default:
		bad("activation %q is not known", c.Activation)
	}
	if len(errs) > 0 {
		return fmt.Errorf("model configuration: %w", errors.Join(errs...))
	}
	return nil
}

// NewTiny is the Config of a small model for training from nothing: the given
// architecture with sizes that fit the width. Heads are 32 wide.
func NewTiny(arch string, vocab, hidden, layers int) Config {
	c := Config{
		Arch: arch, Head: LanguageModel, Vocab: vocab, Hidden: hidden, Layers: layers,
		Heads: max(1, hidden/32), FFN: 4 * hidden, MaxPositions: 2048, NormEps: 1e-5,
		Activation: ActivationReLU, Tied: true, BOS: -1, EOS: -1, Pad: -1,
	}
	c.KVHeads = c.Heads
	switch arch {
	case LLaMA:
		c.FFN = (8*hidden/3 + 15) / 16 * 16 // three matrices instead of two
		c.Activation, c.RotaryBase, c.RotaryDims = ActivationSiLU, 10000, c.HeadDim()
	case GPTNeoX:
		c.Activation, c.RotaryBase, c.RotaryDims = ActivationGELU, 10000, max(2, c.HeadDim()/4/2*2)
	}
	return c
}

// AsReward is the same body with a score head.
func (c Config) AsReward() Config {
	c.Head = RewardModel
	if c.Arch == GPTNeoX && c.ScoreName == "" {
		c.ScoreName, c.ScoreBias = "out_proj", true
	}
	return c
}
