package cpu

import (
	"math"
	"sort"

	"divvy/gpu/internal/simd"
	"divvy/gpu/program"
)

// adam is one step of an AdamW: its constants and what follows from the scalars.
type adam struct {
	a                program.Attr
	scale            float64
	step             uint32
	keep, rate, root float64
	finite           bool
	constants        simd.AdamW // the same, for F32
}

// newAdam reads the scalars lr, step and scale.
func newAdam(a program.Attr, lr, step, scale float64) adam {
	s := adam{
		a: a, scale: scale, step: uint32(step), finite: !math.IsNaN(scale) && !math.IsInf(scale, 0),
		keep: 1 - lr*a.Decay, rate: lr / (1 - math.Pow(a.Beta1, step)), root: 1 / math.Sqrt(1-math.Pow(a.Beta2, step)),
	}
	s.constants = simd.AdamW{
		Scale: float32(scale), Beta1: float32(a.Beta1), Beta2: float32(a.Beta2),
		Keep: float32(s.keep), Rate: float32(s.rate), Root: float32(s.root), Eps: float32(a.Eps),
		Gain1: float32(1 - a.Beta1), Gain2: float32(1 - a.Beta2),
	}
	return s
}

// takeOver copies operand from to result k, unless they are one.
func takeOver[T float](e *executable, op *program.Op, from, k int) []T {
	y := vec[T](e, op.Out[k])
	if x := vec[T](e, op.In[from]); &x[0] != &y[0] {
		copy(y, x)
	}
	return y
}

// adamW does one step; see program.Builder.AdamW.
func adamW[T float](e *executable, op *program.Op) error {
	scalar := func(i int) float64 { return float64(vec[T](e, op.In[i])[0]) }
	s := newAdam(op.Attr, scalar(4), scalar(5), scalar(6))
	p, m, v := takeOver[T](e, op, 0, 0), takeOver[T](e, op, 2, 1), takeOver[T](e, op, 3, 2)
	if !s.finite {
		return nil
	}
	g := vec[T](e, op.In[1])
	chunks(e.workers, len(p), 1<<14, func(lo, hi int) {
		if p, ok := any(p).([]float32); ok {
			m, v := any(m).([]float32), any(v).([]float32)
			s.constants.Update(p[lo:hi], any(g).([]float32)[lo:hi], m[lo:hi], v[lo:hi])
			if op.Out[1].Type == program.BF16 {
				roundMoments(m, v, lo, hi, uint32(op.Attr.Seed), s.step)
			}
			return
		}
		for i := lo; i < hi; i++ {
			d := float64(g[i]) * s.scale
			mi := s.a.Beta1*float64(m[i]) + (1-s.a.Beta1)*d
			vi := s.a.Beta2*float64(v[i]) + (1-s.a.Beta2)*d*d
			m[i], v[i] = T(mi), T(vi)
			p[i] = T(s.keep*float64(p[i]) - s.rate*mi/(math.Sqrt(vi)*s.root+s.a.Eps))
		}
	})
	return nil
}

// roundMoments rounds to bfloat16, up or down at random; see program.RandomBits.
func roundMoments(m, v []float32, lo, hi int, seed, step uint32) {
	for i := lo; i < hi; i++ {
		r := program.RandomBits(seed, step, uint32(i))
		m[i] = math.Float32frombits((math.Float32bits(m[i]) + r&0xffff) &^ 0xffff)
		v[i] = math.Float32frombits((math.Float32bits(v[i]) + r>>16) &^ 0xffff)
	}
}

// adamW8 does one step with moments of 8 bits; see program.Builder.AdamW8. A
// block is widened, updated and coded again while it is in the nearest cache.
func adamW8(e *executable, op *program.Op) error {
	scalar := func(i int) float64 { return float64(vec[float32](e, op.In[i])[0]) }
	s := newAdam(op.Attr, scalar(6), scalar(7), scalar(8))
	p, mScale, vScale := takeOver[float32](e, op, 0, 0), takeOver[float32](e, op, 4, 3), takeOver[float32](e, op, 5, 4)
	n := len(p)
	bytes := func(from, k int) []uint8 {
		x, y := e.mem[op.In[from].ID][:n], e.mem[op.Out[k].ID][:n]
		if &x[0] != &y[0] {
			copy(y, x)
		}
		return y
	}
	m, v := bytes(2, 1), bytes(3, 2)
	if !s.finite {
		return nil
	}
	g := vec[float32](e, op.In[1])
	first, second := e.moments[0], e.moments[1]
	const grain = 64 // blocks
	chunks(e.workers, program.Blocks(n), grain, func(from, to int) {
		var wideM, wideV [program.Block]float32
		for b := from; b < to; b++ {
			lo := b * program.Block
			hi := min(n, lo+program.Block)
			mw, vw := wideM[:hi-lo], wideV[:hi-lo]
			first.decode(mw, m[lo:hi], mScale[b])
			second.decode(vw, v[lo:hi], vScale[b])
			s.constants.Update(p[lo:hi], g[lo:hi], mw, vw)
			mScale[b] = first.encode(m[lo:hi], mw)
			vScale[b] = second.encode(v[lo:hi], vw)
		}
	})
	return nil
}

// coder turns numbers into the nearest codes and back.
type coder struct {
	codes, thresholds []float32
	// start has, for the upper bits of a number between -1 and 1, the code of the
	// least number with these bits; most numbers have it or one of the next few.
	start []uint8
}

func newCoder(codes []float32) *coder {
	c := &coder{codes: codes, thresholds: program.Thresholds(codes)}
	c.start = make([]uint8, 1<<(32-coderShift))
	for i := range c.start {
		x := math.Float32frombits(uint32(i) << coderShift)
		if x < 0 { // of negative numbers the one with the most bits is the least
			x = math.Float32frombits(uint32(i)<<coderShift | (1<<coderShift - 1))
		}
		if x >= -1 && x <= 1 {
			c.start[i] = uint8(sort.Search(len(c.thresholds), func(k int) bool { return c.thresholds[k] >= x }))
		}
	}
	return c
}

// coderShift leaves the sign, the exponent and six bits of the fraction.
const coderShift = 17

// decode is dst = what the codes stand for.
func (c *coder) decode(dst []float32, codes []uint8, scale float32) {
	table := (*[256]float32)(c.codes)
	for i, k := range codes {
		dst[i] = table[k] * scale
	}
}

// encode gives the codes of x and their scale.
func (c *coder) encode(codes []uint8, x []float32) (scale float32) {
	for _, v := range x {
		scale = max(scale, max(v, -v))
	}
	by := scale
	if by == 0 {
		by = 1
	}
	for i, v := range x {
		v /= by
		k := int(c.start[math.Float32bits(v)>>coderShift])
		for k < len(c.thresholds) && c.thresholds[k] < v {
			k++
		}
		codes[i] = uint8(k)
	}
	return scale
}
