package stablehlo_test

import (
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"divvy/gpu/program"
	"divvy/gpu/stablehlo"
)

// attentionCall is a custom call, as testdata/flash.json and the text have it.
type attentionCall struct {
	Target         string         `json:"target"`
	Config         map[string]any `json:"config"`
	Operands       []string       `json:"operands"`
	Results        []string       `json:"results"`
	OperandLayouts []string       `json:"operand_layouts"`
	ResultLayouts  []string       `json:"result_layouts"`
	APIVersion     int            `json:"api_version"`
}

var callText = regexp.MustCompile(`stablehlo\.custom_call @(\S+)\(.*?\) \{api_version = (\d) : i32, backend_config = "(.*?)", operand_layouts = \[(.*?\]> : .*?)\], result_layouts = \[(.*?)\]\} : \((.*?)\) -> \((.*?)\)`)

func callsOf(t *testing.T, text []byte) []attentionCall {
	t.Helper()
	types := regexp.MustCompile(`tensor<[^>]*>`)
	layouts := regexp.MustCompile(`dense<[^>]*> : tensor<\dxindex>`)
	var all []attentionCall
	for _, m := range callText.FindAllSubmatch(text, -1) {
		c := attentionCall{Target: string(m[1]), APIVersion: int(m[2][0] - '0')}
		if err := json.Unmarshal([]byte(strings.ReplaceAll(string(m[3]), `\22`, `"`)), &c.Config); err != nil {
			t.Fatal(err)
		}
		c.OperandLayouts, c.ResultLayouts = layouts.FindAllString(string(m[4]), -1), layouts.FindAllString(string(m[5]), -1)
		c.Operands, c.Results = types.FindAllString(string(m[6]), -1), types.FindAllString(string(m[7]), -1)
		all = append(all, c)
	}
	return all
}

// attends is an attention over a tree or over causal rows, with its gradient.
func attends(t *testing.T, rows, tokens, heads, kvHeads, dim int, scale float64, typ program.DType, causal bool) *program.Program {
	t.Helper()
	p, err := program.Build("attention", func(b *program.Builder) {
		in := func(name string, heads int) *program.Value {
			return b.Input(program.Data, name, typ, rows*tokens, heads*dim)
		}
		q, k, v, w := in("q", heads), in("k", kvHeads), in("v", kvHeads), in("w", heads)
		o := b.Attention(q, k, v, b.Input(program.Data, "reach", program.I32, rows*tokens), nil, program.AttentionOptions{Rows: rows, Heads: heads, KVHeads: kvHeads, Scale: scale, Causal: causal})
		b.Output("o", o)
		for i, d := range b.Gradient(b.Sum(b.Mul(o, w)), q, k, v) {
			b.Output(string(rune('a'+i)), d)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestFlashIsJaxs: the calls are those that jax writes, but for the derivative by
// the bias.
func TestFlashIsJaxs(t *testing.T) {
	data, err := os.ReadFile("testdata/flash.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Rows, Tokens, Heads, Dim int
		KVHeads                  int `json:"kv_heads"`
		Scale                    float64
		Causal                   bool
		Calls                    []attentionCall
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		text, err := stablehlo.Emit(attends(t, c.Rows, c.Tokens, c.Heads, c.KVHeads, c.Dim, c.Scale, program.BF16, c.Causal), stablehlo.Options{Flash: true})
		if err != nil {
			t.Fatal(err)
		}
		got := callsOf(t, text)
		if len(got) != 2 || len(c.Calls) != 2 {
			t.Fatalf("%d calls, want two and %d:\n%s", len(got), len(c.Calls), text)
		}
		for i, want := range c.Calls {
			if i == 1 && !c.Causal { // dq, dk, dv, dbias, memory
				want.Results, want.ResultLayouts = slices.Delete(want.Results, 3, 4), slices.Delete(want.ResultLayouts, 3, 4)
			}
			if !reflect.DeepEqual(got[i], want) {
				t.Errorf("call %d is\n%+v, jax has\n%+v", i, got[i], want)
			}
		}
	}
}

// TestFlashWhereItCan: what cuDNN's kernels do not do stays in primitives.
func TestFlashWhereItCan(t *testing.T) {
	for name, c := range map[string]struct {
		p     *program.Program
		o     stablehlo.Options
		calls int
	}{
		"bf16":             {attends(t, 4, 64, 2, 2, 64, 1, program.BF16, false), stablehlo.Options{Flash: true}, 2},
		"causal":           {attends(t, 4, 64, 2, 2, 64, 1, program.BF16, true), stablehlo.Options{Flash: true, OnlyCausal: true}, 2},
		"only causal":      {attends(t, 4, 64, 2, 2, 64, 1, program.BF16, false), stablehlo.Options{Flash: true, OnlyCausal: true}, 0},
		"shared keys":      {attends(t, 4, 64, 2, 1, 64, 1, program.BF16, false), stablehlo.Options{Flash: true, Ungrouped: true}, 0},
		"keys of its own":  {attends(t, 4, 64, 2, 2, 64, 1, program.BF16, false), stablehlo.Options{Flash: true, Ungrouped: true}, 2},
		"not asked for":    {attends(t, 4, 64, 2, 2, 64, 1, program.BF16, false), stablehlo.Options{}, 0},
		"f32":              {attends(t, 4, 64, 2, 2, 64, 1, program.F32, false), stablehlo.Options{Flash: true}, 0},
		"odd head":         {attends(t, 4, 64, 2, 2, 20, 1, program.BF16, false), stablehlo.Options{Flash: true}, 0},
		"wide head":        {attends(t, 4, 64, 2, 2, 256, 1, program.BF16, false), stablehlo.Options{Flash: true}, 0},
		"odd length":       {attends(t, 4, 63, 2, 2, 64, 1, program.BF16, false), stablehlo.Options{Flash: true}, 0},
		"two devices":      {attends(t, 4, 64, 2, 2, 64, 1, program.BF16, false), stablehlo.Options{Flash: true, Partitions: 2}, 2},
		"rows not divided": {attends(t, 3, 64, 2, 2, 64, 1, program.BF16, false), stablehlo.Options{Flash: true, Partitions: 2}, 0},
	} {
		text, err := stablehlo.Emit(c.p, c.o)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(text), "@__cudnn$fmha"); n != c.calls {
			t.Errorf("%s: %d calls, want %d", name, n, c.calls)
		}
		if c.o.Partitions > 1 && c.calls > 0 && (!strings.Contains(string(text), "sdy.manual_computation") || !strings.Contains(string(text), `[\222\22,\222\22,\2264\22,\2264\22]`)) {
			t.Errorf("%s: the call is not made for each device's rows:\n%s", name, text)
		}
	}
}
