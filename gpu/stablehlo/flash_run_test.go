package stablehlo

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"divvy/gpu/internal/testplugin"
	"divvy/gpu/pjrt"
	"divvy/gpu/program"
	"divvy/install/pyenv"
)

// TestFlashAround runs the text around cuDNN's calls, which only a GPU can make,
// with functions in their place that do what the calls are documented to do. The
// order of the operands, the bias, what is masked before and after, transposed
// and kept for the backward pass is right if that gives what attention in
// primitives gives.
func TestFlashAround(t *testing.T) {
	for _, causal := range []bool{false, true} {
		t.Run(fmt.Sprintf("causal=%t", causal), func(t *testing.T) { flashAround(t, causal) })
	}
}

func flashAround(t *testing.T, causal bool) {
	const rows, tokens, heads, kvHeads, dim = 2, 24, 4, 2, 8
	p, err := program.Build("attention", func(b *program.Builder) {
		in := func(name string, heads int) *program.Value {
			return b.Input(program.Data, name, program.BF16, rows*tokens, heads*dim)
		}
		q, k, v, w := in("q", heads), in("k", kvHeads), in("v", kvHeads), in("w", heads)
		var o *program.Value
		b.Checkpoint(func() {
			o = b.Attention(q, k, v, b.Input(program.Data, "reach", program.I32, rows*tokens), nil, program.AttentionOptions{Rows: rows, Heads: heads, KVHeads: kvHeads, Scale: 0.3, Causal: causal})
		})
		b.Output("o", o)
		for i, d := range b.Gradient(b.Sum(b.Mul(o, w)), q, k, v) {
			b.Output([]string{"dq", "dk", "dv"}[i], d)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	client := testplugin.Client(t, pyenv.Need(t).Dir)
	r := rand.New(rand.NewPCG(3, 3))
	var arguments []*pjrt.Buffer
	for _, v := range p.Inputs {
		var raw []byte
		typ := pjrt.BF16
		for i := range v.Len() {
			if v.Type == program.I32 {
				typ = pjrt.I32
				reach := []int32{tokens - 5, 11, tokens - 5, -1}[min(3, i%tokens/6)] // a prompt, two answers, padding
				if causal {
					reach = tokens - 1
				}
				raw = binary.LittleEndian.AppendUint32(raw, uint32(reach))
				continue
			}
			raw = binary.LittleEndian.AppendUint16(raw, uint16(math.Float32bits(float32(r.NormFloat64()))>>16))
		}
		b, err := client.Devices[0].Upload(typ, v.Shape, raw)
		if err != nil {
			t.Fatal(err)
		}
		arguments = append(arguments, b)
	}
	run := func(text []byte) [][]float64 {
		x, err := client.Compile(text, pjrt.CompileOptions{Overrides: testplugin.Quick()})
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		defer x.Close()
		out, err := x.Execute([][]*pjrt.Buffer{arguments})
		if err != nil {
			t.Fatal(err)
		}
		var all [][]float64
		for i, o := range p.Outputs {
			raw := make([]byte, 2*o.Value.Len())
			if err := out[0][i].Download(raw); err != nil {
				t.Fatal(err)
			}
			x := make([]float64, o.Value.Len())
			for j := range x {
				x[j] = float64(math.Float32frombits(uint32(binary.LittleEndian.Uint16(raw[2*j:])) << 16))
			}
			all = append(all, x)
		}
		return all
	}
	plain, err := Emit(p, Options{})
	if err != nil {
		t.Fatal(err)
	}
	text, err := Emit(p, Options{Flash: true})
	if err != nil {
		t.Fatal(err)
	}
	stood, n := standIns(t, string(text))
	if n != 3 { // forwards, again for the backward pass, backwards
		t.Fatalf("%d calls, want 3:\n%s", n, text)
	}
	want, got := run(plain), run([]byte(stood))
	for i, o := range p.Outputs {
		var largest float64
		for _, x := range want[i] {
			largest = max(largest, math.Abs(x))
		}
		for j, x := range want[i] {
			if d := math.Abs(got[i][j] - x); !(d <= 2e-2*largest) {
				t.Fatalf("%s: element %d is %g, want %g (largest %g)", o.Name, j, got[i][j], x, largest)
			}
			if x == 0 && got[i][j] != 0 && o.Name == "o" {
				t.Fatalf("a query that sees nothing gives %g", got[i][j])
			}
		}
	}
}

var cudnnCall = regexp.MustCompile(`stablehlo\.custom_call @__cudnn\$fmha(?:ScaleBias)?Softmax(Backward)?(\(.*?\)) \{.*?fmha_scale\\22:([0-9.e-]+),.*\} : \((.*?)\) -> (\(.*\))`)

// standIns puts functions in the place of cuDNN's calls.
func standIns(t *testing.T, text string) (string, int) {
	t.Helper()
	var functions strings.Builder
	n := 0
	text = cudnnCall.ReplaceAllStringFunc(text, func(call string) string {
		m := cudnnCall.FindStringSubmatch(call)
		scale, err := strconv.ParseFloat(m[3], 64)
		if err != nil {
			t.Fatal(err)
		}
		var in []val
		var parameters []string
		for i, typ := range strings.Split(m[4], ", ") {
			parts := strings.Split(strings.TrimSuffix(strings.TrimPrefix(typ, "tensor<"), ">"), "x")
			v := val{name: fmt.Sprintf("%%p%d", i), elem: parts[len(parts)-1]}
			for _, d := range parts[:len(parts)-1] {
				k, err := strconv.Atoi(d)
				if err != nil {
					t.Fatal(err)
				}
				v.shape = append(v.shape, k)
			}
			in = append(in, v)
			parameters = append(parameters, v.name+": "+typ)
		}
		e := &emitter{scalars: map[string]val{}, o: Options{}.withDefaults()}
		if strings.Contains(call, `mask_type\22:\22CAUSAL`) { // what the bias says of other calls
			in = slices.Insert(in, map[bool]int{false: 3, true: 5}[m[1] != ""], causalBias(e, in[0]))
		} else if !strings.Contains(call, "ScaleBias") {
			t.Fatalf("a call without bias that is not causal: %s", call)
		}
		var out []val
		if m[1] == "" {
			out = documented(e, scale, in[0], in[1], in[2], in[3])
		} else {
			out = documentedGrad(e, scale, in)
		}
		names := []string{}
		for _, v := range out {
			names = append(names, v.name)
		}
		fmt.Fprintf(&functions, "  func.func private @stand_in_%d(%s) -> %s {\n%s    %%none = stablehlo.constant dense<> : tensor<0xui8>\n    return %s, %%none : %s\n  }\n",
			n, strings.Join(parameters, ", "), m[5], e.body.String(), strings.Join(names, ", "), strings.Trim(m[5], "()"))
		n++
		return fmt.Sprintf("func.call @stand_in_%d%s : (%s) -> %s", n-1, m[2], m[4], m[5])
	})
	return strings.TrimSuffix(strings.TrimSpace(text), "}") + functions.String() + "}\n", n
}

var (
	ofHeads  = axes{[]int{0, 2}, []int{0, 2}, []int{3}, []int{3}} // [r,t,h,d] x [r,t,h,d] -> [r,h,t,t]
	byKeys   = axes{[]int{0, 1}, []int{0, 2}, []int{3}, []int{1}} // [r,h,q,k] x [r,k,h,d] -> [r,h,q,d]
	byQuerys = axes{[]int{0, 1}, []int{0, 2}, []int{2}, []int{1}} // [r,h,q,k] x [r,q,h,d] -> [r,h,k,d]
)

// repeated gives each query head its keys.
func repeated(e *emitter, k val, heads int) val {
	r, t, kv, d := k.shape[0], k.shape[1], k.shape[2], k.shape[3]
	return e.as(e.reshape(e.spread(k, []int{r, t, kv, heads / kv, d}, 0, 1, 2, 4), r, t, heads, d), "f32")
}

// biased is scale q k^T + bias.
func biased(e *emitter, scale float64, q, k, bias val) val {
	s := e.times(e.dot(e.as(q, "f32"), k, ofHeads, "f32"), scale)
	return e.add(s, e.expand(e.as(bias, "f32"), s.shape))
}

// causalBias is the bias that hides what lies behind a query.
func causalBias(e *emitter, q val) val {
	shape := []int{q.shape[0], 1, q.shape[1], q.shape[1]}
	seen := e.compare("LE", e.iota("i32", 3, shape...), e.iota("i32", 2, shape...))
	zero := e.fill(e.scalar("bf16", 0), shape)
	return e.pick(seen, zero, e.splat(unseen, zero))
}

// documented is softmax(scale q k^T + bias) v and the log-sum-exp of each query.
func documented(e *emitter, scale float64, q, k, v, bias val) []val {
	heads := q.shape[2]
	k, v = repeated(e, k, heads), repeated(e, v, heads)
	s := biased(e, scale, q, k, bias)
	m, total := e.exponentials(s, 3)
	lse := e.add(m, e.un("log", total))
	p := e.un("exponential", e.sub(s, e.along(lse, s.shape, 3)))
	return []val{e.as(e.dot(p, v, byKeys, "f32"), "bf16"), lse}
}

// documentedGrad takes q, k, v, log-sum-exp, do, bias, o.
func documentedGrad(e *emitter, scale float64, in []val) []val {
	heads, kvHeads := in[0].shape[2], in[1].shape[2]
	q, k, v, do := e.as(in[0], "f32"), repeated(e, in[1], heads), repeated(e, in[2], heads), e.as(in[4], "f32")
	s := biased(e, scale, in[0], k, in[5])
	p := e.un("exponential", e.sub(s, e.along(in[3], s.shape, 3)))
	delta := e.transpose(e.sum(e.mul(do, e.as(in[6], "f32")), 3), 0, 2, 1)
	ds := e.times(e.mul(p, e.sub(e.dot(do, v, ofHeads, "f32"), e.along(delta, s.shape, 3))), scale)
	shared := func(x val) val { // the sum over the query heads that share keys
		return e.as(e.sum(e.reshape(x, x.shape[0], kvHeads, heads/kvHeads, x.shape[2], x.shape[3]), 2), "bf16")
	}
	return []val{e.as(e.dot(ds, k, byKeys, "f32"), "bf16"), shared(e.dot(ds, q, byQuerys, "f32")), shared(e.dot(p, do, byQuerys, "f32"))}
}
