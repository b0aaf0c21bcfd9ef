package simd

import (
	"math"
	"unsafe"
)

// portable is the set of kernels in Go, and the reference of the others' tests.
var portable = functions{
	level:  "portable",
	kernel: Kernel{MR: 4, NR: 4, Run: Block4x4[float32], PackA: pack4Go, PackB: pack4Go},
	exp:    expGo,
	expSum: expSumGo,
	add:    addGo,
	mul:    mulGo,
	axpy:   axpyGo,
	scale:  scaleGo,
	dot:    dotGo,
	relu:   reluGo,
	adamw:  adamwGo,

	reluGrad:      reluGradGo,
	largest:       largestGo,
	scaledProduct: scaledProductGo,
	shift:         shiftGo,
	normSums:      normSumsGo,
	normGrad:      normGradGo,
	softmaxGrad:   softmaxGradGo,
	gelu:          geluGo,
	geluGrad:      geluGradGo,
	swiglu:        swigluGo,
	swigluGrad:    swigluGradGo,
}

// Block4x4 is the inner block of the matrix product without vector
// instructions (see Kernel.Run), as two halves of eight sums each: sixteen, with
// what they are made of, do not fit the registers.
func Block4x4[T float32 | float64](k int, a *T, aRow, aCol int, b, c *T, ldc int, from *T, fromRow int) {
	s := unsafe.Slice(c, 3*ldc+4)
	var f []T
	if from != nil {
		f = unsafe.Slice(from, 3*fromRow+4)
	}
	var x, y []T
	if k > 0 {
		x, y = unsafe.Slice(a, 3*aRow+(k-1)*aCol+1), unsafe.Slice(b, 4*k)
	}
	for half := 0; half < 4; half += 2 {
		var c0, c1, c2, c3, d0, d1, d2, d3 T
		at, next := half*aRow, (half+1)*aRow
		for p := 0; p+4 <= len(y); p += 4 {
			q := y[p : p+4 : p+4]
			v, w := x[at], x[next]
			at, next = at+aCol, next+aCol
			b0, b1, b2, b3 := q[0], q[1], q[2], q[3]
			c0 += v * b0
			c1 += v * b1
			c2 += v * b2
			c3 += v * b3
			d0 += w * b0
			d1 += w * b1
			d2 += w * b2
			d3 += w * b3
		}
		if f != nil {
			g, h := f[half*fromRow:], f[(half+1)*fromRow:]
			c0, c1, c2, c3 = c0+g[0], c1+g[1], c2+g[2], c3+g[3]
			d0, d1, d2, d3 = d0+h[0], d1+h[1], d2+h[2], d3+h[3]
		}
		t, u := s[half*ldc:], s[(half+1)*ldc:]
		t[0], t[1], t[2], t[3] = c0, c1, c2, c3
		u[0], u[1], u[2], u[3] = d0, d1, d2, d3
	}
}

func pack4Go(dst, src *float32, k, stride int) {
	if k == 0 {
		return
	}
	d, s := unsafe.Slice(dst, 4*k), unsafe.Slice(src, (k-1)*stride+4)
	for q := range k {
		copy(d[4*q:4*q+4], s[q*stride:])
	}
}

// The exponential: x = n log 2 + r with |r| <= log(2)/2, exp(r) by the
// polynomial of the Cephes library (Moshier), the result scaled by 2^n. The
// assembly does the same steps, with fused multiplications.
const (
	expLow   = -104 // below, the result rounds to 0
	expHigh  = 89   // above, it is +Inf
	log2E    = 1.44269504088896341
	ln2High  = 0.693359375
	ln2Low   = -2.12194440e-4
	expPoly0 = 1.9875691500e-4
	expPoly1 = 1.3981999507e-3
	expPoly2 = 8.3334519073e-3
	expPoly3 = 4.1665795894e-2
	expPoly4 = 1.6666665459e-1
	expPoly5 = 5.0000001201e-1
)

func exp1(x float32) float32 {
	if x != x {
		return x
	}
	x = min(max(x, expLow), expHigh)
	n := float32(math.RoundToEven(float64(x * log2E)))
	r := x - n*ln2High
	r -= n * ln2Low
	p := float32(expPoly0)
	p = p*r + expPoly1
	p = p*r + expPoly2
	p = p*r + expPoly3
	p = p*r + expPoly4
	p = p*r + expPoly5
	p = p*r*r + r + 1
	// In two steps, as 2^128 and 2^-149 are no normal numbers.
	h := int32(n) >> 1
	return p * math.Float32frombits(uint32(int32(n)-h+127)<<23) * math.Float32frombits(uint32(h+127)<<23)
}

func expGo(dst, x []float32) {
	for i := range dst {
		dst[i] = exp1(x[i])
	}
}

func expSumGo(dst, x []float32, scale, shift float32) float32 {
	var s float32
	for i := range dst {
		v := exp1(scale*x[i] + shift)
		dst[i] = v
		s += v
	}
	return s
}

func addGo(dst, x, y []float32) {
	for i := range dst {
		dst[i] = x[i] + y[i]
	}
}

func mulGo(dst, x, y []float32) {
	for i := range dst {
		dst[i] = x[i] * y[i]
	}
}

func axpyGo(dst, x []float32, a float32) {
	for i := range dst {
		dst[i] += a * x[i]
	}
}

func scaleGo(dst, x []float32, a float32) {
	for i := range dst {
		dst[i] = a * x[i]
	}
}

func dotGo(x, y []float32) float32 {
	var a, b, c, d float32 // four chains hide the latency of the addition
	for len(x) >= 4 && len(y) >= 4 {
		a += x[0] * y[0]
		b += x[1] * y[1]
		c += x[2] * y[2]
		d += x[3] * y[3]
		x, y = x[4:], y[4:]
	}
	for i := range x {
		a += x[i] * y[i]
	}
	return a + b + (c + d)
}

func reluGo(dst, x []float32) {
	for i := range dst {
		dst[i] = max(x[i], 0)
	}
}

// reluGradGo masks, as signs are as good as random and a branch would be guessed
// wrong half of the time.
func reluGradGo(dst, x, d []float32) {
	for i := range dst {
		u := int32(math.Float32bits(x[i]))
		positive := (-u >> 31) &^ (u >> 31) // all ones, or none
		if u > 0x7f800000 {
			positive = 0 // not a number
		}
		dst[i] = math.Float32frombits(math.Float32bits(d[i]) & uint32(positive))
	}
}

// largestGo has four chains and branches that are hardly ever taken, which is
// faster than the builtin max.
func largestGo(x []float32) float32 {
	a, b, c, d := x[0], x[0], x[0], x[0]
	for ; len(x) >= 4; x = x[4:] {
		if x[0] > a {
			a = x[0]
		}
		if x[1] > b {
			b = x[1]
		}
		if x[2] > c {
			c = x[2]
		}
		if x[3] > d {
			d = x[3]
		}
	}
	for _, v := range x {
		if v > a {
			a = v
		}
	}
	return max(max(a, b), max(c, d))
}

func scaledProductGo(dst, x, y, z []float32, a float32) {
	for i := range dst {
		dst[i] = a*x[i]*y[i] + z[i]
	}
}

func shiftGo(dst, x []float32, a float32) {
	for i := range dst {
		dst[i] = x[i] + a
	}
}

func normSumsGo(x, d, gain, dgain, dbias []float32, mean, inv float32) (a, b float32) {
	for i, v := range x {
		n, u := (v-mean)*inv, d[i]
		a += u * gain[i]
		b += u * gain[i] * n
		dgain[i] += u * n
		dbias[i] += u
	}
	return a, b
}

func normGradGo(dst, x, d, gain []float32, mean, inv, a, b float32) {
	for i, v := range x[:len(dst)] {
		dst[i] = (d[i]*gain[i] - a - (v-mean)*inv*b) * inv
	}
}

func softmaxGradGo(dst, w []float32, a, b float32) {
	for i := range dst {
		dst[i] = a * ((dst[i] - b) * w[i])
	}
}

// normal is the normal distribution function through Abramowitz and Stegun
// 7.1.26, whose error of 1.5e-7 is that of float32, and sqrt(2 pi) times the
// density.
func normal(x float32) (phi, e float32) {
	e = exp1(-0.5 * x * x)
	t := 1 / (1 + 0.3275911/math.Sqrt2*max(x, -x))
	tail := 0.5 * e * t * (0.254829592 + t*(-0.284496736+t*(1.421413741+t*(-1.453152027+t*1.061405429))))
	if x > 0 {
		return 1 - tail, e
	}
	return tail, e
}

func geluGo(dst, x []float32) {
	for i, v := range x[:len(dst)] {
		phi, _ := normal(v)
		dst[i] = v * phi
	}
}

func geluGradGo(dst, x, d []float32) {
	for i, v := range x[:len(dst)] {
		phi, e := normal(v)
		dst[i] = d[i] * (phi + v*e*(1/(math.Sqrt2*1.7724538509055159)))
	}
}

func swigluGo(dst, gate, up []float32) {
	for i, v := range gate[:len(dst)] {
		dst[i] = v / (1 + exp1(-v)) * up[i]
	}
}

func swigluGradGo(dgate, dup, gate, up, d []float32) {
	for i, v := range gate[:len(dgate)] {
		s := 1 / (1 + exp1(-v))
		dgate[i], dup[i] = d[i]*up[i]*s*(1+v*(1-s)), d[i]*v*s
	}
}

func adamwGo(p, g, m, v []float32, c *AdamW) {
	for i := range p {
		d := g[i] * c.Scale
		m[i] = c.Beta1*m[i] + c.Gain1*d
		v[i] = c.Beta2*v[i] + c.Gain2*d*d
		root := float32(math.Sqrt(float64(v[i])))
		p[i] = c.Keep*p[i] - c.Rate*m[i]/(root*c.Root+c.Eps)
	}
}
