// Package hf loads and saves models in the layout of Hugging Face's
// transformers: config.json, one or several safetensors files, and the
// tokenizer's files, which it carries along unread.
//
// It knows model configurations and weights; it knows no device.
package hf

import (
	"cmp"
	"encoding/json"
	"fmt"

	"divvy/gpu/model"
)

// file is config.json as far as we read and write it. Numbers that may be
// absent are pointers.
type file struct {
	ModelType     string         `json:"model_type"`
	Architectures []string       `json:"architectures,omitempty"`
	DType         string         `json:"dtype,omitempty"`
	TorchDType    string         `json:"torch_dtype,omitempty"` // dtype's name before version 5
	Vocab         int            `json:"vocab_size"`
	Hidden        int            `json:"hidden_size"`
	Layers        int            `json:"num_hidden_layers"`
	Heads         int            `json:"num_attention_heads"`
	KVHeads       int            `json:"num_key_value_heads,omitempty"`
	HeadDim       int            `json:"head_dim,omitempty"`
	Intermediate  int            `json:"intermediate_size,omitempty"`
	FFN           int            `json:"ffn_dim,omitempty"` // OPT
	MaxPositions  int            `json:"max_position_embeddings"`
	InitStd       float64        `json:"initializer_range,omitempty"`
	InitStdOPT    float64        `json:"init_std,omitempty"`
	Tied          *bool          `json:"tie_word_embeddings,omitempty"`
	BOS           *int           `json:"bos_token_id,omitempty"`
	EOS           *int           `json:"eos_token_id,omitempty"`
	Pad           *int           `json:"pad_token_id,omitempty"`
	HiddenAct     string         `json:"hidden_act,omitempty"`
	Activation    string         `json:"activation_function,omitempty"` // OPT
	RMSEps        float64        `json:"rms_norm_eps,omitempty"`
	LayerEps      float64        `json:"layer_norm_eps,omitempty"`
	RopeTheta     float64        `json:"rope_theta,omitempty"`
	RotaryBase    float64        `json:"rotary_emb_base,omitempty"`
	RotaryPct     *float64       `json:"rotary_pct,omitempty"`
	RopeScaling   map[string]any `json:"rope_scaling,omitempty"`
	Rope          map[string]any `json:"rope_parameters,omitempty"` // since version 5
	Parallel      *bool          `json:"use_parallel_residual,omitempty"`
	AttentionBias *bool          `json:"attention_bias,omitempty"`
	MLPBias       bool           `json:"mlp_bias,omitempty"`
	PreNorm       *bool          `json:"do_layer_norm_before,omitempty"`
	EmbedProj     int            `json:"word_embed_proj_dim,omitempty"`
	Labels        int            `json:"num_labels,omitempty"`
	Dropout       *float64       `json:"dropout,omitempty"`
	Pooling       string         `json:"pooling,omitempty"` // OpenAssistant's reward models
}

// ParseConfig reads a config.json. What our models do not do is refused by name
// rather than ignored.
func ParseConfig(data []byte) (model.Config, error) {
	var f file
	if err := json.Unmarshal(data, &f); err != nil {
		return model.Config{}, fmt.Errorf("config.json: %w", err)
	}
	c, err := f.config()
	if err == nil {
		err = c.Validate()
	}
	if err != nil {
		return model.Config{}, fmt.Errorf("config.json of model type %q: %w", f.ModelType, err)
	}
	return c, nil
}

func (f *file) config() (model.Config, error) {
	c := model.Config{
		Arch: f.ModelType, Head: model.LanguageModel, Vocab: f.Vocab, Hidden: f.Hidden, Layers: f.Layers, Heads: f.Heads,
		KVHeads: f.Heads, FFN: f.Intermediate, MaxPositions: f.MaxPositions, InitStd: f.InitStd,
		BOS: or(f.BOS, -1), EOS: or(f.EOS, -1), Pad: or(f.Pad, -1),
	}
	for _, a := range f.Architectures {
		switch a {
		case "GPTNeoXRewardModel":
			c.Head, c.ScoreName, c.ScoreBias = model.RewardModel, "out_proj", true
			if f.Pooling != "" && f.Pooling != "last" {
				return c, fmt.Errorf("pooling %q is not supported, only \"last\"", f.Pooling)
			}
		case "OPTForSequenceClassification", "LlamaForSequenceClassification", "GPTNeoXForSequenceClassification":
			c.Head, c.ScoreName = model.RewardModel, "score"
			if f.Labels != 1 {
				return c, fmt.Errorf("a classifier with %d labels is no reward model", f.Labels)
			}
		}
	}
	if f.RopeScaling != nil {
		if t, _ := f.RopeScaling["rope_type"].(string); t != "default" {
			return c, fmt.Errorf("rope_scaling %v is not supported", f.RopeScaling)
		}
	}
	if t, _ := f.Rope["rope_type"].(string); t != "" && t != "default" {
		return c, fmt.Errorf("rope_type %q is not supported", t)
	}
	if c.Heads < 1 {
		return c, fmt.Errorf("num_attention_heads is %d", c.Heads)
	}
	if act := cmp.Or(f.HiddenAct, f.Activation); act != "" && activations[act] == "" {
		return c, fmt.Errorf("the activation %q is not supported", act)
	}
	var err error
	switch f.ModelType {
	case model.OPT:
		err = f.opt(&c)
	case model.LLaMA:
		err = f.llama(&c)
	case model.GPTNeoX, "gpt_neox_reward_model":
		c.Arch = model.GPTNeoX
		err = f.neox(&c)
	default:
		err = fmt.Errorf("only opt, llama and gpt_neox are supported")
	}
	return c, err
}

func or[T any](p *T, def T) T {
	if p == nil {
		return def
	}
	return *p
}

// number is the first of the values that is not 0.
func number(values ...float64) float64 {
	for _, v := range values {
		if v != 0 {
			return v
		}
	}
	return 0
}

func (f *file) rope(key string) float64 {
	x, _ := f.Rope[key].(float64)
	return x
}

var activations = map[string]string{
	"relu": model.ActivationReLU, "gelu": model.ActivationGELU, "gelu_new": model.ActivationGELUTanh,
	"gelu_pytorch_tanh": model.ActivationGELUTanh, "gelu_fast": model.ActivationGELUTanh, "silu": model.ActivationSiLU, "swish": model.ActivationSiLU,
}

func (f *file) opt(c *model.Config) error {
	c.FFN, c.NormEps, c.Tied = f.FFN, 1e-5, or(f.Tied, true)
	c.Activation = activations[f.Activation]
	c.InitStd = f.InitStdOPT
	if !or(f.PreNorm, true) {
		return fmt.Errorf("do_layer_norm_before=false (OPT-350M) is not supported")
	}
	if f.EmbedProj != 0 && f.EmbedProj != f.Hidden {
		return fmt.Errorf("word_embed_proj_dim %d differs from hidden_size %d", f.EmbedProj, f.Hidden)
	}
	return nil
}

func (f *file) llama(c *model.Config) error {
	c.KVHeads = max(f.KVHeads, 0)
	if c.KVHeads == 0 {
		c.KVHeads = c.Heads
	}
	c.NormEps, c.Tied = number(f.RMSEps, 1e-6), or(f.Tied, false)
	c.Activation = activations[f.HiddenAct]
	c.RotaryBase, c.RotaryDims = number(f.rope("rope_theta"), f.RopeTheta, 10000), c.HeadDim()
	if or(f.AttentionBias, false) || f.MLPBias {
		return fmt.Errorf("attention_bias and mlp_bias are not supported")
	}
	if f.HeadDim != 0 && f.HeadDim != c.HeadDim() {
		return fmt.Errorf("head_dim %d differs from hidden_size/num_attention_heads", f.HeadDim)
	}
	return nil
}

func (f *file) neox(c *model.Config) error {
	c.NormEps, c.Tied = number(f.LayerEps, 1e-5), or(f.Tied, false)
	c.Activation = activations[f.HiddenAct]
	c.Sequential = !or(f.Parallel, true)
	c.RotaryBase = number(f.rope("rope_theta"), f.RotaryBase, f.RopeTheta, 10000)
	c.RotaryDims = int(float64(c.HeadDim()) * number(f.rope("partial_rotary_factor"), or(f.RotaryPct, 0.25)))
	if !or(f.AttentionBias, true) {
		return fmt.Errorf("attention_bias=false is not supported")
	}
	return nil
}

// FormatConfig writes a config.json that transformers reads. Rotary settings
// are given in the form of version 4, which version 5 still reads, and of
// version 5. storage is "float32", "float16" or "bfloat16".
func FormatConfig(c model.Config, storage string) ([]byte, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	id := func(x int) *int {
		if x < 0 {
			return nil
		}
		return &x
	}
	f := file{
		ModelType: c.Arch, DType: storage, TorchDType: storage, Vocab: c.Vocab, Hidden: c.Hidden, Layers: c.Layers, Heads: c.Heads,
		MaxPositions: c.MaxPositions, InitStd: number(c.InitStd, 0.02), Tied: &c.Tied,
		BOS: id(c.BOS), EOS: id(c.EOS), Pad: id(c.Pad),
	}
	class := map[string]string{model.OPT: "OPT", model.LLaMA: "Llama", model.GPTNeoX: "GPTNeoX"}[c.Arch] + "ForCausalLM"
	if c.Head == model.RewardModel {
		class = class[:len(class)-len("ForCausalLM")] + "ForSequenceClassification"
		f.Labels = 1
		if c.ScoreName == "out_proj" {
			class, f.Labels, f.Pooling = "GPTNeoXRewardModel", 0, "last"
		}
	}
	f.Architectures = []string{class}
	act := map[string]string{
		model.ActivationReLU: "relu", model.ActivationGELU: "gelu", model.ActivationGELUTanh: "gelu_new", model.ActivationSiLU: "silu",
	}[c.Activation]
	yes, none := true, 0.0
	switch c.Arch {
	case model.OPT:
		f.FFN, f.Activation, f.PreNorm, f.EmbedProj, f.InitStdOPT, f.Dropout = c.FFN, act, &yes, c.Hidden, f.InitStd, &none
	case model.LLaMA:
		f.Intermediate, f.HiddenAct, f.KVHeads, f.RMSEps, f.RopeTheta = c.FFN, act, c.KVHeads, c.NormEps, c.RotaryBase
		f.Rope = map[string]any{"rope_type": "default", "rope_theta": c.RotaryBase}
	case model.GPTNeoX:
		pct := float64(c.RotaryDims) / float64(c.HeadDim())
		parallel := !c.Sequential
		f.Intermediate, f.HiddenAct, f.LayerEps, f.RotaryBase, f.RotaryPct, f.Parallel = c.FFN, act, c.NormEps, c.RotaryBase, &pct, &parallel
		f.Rope = map[string]any{"rope_type": "default", "rope_theta": c.RotaryBase, "partial_rotary_factor": pct}
	}
	return json.MarshalIndent(f, "", "  ")
}
