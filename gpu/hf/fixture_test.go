package hf_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"divvy/gpu/cpu"
	"divvy/gpu/hf"
	"divvy/gpu/model"
	"divvy/gpu/program"
	"divvy/gpu/safetensors"
)

// The fixtures are made by gpu/testdata/make_fixtures.py with transformers.
var fixtures = []string{"opt", "llama", "gpt_neox"}

type expectation struct {
	IDs, Targets  [][]int32
	Scores        []float64
	Losses, Norms []float64
	tensors       *safetensors.File
}

func load(t *testing.T, name string) (*hf.Model, *expectation) {
	t.Helper()
	dir := filepath.Join("..", "testdata", name)
	m, err := hf.Load(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "expect.json"))
	if err != nil {
		t.Fatal(err)
	}
	e := &expectation{}
	if err := json.Unmarshal(data, e); err != nil {
		t.Fatal(err)
	}
	if e.tensors, err = safetensors.Open(filepath.Join(dir, "expect.safetensors")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.tensors.Close() })
	return m, e
}

// packed puts the texts behind each other in one row: position, reach, and as
// target of each token the one that follows.
func (e *expectation) packed() (map[string]*program.Tensor, int) {
	var ids, position, reach, target []int32
	for i, text := range e.IDs {
		end := int32(len(ids) + len(text) - 1)
		for j, id := range text {
			ids, position, reach = append(ids, id), append(position, int32(j)), append(reach, end)
			next := int32(-1)
			if j+1 < len(text) && e.Targets[i][j+1] >= 0 {
				next = e.Targets[i][j+1]
			}
			target = append(target, next)
		}
	}
	return map[string]*program.Tensor{
		"ids": program.Ints(ids), "position": program.Ints(position), "reach": program.Ints(reach), "target": program.Ints(target),
	}, len(ids)
}

// net begins a model over the packed texts.
func (e *expectation) net(b *program.Builder, c model.Config, store, compute program.DType) (*model.Net, *program.Value) {
	_, n := e.packed()
	net := model.NewNet(b, c, model.Options{Store: store, Compute: compute})
	in := func(name string) *program.Value { return b.Input(program.Data, name, program.I32, n) }
	return net, net.Hidden(model.Tokens{IDs: in("ids"), Position: in("position"), Reach: in("reach"), Rows: 1})
}

// loss is the mean cross-entropy over the targets.
func loss(b *program.Builder, net *model.Net, hidden *program.Value, targets int) *program.Value {
	lp := net.LogProb(hidden, b.Input(program.Data, "target", program.I32, hidden.Dim(0)))
	return b.Scale(b.Sum(lp), -1/float64(targets))
}

func run(t *testing.T, p *program.Program, err error, state map[string]program.Buffer, data map[string]*program.Tensor) map[string]*program.Tensor {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	exe, err := cpu.New(0).Compile(p)
	if err != nil {
		t.Fatal(err)
	}
	need := map[string]*program.Tensor{}
	for _, in := range p.Inputs {
		if in.Op.Attr.Role == program.Data {
			need[in.Op.Attr.Name] = data[in.Op.Attr.Name]
		}
	}
	out, err := exe.Run(context.Background(), program.Bindings{State: state, Data: need})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func state(t *testing.T, w model.Weights, typ program.DType) map[string]program.Buffer {
	t.Helper()
	s := map[string]program.Buffer{}
	for name, x := range w {
		b, err := cpu.New(0).Upload(x.As(typ))
		if err != nil {
			t.Fatal(err)
		}
		s[name] = b
	}
	return s
}

// distance is the largest difference, relative to the largest element wanted.
func distance(t *testing.T, got *program.Tensor, want *program.Tensor) float64 {
	t.Helper()
	if got.Len() != want.Len() {
		t.Fatalf("length %d, want %d", got.Len(), want.Len())
	}
	var d, largest float64
	for i := range want.Len() {
		d = max(d, math.Abs(got.At(i)-want.At(i)))
		largest = max(largest, math.Abs(want.At(i)))
		if math.IsNaN(got.At(i)) {
			return math.NaN()
		}
	}
	if largest == 0 {
		return d
	}
	return d / largest
}

func TestLogitsAndScores(t *testing.T) {
	for _, name := range fixtures {
		t.Run(name, func(t *testing.T) {
			m, e := load(t, name)
			data, n := e.packed()
			p, err := program.Build("logits", func(b *program.Builder) {
				net, h := e.net(b, m.Config, program.F32, program.F32)
				b.Output("logits", net.Logits(h))
			})
			got := run(t, p, err, state(t, m.Weights, program.F32), data)["logits"]
			at := 0
			for i, text := range e.IDs {
				want, err := e.tensors.Read(fmt.Sprintf("logits.%d", i))
				if err != nil {
					t.Fatal(err)
				}
				part := program.Floats(got.F32[at*m.Config.Vocab:(at+len(text))*m.Config.Vocab], len(text), m.Config.Vocab)
				if d := distance(t, part, want); !(d <= 1e-5) {
					t.Errorf("logits of text %d are %.2g off", i, d)
				}
				at += len(text)
			}
			if at != n {
				t.Fatal("texts lost")
			}

			c := m.Config.AsReward()
			c.ScoreName, c.ScoreBias = "score", false
			w := m.Weights.Clone()
			w["score.weight"], err = e.tensors.Read("score.weight")
			if err != nil {
				t.Fatal(err)
			}
			p, err = program.Build("score", func(b *program.Builder) {
				net, h := e.net(b, c, program.F32, program.F32)
				b.Output("score", net.Score(h, b.Input(program.Data, "last", program.I32, 2)))
			})
			data["last"] = program.Ints([]int32{int32(len(e.IDs[0]) - 1), int32(n - 1)})
			got = run(t, p, err, state(t, w, program.F32), data)["score"]
			for i, want := range e.Scores {
				if math.Abs(got.At(i)-want) > 1e-5*max(1, math.Abs(want)) {
					t.Errorf("score %d is %g, want %g", i, got.At(i), want)
				}
			}
		})
	}
}

func TestGradients(t *testing.T) {
	for _, name := range fixtures {
		t.Run(name, func(t *testing.T) {
			m, e := load(t, name)
			data, _ := e.packed()
			var params []model.Param
			p, err := program.Build("gradient", func(b *program.Builder) {
				net, h := e.net(b, m.Config, program.F32, program.F32)
				var values []*program.Value
				l := loss(b, net, h, targets(data))
				params, values = net.Trainable()
				b.Output("loss", l)
				for i, g := range b.Gradient(l, values...) {
					b.Output("d "+params[i].Name, g)
				}
			})
			out := run(t, p, err, state(t, m.Weights, program.F32), data)
			if math.Abs(out["loss"].At(0)-e.Losses[0]) > 1e-5*e.Losses[0] {
				t.Errorf("loss %g, want %g", out["loss"].At(0), e.Losses[0])
			}
			for _, q := range params {
				want, err := e.tensors.Read("grad." + q.Name)
				if err != nil {
					t.Fatal(err)
				}
				if d := distance(t, withoutKeyBias(q.Name, out["d "+q.Name]), withoutKeyBias(q.Name, want)); !(d <= 1e-4) {
					t.Errorf("gradient of %s is %.2g off", q.Name, d)
				}
			}
		})
	}
}

// withoutKeyBias clears the biases of keys: they move all scores of a query
// alike, so their gradient is 0 but for rounding, which AdamW blows up, and
// transformers computes the softmax in float32 even in a float64 model.
func withoutKeyBias(name string, x *program.Tensor) *program.Tensor {
	const dim = 8 // of a head in the fixtures
	x = x.Clone()
	for i := range x.Len() {
		if strings.HasSuffix(name, "k_proj.bias") || strings.HasSuffix(name, "query_key_value.bias") && i%(3*dim)/dim == 1 {
			x.Set(i, 0)
		}
	}
	return x
}

func targets(data map[string]*program.Tensor) (n int) {
	for _, x := range data["target"].I32 {
		if x >= 0 {
			n++
		}
	}
	return n
}

// TestAdamW follows twenty steps of PyTorch's optimiser with clipping.
func TestAdamW(t *testing.T) {
	for _, name := range fixtures {
		for typ, tol := range map[program.DType]float64{program.F32: 1e-3, program.F64: 1e-5} {
			t.Run(name+"/"+typ.String(), func(t *testing.T) {
				m, e := load(t, name)
				data, _ := e.packed()
				var params []model.Param
				p, err := program.Build("step", func(b *program.Builder) {
					net, h := e.net(b, m.Config, typ, typ)
					l := loss(b, net, h, targets(data))
					var values []*program.Value
					params, values = net.Trainable()
					adamW(b, params, values, b.Gradient(l, values...), typ)
					b.Output("loss", l)
				})
				if err != nil {
					t.Fatal(err)
				}
				s := state(t, m.Weights, typ)
				for _, q := range params {
					for _, moment := range []string{"m ", "v "} {
						s[moment+q.Name], _ = cpu.New(0).Upload(program.NewTensor(typ, q.Shape...))
					}
				}
				for i, want := range e.Losses {
					data["step"] = program.Scalar(typ, float64(i+1))
					out := run(t, p, nil, s, data)
					if got := out["loss"].At(0); math.Abs(got-want) > tol*want {
						t.Errorf("step %d: loss %g, want %g", i+1, got, want)
					}
					if got := out["norm"].At(0); math.Abs(got-e.Norms[i]) > 10*tol*e.Norms[i] {
						t.Errorf("step %d: gradient norm %g, want %g", i+1, got, e.Norms[i])
					}
				}
				for _, q := range params {
					want, err := e.tensors.Read("after." + q.Name)
					if err != nil {
						t.Fatal(err)
					}
					got, _ := s[q.Name].Download()
					if d := distance(t, withoutKeyBias(q.Name, got), withoutKeyBias(q.Name, want)); !(d <= tol) {
						t.Errorf("%s is %.2g off after twenty steps", q.Name, d)
					}
				}
			})
		}
	}
}

// adamW adds a clipped step to the Program.
func adamW(b *program.Builder, params []model.Param, values, grads []*program.Value, typ program.DType) {
	square := b.Const(typ, 0)
	for _, g := range grads {
		square = b.Add(square, b.SumSquares(g))
	}
	norm := b.Sqrt(square)
	b.Output("norm", norm)
	one := b.Const(typ, 1)
	scale := b.Div(one, b.Maximum(one, b.Shift(norm, 1e-6))) // as torch.nn.utils.clip_grad_norm_
	step := b.Input(program.Data, "step", typ)
	for i, q := range params {
		m := b.Input(program.State, "m "+q.Name, typ, q.Shape...)
		v := b.Input(program.State, "v "+q.Name, typ, q.Shape...)
		o := program.AdamWOptions{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8}
		if q.Decay {
			o.Decay = 0.01
		}
		np, nm, nv := b.AdamW(values[i], grads[i], m, v, b.Const(typ, 1e-3), step, scale, o)
		b.Assign(values[i], np)
		b.Assign(m, nm)
		b.Assign(v, nv)
	}
}

// TestSaveAndLoad: a saved model is the loaded one again, in one file and in
// several, and half precision loses no more than it must.
func TestSaveAndLoad(t *testing.T) {
	for _, name := range fixtures {
		m, _ := load(t, name)
		m.Tokenizer["tokenizer.json"] = []byte(`{"version":"1.0"}`)
		for storage, tol := range map[string]float64{safetensors.F32: 0, safetensors.F16: 1e-3, safetensors.BF16: 8e-3} {
			for _, shard := range []int64{0, 20000} {
				dir := t.TempDir()
				if err := hf.Save(t.Context(), dir, m, hf.SaveOptions{Storage: storage, ShardBytes: shard}); err != nil {
					t.Fatal(err)
				}
				again, err := hf.Load(t.Context(), dir)
				if err != nil {
					t.Fatal(err)
				}
				if again.Config != m.Config {
					t.Errorf("%s: config %+v, want %+v", name, again.Config, m.Config)
				}
				if string(again.Tokenizer["tokenizer.json"]) != `{"version":"1.0"}` {
					t.Errorf("%s: the tokenizer was lost", name)
				}
				for p, x := range m.Weights {
					if d := distance(t, again.Weights[p], x); d > tol {
						t.Errorf("%s %s: %s is %g off", name, storage, p, d)
					}
				}
			}
		}
	}
}

// TestRefused: what our models cannot do is named.
func TestRefused(t *testing.T) {
	base := `"vocab_size":8,"hidden_size":8,"num_hidden_layers":1,"num_attention_heads":2,"max_position_embeddings":8,"intermediate_size":8,"ffn_dim":8,`
	for config, want := range map[string]string{
		`{` + base + `"model_type":"bert"}`: "only opt, llama and gpt_neox",
		`{` + base + `"model_type":"opt","activation_function":"relu","do_layer_norm_before":false}`:       "OPT-350M",
		`{` + base + `"model_type":"llama","hidden_act":"silu","rope_scaling":{"rope_type":"llama3"}}`:     "rope_scaling",
		`{` + base + `"model_type":"llama","hidden_act":"mish"}`:                                           `activation "mish" is not supported`,
		`{` + base + `"model_type":"llama","hidden_act":"silu","num_key_value_heads":7}`:                   "divide",
		`{` + base + `"model_type":"gpt_neox","hidden_act":"gelu","rope_parameters":{"rope_type":"yarn"}}`: "rope_type",
	} {
		if _, err := hf.ParseConfig([]byte(config)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", config, err, want)
		}
	}
}
