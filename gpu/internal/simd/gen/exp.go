package main

import (
	"math"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// numbers gives constants as vectors: with 32 registers each is loaded once,
// before the loop; with 16 it is loaded where it is used.
type numbers struct {
	l    level
	kept map[float64]reg.VecVirtual
}

func (l level) numbers(list ...float64) numbers {
	n := numbers{l, map[float64]reg.VecVirtual{}}
	if l.lanes == 16 {
		for _, x := range list {
			if n.kept[x] == nil {
				n.kept[x] = l.constant(x)
			}
		}
	}
	return n
}

func (n numbers) get(x float64) reg.VecVirtual {
	if v := n.kept[x]; v != nil {
		return v
	}
	return n.l.constant(x)
}

// The exponential: x = k log 2 + r with |r| <= log(2)/2, exp(r) by the
// polynomial of the Cephes library (Moshier), the result scaled by 2^k.
const (
	expLow, expHigh   = -104, 89
	minusHi, minusLow = -0.693359375, 2.12194440e-4
)

var expPoly = []float64{1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1}

// expNumbers are the constants that exp1 uses.
var expNumbers = append([]float64{expLow, expHigh, math.Log2E, minusHi, minusLow, 1}, expPoly...)

// exp1 sets p to exp(x); x is lost.
func (l level) exp1(n numbers, x, p reg.VecVirtual) {
	k := l.vec()
	// The second operand is what comes out when one is not a number.
	build.VMAXPS(x, n.get(expLow), x)
	build.VMINPS(x, n.get(expHigh), x)
	build.VMULPS(n.get(math.Log2E), x, k)
	if l.lanes == 16 {
		build.VRNDSCALEPS(operand.U8(0), k, k)
	} else {
		build.VROUNDPS(operand.U8(0), k, k)
	}
	build.VFMADD231PS(n.get(minusHi), k, x)
	build.VFMADD231PS(n.get(minusLow), k, x)
	build.VMOVAPS(n.get(expPoly[0]), p)
	for _, c := range expPoly[1:] {
		build.VFMADD213PS(n.get(c), x, p)
	}
	build.VMULPS(x, p, p)
	build.VFMADD213PS(x, x, p)
	build.VADDPS(n.get(1), p, p)
	l.ldexp(p, k)
}

// exponential is exp of each element, or of scale*x+shift with the sum of the
// results, lane by lane, in sum.
func (l level) exponential(name string, affine bool) {
	signature, doc := "dst, src *float32, n int", "is dst = exp(src)."
	if affine {
		signature, doc = "dst, src *float32, n int, scale, shift float32, sum *float32", "is dst = exp(scale*src + shift) and its sum by lanes."
	}
	l.text(name, signature, doc+multiple)
	dst, src, n := load("dst"), load("src"), load("n")
	var scale, shift, sum reg.VecVirtual
	if affine {
		scale, shift, sum = l.param("scale"), l.param("shift"), l.vec()
		build.VXORPS(sum, sum, sum)
	}
	c := l.numbers(expNumbers...)
	x, p := l.vec(), l.vec()
	l.loop("", n, []reg.Register{dst, src}, func() {
		build.VMOVUPS(operand.Mem{Base: src}, x)
		if affine {
			build.VFMADD213PS(shift, scale, x)
		}
		l.exp1(c, x, p)
		build.VMOVUPS(p, operand.Mem{Base: dst})
		if affine {
			build.VADDPS(p, sum, sum)
		}
	})
	if affine {
		build.VMOVUPS(sum, operand.Mem{Base: load("sum")})
	}
	build.VZEROUPPER()
	build.RET()
}

// ldexp multiplies p by 2^k, k being whole numbers, in two steps where there is
// no instruction for it, as 2^128 and 2^-149 are no normal numbers.
func (l level) ldexp(p, k reg.VecVirtual) {
	if l.lanes == 16 {
		build.VSCALEFPS(k, p, p)
		return
	}
	n, h, one := l.vec(), l.vec(), l.vec()
	build.VCVTPS2DQ(k, n)
	build.VPSRAD(operand.U8(1), n, h)
	build.VPSUBD(h, n, n)
	build.VBROADCASTSS(float(1), one) // its bits are the exponent's bias
	for _, e := range []reg.VecVirtual{n, h} {
		build.VPSLLD(operand.U8(23), e, e)
		build.VPADDD(one, e, e)
		build.VMULPS(e, p, p)
	}
}

// gelu is x Phi(x) or its derivative times d, with the normal distribution
// function through Abramowitz and Stegun 7.1.26, whose error of 1.5e-7 is that
// of float32.
func (l level) gelu(name string, gradient bool) {
	signature, doc := "dst, src *float32, n int", "is dst = GELU(src)."
	if gradient {
		signature, doc = "dst, src, d *float32, n int", "is dst = d times the derivative of GELU at src."
	}
	l.text(name, signature, doc+multiple)
	dst, src, n := load("dst"), load("src"), load("n")
	pointers := []reg.Register{dst, src}
	if gradient {
		pointers = append(pointers, load("d"))
	}
	const slope, half, density = 0.3275911 / math.Sqrt2, 0.5, 0.39894228040143267794
	poly := []float64{1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592}
	c := l.numbers(append(append([]float64{-0.5, half, slope, density}, poly...), expNumbers...)...)
	mask := l.vec()
	build.VBROADCASTSS(bits(0x7fffffff), mask)
	x, y, e, t, p := l.vec(), l.vec(), l.vec(), l.vec(), l.vec()
	l.loop("", n, pointers, func() {
		build.VMOVUPS(operand.Mem{Base: src}, x)
		build.VMULPS(x, x, y)
		build.VMULPS(c.get(-0.5), y, y)
		l.exp1(c, y, e) // sqrt(2 pi) times the density
		build.VANDPS(mask, x, t)
		one := c.get(1)
		build.VFMADD132PS(c.get(slope), one, t)
		build.VDIVPS(t, one, t)
		build.VMOVAPS(c.get(poly[0]), p)
		for _, q := range poly[1:] {
			build.VFMADD213PS(c.get(q), t, p)
		}
		build.VMULPS(t, p, p)
		build.VMULPS(e, p, p)
		build.VMULPS(c.get(half), p, p) // the tail beyond |x|
		build.VSUBPS(p, one, y)
		l.whereNegative(x, p, y, p) // the distribution function
		if gradient {
			build.VMULPS(c.get(density), e, e)
			build.VFMADD231PS(e, x, p)
			build.VMULPS(operand.Mem{Base: pointers[2]}, p, p)
		} else {
			build.VMULPS(x, p, p)
		}
		build.VMOVUPS(p, operand.Mem{Base: dst})
	})
	build.VZEROUPPER()
	build.RET()
}

// whereNegative sets dst to a where the sign of x is set and to b elsewhere.
func (l level) whereNegative(x, a, b, dst reg.VecVirtual) {
	if l.lanes == 16 {
		k := build.K()
		build.VPMOVD2M(x, k)
		build.VBLENDMPS(a, b, k, dst)
		return
	}
	build.VBLENDVPS(x, a, b, dst)
}

// logistic sets s to 1/(1+exp(-x)).
func (l level) logistic(c numbers, x, s reg.VecVirtual) {
	y := l.vec()
	build.VXORPS(y, y, y)
	build.VSUBPS(x, y, y)
	l.exp1(c, y, s)
	one := c.get(1)
	build.VADDPS(one, s, s)
	build.VDIVPS(s, one, s)
}

func (l level) swiglu() {
	l.text("swiglu", "dst, gate, up *float32, n int", "is dst = SiLU(gate) up."+multiple)
	dst, gate, up, n := load("dst"), load("gate"), load("up"), load("n")
	c := l.numbers(expNumbers...)
	x, s := l.vec(), l.vec()
	l.loop("", n, []reg.Register{dst, gate, up}, func() {
		build.VMOVUPS(operand.Mem{Base: gate}, x)
		l.logistic(c, x, s)
		build.VMULPS(x, s, s)
		build.VMULPS(operand.Mem{Base: up}, s, s)
		build.VMOVUPS(s, operand.Mem{Base: dst})
	})
	build.VZEROUPPER()
	build.RET()
}

// swigluGrad may write over its operands: all are read first.
func (l level) swigluGrad() {
	l.text("swigluGrad", "dgate, dup, gate, up, d *float32, n int", "is the gradient of SiLU(gate) up by both."+multiple)
	dgate, dup, gate, up, d, n := load("dgate"), load("dup"), load("gate"), load("up"), load("d"), load("n")
	c := l.numbers(expNumbers...)
	x, s, t, u := l.vec(), l.vec(), l.vec(), l.vec()
	l.loop("", n, []reg.Register{dgate, dup, gate, up, d}, func() {
		build.VMOVUPS(operand.Mem{Base: gate}, x)
		l.logistic(c, x, s)
		build.VMULPS(operand.Mem{Base: d}, s, t) // d s
		build.VMULPS(operand.Mem{Base: up}, t, u)
		one := c.get(1)
		build.VSUBPS(s, one, s)
		build.VFMADD213PS(one, x, s) // 1 + x (1-s)
		build.VMULPS(s, u, u)
		build.VMULPS(x, t, t)
		build.VMOVUPS(u, operand.Mem{Base: dgate})
		build.VMOVUPS(t, operand.Mem{Base: dup})
	})
	build.VZEROUPPER()
	build.RET()
}
