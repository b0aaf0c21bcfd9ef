package simd

import (
	"math"
	"unsafe"
)

// portable is the set of kernels in Go, and the reference of the others' tests.
var portable = functions{
	level:  "portable",
	kernel: Kernel{4, 4, Block4x4[float32]},
	exp:    expGo,
	expSum: expSumGo,
	add:    addGo,
	mul:    mulGo,
	axpy:   axpyGo,
	scale:  scaleGo,
	dot:    dotGo,
	relu:   reluGo,
	adamw:  adamwGo,
}

// Block4x4 is the inner block of the matrix product without vector
// instructions, as two halves of eight sums each: sixteen, with what they are
// made of, do not fit the registers.
func Block4x4[T float32 | float64](k int, a, b, c *T, ldc int) {
	if k == 0 {
		return
	}
	x, y, s := unsafe.Slice(a, 4*k), unsafe.Slice(b, 4*k), unsafe.Slice(c, 3*ldc+4)
	for half := 0; half < 4; half += 2 {
		var c0, c1, c2, c3, d0, d1, d2, d3 T
		for p := 0; p+4 <= len(x); p += 4 {
			r, q := x[p:p+4:p+4], y[p:p+4:p+4]
			v, w := r[half], r[half+1]
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
		addTo(s[half*ldc:], c0, c1, c2, c3)
		addTo(s[(half+1)*ldc:], d0, d1, d2, d3)
	}
}

func addTo[T float32 | float64](s []T, a, b, c, d T) {
	s[0] += a
	s[1] += b
	s[2] += c
	s[3] += d
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

func adamwGo(p, g, m, v []float32, c *AdamW) {
	for i := range p {
		d := g[i] * c.Scale
		m[i] = c.Beta1*m[i] + c.Gain1*d
		v[i] = c.Beta2*v[i] + c.Gain2*d*d
		root := float32(math.Sqrt(float64(v[i])))
		p[i] = c.Keep*p[i] - c.Rate*m[i]/(root*c.Root+c.Eps)
	}
}
