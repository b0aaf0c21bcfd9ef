package model

import (
	"math"

	"divvy/gpu/program"
)

// optOffset is where OPT's table of positions begins: its first two rows stand
// for padding in fairseq.
const optOffset = 2

// positions is OPT's table of learned positions.
func (n *Net) positions() *program.Value {
	rows := n.c.MaxPositions + optOffset
	w := n.table("model.decoder.embed_positions.weight", rows)
	return n.b.Slice(w, 0, optOffset, rows)
}

// optBlock is a pre-norm block (Zhang et al. 2022): every linear layer has a
// bias.
func (n *Net) optBlock(p string, x *program.Value, t Tokens) *program.Value {
	b, d := n.b, n.c.Hidden
	h := n.layerNorm(p+"self_attn_layer_norm", x)
	a := p + "self_attn."
	q, k, v := n.qkv(a, h, d, d, true)
	x = b.Add(x, n.linear(a+"out_proj", n.attend(q, k, v, t), d, true))
	h = n.layerNorm(p+"final_layer_norm", x)
	h = n.linear(p+"fc2", n.activation(n.linear(p+"fc1", h, n.c.FFN, true)), d, true)
	return b.Add(x, h)
}

// llamaBlock is a pre-norm block with rotary positions and a gated
// feed-forward layer (Touvron et al. 2023): no linear layer has a bias.
func (n *Net) llamaBlock(p string, x *program.Value, t Tokens) *program.Value {
	b, d := n.b, n.c.Hidden
	kv := n.c.KVHeads * n.c.HeadDim()
	h := n.rmsNorm(p+"input_layernorm", x)
	a := p + "self_attn."
	q, k, v := n.qkv(a, h, d, kv, false)
	q, k = n.rotate(q, n.c.Heads, t), n.rotate(k, n.c.KVHeads, t)
	x = b.Add(x, n.linear(a+"o_proj", n.attend(q, k, v, t), d, false))
	h = n.rmsNorm(p+"post_attention_layernorm", x)
	m := p + "mlp."
	gate, up := n.linear(m+"gate_proj", h, n.c.FFN, false), n.linear(m+"up_proj", h, n.c.FFN, false)
	if n.c.Activation == ActivationSiLU {
		h = b.SwiGLU(gate, up)
	} else {
		h = b.Mul(n.activation(gate), up)
	}
	return b.Add(x, n.linear(m+"down_proj", h, d, false))
}

// qkv are the queries, keys and values of a layer that has a matrix for each.
func (n *Net) qkv(a string, h *program.Value, d, kv int, bias bool) (q, k, v *program.Value) {
	if !n.o.Joined {
		return n.linear(a+"q_proj", h, d, bias), n.linear(a+"k_proj", h, kv, bias), n.linear(a+"v_proj", h, kv, bias)
	}
	if n.o.LoRA.Rank > 0 {
		n.b.Fail("joined layers have no adapters")
	}
	all := n.linear(a+joined, h, d+2*kv, bias)
	return n.b.Slice(all, 1, 0, d), n.b.Slice(all, 1, d, d+kv), n.b.Slice(all, 1, d+kv, d+2*kv)
}

// neoxBlock has one matrix for queries, keys and values, laid out head by
// head, and attention beside the feed-forward layer (Black et al. 2022).
func (n *Net) neoxBlock(p string, x *program.Value, t Tokens) *program.Value {
	b, d, hd := n.b, n.c.Hidden, n.c.HeadDim()
	h := n.layerNorm(p+"input_layernorm", x)
	qkv := n.linear(p+"attention.query_key_value", h, 3*d, true)
	rows := qkv.Dim(0)
	byHead := b.Reshape(qkv, rows, n.c.Heads, 3*hd)
	third := func(i int) *program.Value {
		return b.Reshape(b.Slice(byHead, 2, i*hd, (i+1)*hd), rows, d)
	}
	q, k, v := n.rotate(third(0), n.c.Heads, t), n.rotate(third(1), n.c.Heads, t), third(2)
	a := n.linear(p+"attention.dense", n.attend(q, k, v, t), d, true)
	from := x
	if n.c.Sequential {
		from = b.Add(x, a)
	}
	m := n.layerNorm(p+"post_attention_layernorm", from)
	m = n.linear(p+"mlp.dense_4h_to_h", n.activation(n.linear(p+"mlp.dense_h_to_4h", m, n.c.FFN, true)), d, true)
	if n.c.Sequential {
		return b.Add(from, m)
	}
	return b.Add(x, b.Add(a, m))
}

// rotate applies rotary positions.
func (n *Net) rotate(x *program.Value, heads int, t Tokens) *program.Value {
	return n.b.Rotary(x, t.Position, program.RotaryOptions{Heads: heads, Dims: n.c.RotaryDims, Base: n.c.RotaryBase})
}

// attend is attention within the rows, or over the cache.
func (n *Net) attend(q, k, v *program.Value, t Tokens) *program.Value {
	o := program.AttentionOptions{
		Rows: t.Rows, Heads: n.c.Heads, KVHeads: n.c.KVHeads,
		Scale: 1 / math.Sqrt(float64(n.c.HeadDim())), Causal: t.Causal,
	}
	if t.Cache == nil {
		return n.b.Attention(q, k, v, t.Reach, t.At, o)
	}
	keys, values := t.Cache.update(n.b, n.layer, k, v, t)
	if t.Own != nil {
		return n.b.Attention(q, k, v, t.Own, nil, o)
	}
	k, v = keys, values
	return n.b.Attention(q, k, v, t.Reach, t.At, o)
}
