package stablehlo

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"divvy/gpu/program"
)

// Attention by cuDNN's fused kernels: scores exist in a block of registers only.
// XLA knows them as custom calls. Of rows that are causal throughout cuDNN knows
// the mask by name, and leaves out half of the work. Otherwise who sees whom is an
// operand, a bias [rows, 1, queries, keys] that is added to the scores of all
// heads, as a tree needs more than such masks; all layers share it.
//
// The calls, their operands, layouts and settings are those that jax 0.11 writes
// (testdata/flash.json); XLA takes the backward call without a derivative by the
// bias, which nothing wants.

// unseen is the bias of a key that is not to be seen. With the lowest bfloat16
// cuDNN's differences of two such numbers are not finite, so jax takes this one.
const unseen = -1 << 41

// fused says whether an attention can be left to cuDNN's kernels: bfloat16, heads
// of a size that they have on all cards, and queries that stand at their own index.
func fused(e *emitter, op *program.Op) bool {
	a := op.Attr
	t := op.In[1].Dim(0) / a.Rows
	return e.o.Flash && (a.Causal || !e.o.OnlyCausal) && (a.Heads == a.KVHeads || !e.o.Ungrouped) && op.In[0].Type == program.BF16 && a.HeadDim%8 == 0 && a.HeadDim <= 128 &&
		(op.Kind == program.AttentionGrad || len(op.In) == 4) && t%2 == 0 && (e.o.Partitions == 1 || Divided([]int{a.Rows}, e.o.Partitions))
}

// flash is one attention as cuDNN takes it. Operands are [rows, tokens, heads,
// dim]; results come as [rows, heads, tokens, dim] in the memory of the former.
type flash struct {
	e          *emitter
	a          program.Attr
	tokens     int
	bias, seen val // bf16 [rows, 1, tokens, tokens]; i1 [rows, tokens]: the query sees a key; of causal rows neither
}

func newFlash(e *emitter, op *program.Op) *flash {
	f := &flash{e: e, a: op.Attr, tokens: op.In[1].Dim(0) / op.Attr.Rows}
	if f.a.Causal {
		return f
	}
	h := &heads{e: e, a: op.Attr, tq: f.tokens, tk: f.tokens, reach: e.of(op.In[3])}
	whole := block{0, f.tokens, f.tokens}
	key := maskKey{h.reach.name, "bias", f.a.Rows, f.tokens, f.tokens, whole}
	if b, ok := e.masks[key]; ok {
		f.bias = b
		key.at = "seen"
		f.seen = e.masks[key]
		return f
	}
	visible := h.visible(whole)
	zero := e.fill(e.scalar("bf16", 0), visible.shape)
	f.bias = e.reshape(e.pick(visible, zero, e.splat(unseen, zero)), f.a.Rows, 1, f.tokens, f.tokens)
	e.masks[key] = f.bias
	some := e.reduce("maximum", e.as(visible, "f32"), 2)
	f.seen = e.compare("GT", some, e.splat(0, some))
	key.at = "seen"
	e.masks[key] = f.seen
	return f
}

// split gives a matrix of queries or keys its heads.
func (f *flash) split(v val, heads int) val {
	return f.e.reshape(v, f.a.Rows, f.tokens, heads, f.a.HeadDim)
}

// where keeps what belongs to queries that see a key, [rows, tokens, heads, dim].
func (f *flash) where(v val) val {
	if f.a.Causal {
		return v
	}
	return f.e.pick(f.e.spread(f.seen, v.shape, 0, 1), v, f.e.splat(0, v))
}

// perHead is the shape of a result in cuDNN's order of axes.
func (f *flash) perHead(heads int) []int { return []int{f.a.Rows, heads, f.tokens, f.a.HeadDim} }

// flashAttention gives the output and the log-sum-exp.
func flashAttention(e *emitter, op *program.Op) []val {
	f := newFlash(e, op)
	a := f.a
	in := []val{f.split(e.of(op.In[0]), a.Heads), f.split(e.of(op.In[1]), a.KVHeads), f.split(e.of(op.In[2]), a.KVHeads)}
	out := f.call(f.target(), append(in, f.mask()...), []kind{{"bf16", f.perHead(a.Heads)}, {"f32", []int{a.Rows, a.Heads, f.tokens}}}, false)
	o := f.where(e.transpose(out[0], 0, 2, 1, 3))
	return []val{e.reshape(o, op.Out[0].Shape...), e.reshape(e.transpose(out[1], 0, 2, 1), op.Out[1].Shape...)}
}

// flashAttentionGrad gives the derivatives by q, k and v.
func flashAttentionGrad(e *emitter, op *program.Op) []val {
	f := newFlash(e, op)
	a := f.a
	q, k, v := f.split(e.of(op.In[0]), a.Heads), f.split(e.of(op.In[1]), a.KVHeads), f.split(e.of(op.In[2]), a.KVHeads)
	o, do := f.split(e.of(op.In[4]), a.Heads), f.where(f.split(e.of(op.In[6]), a.Heads))
	lse := e.transpose(e.reshape(e.of(op.In[5]), a.Rows, f.tokens, a.Heads), 0, 2, 1)
	keys := kind{"bf16", f.perHead(a.KVHeads)}
	in := append(append([]val{q, k, v, lse, do}, f.mask()...), o)
	out := f.call(f.target()+"Backward", in, []kind{{"bf16", f.perHead(a.Heads)}, keys, keys}, true)
	for i := range out {
		out[i] = e.reshape(e.transpose(out[i], 0, 2, 1, 3), op.Out[i].Shape...)
	}
	return out
}

// target is the call's name, mask the operand that says who sees whom, if any.
func (f *flash) target() string {
	if f.a.Causal {
		return "__cudnn$fmhaSoftmax"
	}
	return "__cudnn$fmhaScaleBiasSoftmax"
}

func (f *flash) mask() []val {
	if f.a.Causal {
		return nil
	}
	return []val{f.bias}
}

// kind is an element type with a shape.
type kind struct {
	elem  string
	shape []int
}

// layout is the order of axes in memory, the fastest first.
func layout(axes ...int) string {
	return fmt.Sprintf("dense<%s> : tensor<%dxindex>", list(axes), len(axes))
}

// call writes a custom call. Its last result is memory for the kernel to work in,
// whose size XLA finds out.
func (f *flash) call(target string, in []val, out []kind, backward bool) []val {
	e := f.e
	n := e.o.Partitions
	part := func(shape []int) []int { // on one device
		return append([]int{shape[0] / n}, shape[1:]...)
	}
	var names, types, inLayouts, outLayouts, results []string
	for i, v := range in {
		names, types = append(names, v.name), append(types, tensor(v.elem, part(v.shape)))
		if n > 1 {
			names[i] = fmt.Sprintf("%%p%d", i)
		}
		if len(v.shape) == 3 {
			inLayouts = append(inLayouts, layout(2, 1, 0))
		} else {
			inLayouts = append(inLayouts, layout(3, 2, 1, 0))
		}
	}
	for _, k := range out {
		results = append(results, tensor(k.elem, part(k.shape)))
		if len(k.shape) == 3 {
			outLayouts = append(outLayouts, layout(2, 1, 0))
		} else {
			outLayouts = append(outLayouts, layout(3, 1, 2, 0))
		}
	}
	outLayouts, results = append(outLayouts, "dense<0> : tensor<1xindex>"), append(results, "tensor<0xui8>")
	text := fmt.Sprintf("stablehlo.custom_call @%s(%s) {api_version = 2 : i32, backend_config = %s, operand_layouts = [%s], result_layouts = [%s]} : (%s) -> (%s)",
		target, strings.Join(names, ", "), quote(f.config(f.a.Rows/n, backward)), strings.Join(inLayouts, ", "), strings.Join(outLayouts, ", "), strings.Join(types, ", "), strings.Join(results, ", "))
	name := fmt.Sprintf("%%%d", e.next)
	e.next++
	if n == 1 {
		fmt.Fprintf(&e.body, "    %s:%d = %s\n", name, len(results), text)
	} else {
		f.divided(name, text, in, out, results)
	}
	vals := make([]val, len(out))
	for i, k := range out {
		vals[i] = val{fmt.Sprintf("%s#%d", name, i), k.elem, k.shape}
	}
	return vals
}

// divided lets each device make the call for its own rows, as the partitioner
// does not know what the call does.
func (f *flash) divided(name, text string, in []val, out []kind, local []string) {
	var names, arguments, types, results, inPlaces, outPlaces, given []string
	for i, v := range in {
		names, types = append(names, v.name), append(types, v.typ())
		arguments = append(arguments, fmt.Sprintf("%%p%d: %s", i, tensor(v.elem, append([]int{v.shape[0] / f.e.o.Partitions}, v.shape[1:]...))))
		inPlaces = append(inPlaces, place(v.shape, true))
	}
	for i, k := range out {
		results, outPlaces = append(results, tensor(k.elem, k.shape)), append(outPlaces, place(k.shape, true))
		given = append(given, fmt.Sprintf("%%r#%d", i))
	}
	fmt.Fprintf(&f.e.body, "    %s:%d = sdy.manual_computation(%s) in_shardings=[%s] out_shardings=[%s] manual_axes={\"d\"} (%s) {\n      %%r:%d = %s\n      sdy.return %s : %s\n    } : (%s) -> (%s)\n",
		name, len(out), strings.Join(names, ", "), strings.Join(inPlaces, ", "), strings.Join(outPlaces, ", "), strings.Join(arguments, ", "),
		len(local), text, strings.Join(given, ", "), strings.Join(local[:len(out)], ", "), strings.Join(types, ", "), strings.Join(results, ", "))
}

// quote writes text as an MLIR string.
func quote(s []byte) string {
	return `"` + strings.ReplaceAll(string(s), `"`, `\22`) + `"`
}

// contraction is the dimension numbers of one of the products that the kernels
// fuse, as XLA's protocol buffers write them in JSON.
type contraction struct {
	L  []string `json:"lhs_contracting_dimensions"`
	R  []string `json:"rhs_contracting_dimensions"`
	LB []string `json:"lhs_batch_dimensions"`
	RB []string `json:"rhs_batch_dimensions"`
}

// config is the call's settings.
func (f *flash) config(rows int, backward bool) []byte {
	// Axes of scores are rows, heads, queries, keys: 0, 1, 2, 3; those of the
	// operands rows, tokens, heads, dim.
	inner := contraction{[]string{"3"}, []string{"3"}, []string{"0", "2"}, []string{"0", "2"}}
	with := func(axis string) contraction {
		return contraction{[]string{axis}, []string{"1"}, []string{"0", "1"}, []string{"0", "2"}}
	}
	number := strconv.Itoa
	shape := map[string]any{
		"element_type": "BF16", "dimensions": []string{number(rows), number(f.a.Heads), number(f.tokens), number(f.tokens)},
		"tuple_shapes": []string{}, "is_dynamic_dimension": make([]bool, 4),
		"layout": map[string]any{
			"dim_level_types": []string{}, "dim_unique": []string{}, "dim_ordered": []string{}, "minor_to_major": []string{"3", "2", "1", "0"},
			"tiles": []string{}, "element_size_in_bits": "0", "memory_space": "0", "index_primitive_type": "PRIMITIVE_TYPE_INVALID",
			"pointer_primitive_type": "PRIMITIVE_TYPE_INVALID", "dynamic_shape_metadata_prefix_bytes": "0",
		},
	}
	mask := "NO_MASK" // but the bias
	if f.a.Causal {
		mask = "CAUSAL"
	}
	c := map[string]any{
		"algorithm": map[string]any{
			"algo_id": "0", "math_type": "TENSOR_OP_MATH", "tuning_knobs": map[string]string{"17": "1", "24": "0"},
			"is_cudnn_frontend": true, "workspace_size": "0",
		},
		"fmha_scale": f.a.Scale, "intermediate_tensor_shape": shape, "is_flash_attention": true, "mask_type": mask,
		"dropout_rate": 0.0, "seed": 42, "sliding_window_length": 0, "max_seg_per_batch": 1, "is_paged_attention": false,
	}
	if backward {
		c["bmm1_grad_gemm1_dot_dimension_numbers"], c["bmm1_grad_gemm2_dot_dimension_numbers"] = with("2"), with("3")
		c["bmm2_grad_gemm1_dot_dimension_numbers"], c["bmm2_grad_gemm2_dot_dimension_numbers"] = with("2"), inner
	} else {
		c["bmm1_dot_dimension_numbers"], c["bmm2_dot_dimension_numbers"] = inner, with("3")
	}
	text, err := json.Marshal(map[string]any{"operation_queue_id": "0", "cudnn_fmha_backend_config": c})
	if err != nil {
		panic(fmt.Sprint("settings that are no JSON: ", err)) // the builder takes finite scales only
	}
	return text
}
