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

var avx512 = vectorised("avx512", 16, Kernel{12, 32, blockAVX512}, raw{
	exp: expAVX512, expSum: expSumAVX512, add: addAVX512, mul: mulAVX512,
	scale: scaleAVX512, axpy: axpyAVX512, dot: dotAVX512, relu: reluAVX512, adamw: adamwAVX512,
})

var avx2 = vectorised("avx2", 8, Kernel{6, 16, blockAVX2}, raw{
	exp: expAVX2, expSum: expSumAVX2, add: addAVX2, mul: mulAVX2,
	scale: scaleAVX2, axpy: axpyAVX2, dot: dotAVX2, relu: reluAVX2, adamw: adamwAVX2,
})

// raw is the assembly of one level: it takes whole vectors only.
type raw struct {
	exp         func(dst, src *float32, n int)
	expSum      func(dst, src *float32, n int, scale, shift float32, sum *float32)
	add, mul    func(dst, x, y *float32, n int)
	scale, axpy func(dst, x *float32, n int, a float32)
	dot         func(x, y *float32, n int, sum *float32)
	relu        func(dst, x *float32, n int)
	adamw       func(p, g, m, v *float32, n int, c *float32)
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
		exp: func(dst, x []float32) {
			n := whole(len(dst))
			if n > 0 {
				r.exp(&dst[0], &x[0], n)
			}
			if n < len(dst) {
				var t [maxLanes]float32
				copy(t[:], x[n:])
				r.exp(&t[0], &t[0], lanes)
				copy(dst[n:], t[:])
			}
		},
		expSum: func(dst, x []float32, scale, shift float32) float32 {
			n := whole(len(dst))
			var sum [maxLanes]float32
			if n > 0 {
				r.expSum(&dst[0], &x[0], n, scale, shift, &sum[0])
			}
			s := total(sum[:lanes])
			if n < len(dst) {
				var t [maxLanes]float32
				copy(t[:], x[n:])
				r.expSum(&t[0], &t[0], lanes, scale, shift, &sum[0])
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
			r.dot(&x[0], &y[0], n, &sum[0])
			return total(sum[:lanes]) + dotGo(x[n:], y[n:])
		},
		relu: func(dst, x []float32) {
			n := whole(len(dst))
			if n > 0 {
				r.relu(&dst[0], &x[0], n)
			}
			reluGo(dst[n:], x[n:])
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

// total adds up the lanes of a vector.
func total(x []float32) float32 {
	for n := len(x) / 2; n > 0; n /= 2 {
		for i := range n {
			x[i] += x[i+n]
		}
	}
	return x[0]
}
