package stablehlo

import (
	"math"

	"divvy/gpu/program"
)

func layers() map[program.Kind]lowering {
	return map[program.Kind]lowering{
		program.LayerNorm:     layerNorm,
		program.LayerNormGrad: layerNormGrad,
		program.RMSNorm:       rmsNorm,
		program.RMSNormGrad:   rmsNormGrad,
		program.Rotary:        rotary,
		program.Attention:     attention,
		program.AttentionGrad: attentionGrad,
	}
}

// byRow and byColumn repeat a vector over a matrix: one number a row, or one a
// column.
func (e *emitter) byRow(v val, m val) val    { return e.spread(v, m.shape, 0) }
func (e *emitter) byColumn(v val, m val) val { return e.spread(v, m.shape, 1) }

// mean is the mean of each row.
func (e *emitter) mean(m val) val { return e.times(e.sum(m, 1), 1/float64(m.shape[1])) }

func layerNorm(e *emitter, op *program.Op) []val {
	x, gain, bias := e.wide(e.of(op.In[0])), e.wide(e.of(op.In[1])), e.wide(e.of(op.In[2]))
	mean := e.mean(x)
	centred := e.sub(x, e.byRow(mean, x))
	inv := e.un("rsqrt", e.plus(e.mean(e.mul(centred, centred)), op.Attr.Eps))
	y := e.add(e.mul(e.mul(centred, e.byRow(inv, x)), e.byColumn(gain, x)), e.byColumn(bias, x))
	return []val{e.as(y, op.Out[0].Type.String()), mean, inv}
}

// given is a vector of statistics that is kept from the forward pass. XLA would
// compute it again from the rows, and then write n in float32 for the sums over
// rows; what is given it reads with the rows.
func (e *emitter) given(v val) val { return e.after(v) }

// layerNormGrad: with n = (x-mean)/deviation and q = dy*gain, dx is
// (q - mean(q) - n mean(q n)) / deviation; dgain sums dy*n, dbias sums dy.
func layerNormGrad(e *emitter, op *program.Op) []val {
	x, gain, mean, inv, dy := e.wide(e.of(op.In[0])), e.wide(e.of(op.In[1])), e.of(op.In[2]), e.of(op.In[3]), e.wide(e.of(op.In[4]))
	mean, inv = e.given(mean), e.given(inv)
	elem := op.Out[0].Type.String()
	n := e.mul(e.sub(x, e.byRow(mean, x)), e.byRow(inv, x))
	q := e.mul(dy, e.byColumn(gain, x))
	inner := e.sub(e.sub(q, e.byRow(e.mean(q), x)), e.mul(n, e.byRow(e.mean(e.mul(q, n)), x)))
	dx := e.mul(inner, e.byRow(inv, x))
	return []val{e.as(dx, elem), e.as(e.sum(e.mul(dy, n), 0), elem), e.as(e.sum(dy, 0), elem)}
}

func rmsNorm(e *emitter, op *program.Op) []val {
	x, gain := e.wide(e.of(op.In[0])), e.wide(e.of(op.In[1]))
	inv := e.un("rsqrt", e.plus(e.mean(e.mul(x, x)), op.Attr.Eps))
	y := e.mul(e.mul(x, e.byRow(inv, x)), e.byColumn(gain, x))
	return []val{e.as(y, op.Out[0].Type.String()), inv}
}

// rmsNormGrad is layerNormGrad without the mean.
func rmsNormGrad(e *emitter, op *program.Op) []val {
	x, gain, inv, dy := e.wide(e.of(op.In[0])), e.wide(e.of(op.In[1])), e.of(op.In[2]), e.wide(e.of(op.In[3]))
	inv = e.given(inv)
	elem := op.Out[0].Type.String()
	n := e.mul(x, e.byRow(inv, x))
	q := e.mul(dy, e.byColumn(gain, x))
	dx := e.mul(e.sub(q, e.mul(n, e.byRow(e.mean(e.mul(q, n)), x))), e.byRow(inv, x))
	return []val{e.as(dx, elem), e.as(e.sum(e.mul(dy, n), 0), elem)}
}

// tableKey tells tables of cosines and sines apart.
type tableKey struct {
	position string
	dims     int
	base     float64
	elem     string
}

// table computes the cosines and sines [n, dims/2] of a batch's positions, once
// for all layers. Angles are taken in float64: in float32 those of the fast
// components are off by 1e-4 at position 2048.
func (e *emitter) table(position val, dims int, base float64, elem string) (cos, sin val) {
	key := tableKey{position.name, dims, base, elem}
	if t, ok := e.tables[key]; ok {
		return t[0], t[1]
	}
	shape := []int{position.shape[0], dims / 2}
	pair := e.iota("f64", 0, dims/2)
	freq := e.un("exponential", e.times(pair, -2*math.Log(base)/float64(dims)))
	angle := e.mul(e.spread(e.as(position, "f64"), shape, 0), e.spread(freq, shape, 1))
	cos, sin = e.as(e.un("cosine", angle), elem), e.as(e.un("sine", angle), elem)
	e.tables[key] = [2]val{cos, sin}
	return cos, sin
}

// rotary turns the pairs (i, i+half) of each head.
func rotary(e *emitter, op *program.Op) []val {
	x, a := e.wide(e.of(op.In[0])), op.Attr
	n, half := x.shape[0], a.Rotary/2
	cos, sin := e.table(e.of(op.In[1]), a.Rotary, a.Base, x.elem)
	heads := e.reshape(x, n, a.Heads, a.HeadDim)
	u, v := e.cut(heads, 2, 0, half), e.cut(heads, 2, half, a.Rotary)
	cos, sin = e.spread(cos, u.shape, 0, 2), e.spread(sin, u.shape, 0, 2)
	if a.Inverse {
		sin = e.un("negate", sin)
	}
	parts := []val{e.sub(e.mul(u, cos), e.mul(v, sin)), e.add(e.mul(v, cos), e.mul(u, sin))}
	if a.Rotary < a.HeadDim {
		parts = append(parts, e.cut(heads, 2, a.Rotary, a.HeadDim))
	}
	y := e.reshape(e.join(2, parts...), op.Out[0].Shape...)
	return one(e.as(y, op.Out[0].Type.String()))
}
