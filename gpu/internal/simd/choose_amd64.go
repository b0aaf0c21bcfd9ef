package simd

import (
	"os"

	"golang.org/x/sys/cpu"
)

// choose takes the widest instructions that the processor has. DIVVY_SIMD
// (avx2, portable) asks for fewer, to compare and to test.
func choose() functions {
	limit := os.Getenv("DIVVY_SIMD")
	switch {
	case limit == "portable":
		return portable
	case limit != "avx2" && hasAVX512():
		return avx512
	case hasAVX2():
		return avx2
	}
	return portable
}

func hasAVX512() bool { return cpu.X86.HasAVX512F && cpu.X86.HasAVX512VL && cpu.X86.HasAVX512DQ }
func hasAVX2() bool   { return cpu.X86.HasAVX2 && cpu.X86.HasFMA }

var avx512 = vectorised("avx512", 16, Kernel{12, 32, blockAVX512, packAAVX512, packBAVX512, transposeAVX512}, raw{
	exp: expAVX512, add: addAVX512, mul: mulAVX512,
	scale: scaleAVX512, axpy: axpyAVX512, relu: reluAVX512, adamw: adamwAVX512,
	reluGrad: reluGradAVX512, scaledProduct: scaledProductAVX512, softmaxGrad: softmaxGradAVX512,
	gelu: geluAVX512, geluGrad: geluGradAVX512, swiglu: swigluAVX512, swigluGrad: swigluGradAVX512,
	shift: shiftAVX512, normGrad: normGradAVX512,
})

var avx2 = vectorised("avx2", 8, Kernel{6, 16, blockAVX2, packAAVX2, packBAVX2, transposeAVX2}, raw{
	exp: expAVX2, add: addAVX2, mul: mulAVX2,
	scale: scaleAVX2, axpy: axpyAVX2, relu: reluAVX2, adamw: adamwAVX2,
	reluGrad: reluGradAVX2, scaledProduct: scaledProductAVX2, softmaxGrad: softmaxGradAVX2,
	gelu: geluAVX2, geluGrad: geluGradAVX2, swiglu: swigluAVX2, swigluGrad: swigluGradAVX2,
	shift: shiftAVX2, normGrad: normGradAVX2,
})

// raw is the assembly of one level: it takes whole vectors only. What is given a
// vector of the caller is called by its name, below, as an argument of a function
// value escapes, and each call would allocate one.
type raw struct {
	exp, gelu, relu    func(dst, src *float32, n int)
	add, mul, swiglu   func(dst, x, y *float32, n int)
	reluGrad, geluGrad func(dst, x, d *float32, n int)
	scale, axpy, shift func(dst, x *float32, n int, a float32)
	adamw              func(p, g, m, v *float32, n int, c *float32)
	scaledProduct      func(dst, x, y, z *float32, n int, a float32)
	normGrad           func(dst, x, d, gain *float32, n int, mean, inv, a, b float32)
	softmaxGrad        func(dst, w *float32, n int, a, b float32)
	swigluGrad         func(dgate, dup, gate, up, d *float32, n int)
}

// maxLanes is the widest vector's number of elements.
const maxLanes = 16

// vectorised wraps assembly so that slices of any length can be given. The
// exponentials of the last elements are computed in a padded vector, so that a
// result does not depend on its place; the other tails are done in Go.
func vectorised(level string, lanes int, k Kernel, r raw) functions {
	whole := func(n int) int { return n / lanes * lanes }
	return functions{
		level: level, kernel: k,
		exp: unary(lanes, r.exp), gelu: unary(lanes, r.gelu),
		geluGrad: binary(lanes, r.geluGrad), swiglu: binary(lanes, r.swiglu),
		expSum: func(dst, x []float32, scale, shift float32) float32 {
			n := whole(len(dst))
			var sum [maxLanes]float32
			if n > 0 {
				expSum(lanes, &dst[0], &x[0], n, scale, shift, &sum[0])
			}
			s := total(sum[:lanes])
			if n < len(dst) {
				var t [maxLanes]float32
				copy(t[:], x[n:])
				expSum(lanes, &t[0], &t[0], lanes, scale, shift, &sum[0])
				for i := range dst[n:] {
					dst[n+i] = t[i]
					s += t[i]
				}
			}
			return s
		},
		add: func(dst, x, y []float32) {
			n := whole(len(dst))
			if n > 0 {
				r.add(&dst[0], &x[0], &y[0], n)
			}
			addGo(dst[n:], x[n:], y[n:])
		},
		mul: func(dst, x, y []float32) {
			n := whole(len(dst))
			if n > 0 {
				r.mul(&dst[0], &x[0], &y[0], n)
			}
			mulGo(dst[n:], x[n:], y[n:])
		},
		scale: func(dst, x []float32, a float32) {
			n := whole(len(dst))
			if n > 0 {
				r.scale(&dst[0], &x[0], n, a)
			}
			scaleGo(dst[n:], x[n:], a)
		},
		axpy: func(dst, x []float32, a float32) {
			n := whole(len(dst))
			if n > 0 {
				r.axpy(&dst[0], &x[0], n, a)
			}
			axpyGo(dst[n:], x[n:], a)
		},
		dot: func(x, y []float32) float32 {
			n := len(x) / (4 * lanes) * (4 * lanes)
			if n == 0 {
				return dotGo(x, y)
			}
			var sum [maxLanes]float32
			dot(lanes, &x[0], &y[0], n, &sum[0])
			return total(sum[:lanes]) + dotGo(x[n:], y[n:])
		},
		relu: func(dst, x []float32) {
			n := whole(len(dst))
			if n > 0 {
				r.relu(&dst[0], &x[0], n)
			}
			reluGo(dst[n:], x[n:])
		},
		reluGrad: func(dst, x, d []float32) {
			n := whole(len(dst))
			if n > 0 {
				r.reluGrad(&dst[0], &x[0], &d[0], n)
			}
			reluGradGo(dst[n:], x[n:], d[n:])
		},
		largest: func(x []float32) float32 {
			n := whole(len(x))
			if n == 0 {
				return largestGo(x)
			}
			var top [maxLanes]float32
			largest(lanes, &x[0], n, &top[0])
			m := largestGo(top[:lanes])
			if n < len(x) {
				m = max(m, largestGo(x[n:]))
			}
			return m
		},
		scaledProduct: func(dst, x, y, z []float32, a float32) {
			n := whole(len(dst))
			if n > 0 {
				r.scaledProduct(&dst[0], &x[0], &y[0], &z[0], n, a)
			}
			scaledProductGo(dst[n:], x[n:], y[n:], z[n:], a)
		},
		shift: func(dst, x []float32, a float32) {
			n := whole(len(dst))
			if n > 0 {
				r.shift(&dst[0], &x[0], n, a)
			}
			shiftGo(dst[n:], x[n:], a)
		},
		normSums: func(x, d, gain, dgain, dbias []float32, mean, inv float32) (float32, float32) {
			n := whole(len(x))
			var sums [2 * maxLanes]float32
			if n > 0 {
				normSums(lanes, &x[0], &d[0], &gain[0], &dgain[0], &dbias[0], n, mean, inv, &sums[0])
			}
			a, b := normSumsGo(x[n:], d[n:], gain[n:], dgain[n:], dbias[n:], mean, inv)
			return total(sums[:lanes]) + a, total(sums[lanes:2*lanes]) + b
		},
		normGrad: func(dst, x, d, gain []float32, mean, inv, a, b float32) {
			n := whole(len(dst))
			if n > 0 {
				r.normGrad(&dst[0], &x[0], &d[0], &gain[0], n, mean, inv, a, b)
			}
			normGradGo(dst[n:], x[n:], d[n:], gain[n:], mean, inv, a, b)
		},
		softmaxGrad: func(dst, w []float32, a, b float32) {
			n := whole(len(dst))
			if n > 0 {
				r.softmaxGrad(&dst[0], &w[0], n, a, b)
			}
			softmaxGradGo(dst[n:], w[n:], a, b)
		},
		swigluGrad: func(dgate, dup, gate, up, d []float32) {
			n := whole(len(dgate))
			if n > 0 {
				r.swigluGrad(&dgate[0], &dup[0], &gate[0], &up[0], &d[0], n)
			}
			if n < len(dgate) {
				var t [5][maxLanes]float32
				copy(t[2][:], gate[n:])
				copy(t[3][:], up[n:])
				copy(t[4][:], d[n:])
				r.swigluGrad(&t[0][0], &t[1][0], &t[2][0], &t[3][0], &t[4][0], lanes)
				copy(dgate[n:], t[0][:])
				copy(dup[n:], t[1][:])
			}
		},
		adamw: func(p, g, m, v []float32, c *AdamW) {
			n := whole(len(p))
			if n > 0 {
				r.adamw(&p[0], &g[0], &m[0], &v[0], n, &c.Scale)
			}
			adamwGo(p[n:], g[n:], m[n:], v[n:], c)
		},
	}
}

func expSum(lanes int, dst, src *float32, n int, scale, shift float32, sum *float32) {
	if lanes == 16 {
		expSumAVX512(dst, src, n, scale, shift, sum)
		return
	}
	expSumAVX2(dst, src, n, scale, shift, sum)
}

func dot(lanes int, x, y *float32, n int, sum *float32) {
	if lanes == 16 {
		dotAVX512(x, y, n, sum)
		return
	}
	dotAVX2(x, y, n, sum)
}

func largest(lanes int, x *float32, n int, top *float32) {
	if lanes == 16 {
		largestAVX512(x, n, top)
		return
	}
	largestAVX2(x, n, top)
}

func normSums(lanes int, x, d, gain, dgain, dbias *float32, n int, mean, inv float32, sums *float32) {
	if lanes == 16 {
		normSumsAVX512(x, d, gain, dgain, dbias, n, mean, inv, sums)
		return
	}
	normSumsAVX2(x, d, gain, dgain, dbias, n, mean, inv, sums)
}

// unary runs a kernel on slices of any length; what is left of a vector is
// computed in a padded one.
func unary(lanes int, run func(dst, x *float32, n int)) func(dst, x []float32) {
	return func(dst, x []float32) {
		n := len(dst) / lanes * lanes
		if n > 0 {
			run(&dst[0], &x[0], n)
		}
		if n < len(dst) {
			var t [maxLanes]float32
			copy(t[:], x[n:])
			run(&t[0], &t[0], lanes)
			copy(dst[n:], t[:])
		}
	}
}

// binary is unary for two operands.
func binary(lanes int, run func(dst, x, y *float32, n int)) func(dst, x, y []float32) {
	return func(dst, x, y []float32) {
		n := len(dst) / lanes * lanes
		if n > 0 {
			run(&dst[0], &x[0], &y[0], n)
		}
		if n < len(dst) {
			var t, u [maxLanes]float32
			copy(t[:], x[n:])
			copy(u[:], y[n:])
			run(&t[0], &t[0], &u[0], lanes)
			copy(dst[n:], t[:])
		}
	}
}

// total adds up the lanes of a vector.
func total(x []float32) float32 {
	for n := len(x) / 2; n > 0; n /= 2 {
		for i := range n {
			x[i] += x[i+n]
		}
	}
	return x[0]
}
