package cpu

import (
	"math"

	"divvy/gpu/internal/simd"
)

// The functions here run on slices of equal length; float32 takes the vector
// kernels.

// add is dst = x + y.
func add[T float](dst, x, y []T) {
	if d, ok := any(dst).([]float32); ok {
		simd.Add(d, any(x).([]float32), any(y).([]float32))
		return
	}
	for i := range dst {
		dst[i] = x[i] + y[i]
	}
}

// mul is dst = x * y.
func mul[T float](dst, x, y []T) {
	if d, ok := any(dst).([]float32); ok {
		simd.Mul(d, any(x).([]float32), any(y).([]float32))
		return
	}
	for i := range dst {
		dst[i] = x[i] * y[i]
	}
}

// axpy is dst += a x.
func axpy[T float](dst, x []T, a T) {
	if d, ok := any(dst).([]float32); ok {
		simd.Axpy(d, any(x).([]float32), float32(a))
		return
	}
	for i := range dst {
		dst[i] += a * x[i]
	}
}

// scale is dst = a x.
func scale[T float](dst, x []T, a T) {
	if d, ok := any(dst).([]float32); ok {
		simd.Scale(d, any(x).([]float32), float32(a))
		return
	}
	for i := range dst {
		dst[i] = a * x[i]
	}
}

// dot is the sum of x*y.
func dot[T float](x, y []T) T {
	if f, ok := any(x).([]float32); ok {
		return T(simd.Dot(f, any(y).([]float32)))
	}
	var s T
	for i := range x {
		s += x[i] * y[i]
	}
	return s
}

// largest is the maximum of x, NaN left out: what follows it finds NaN anyway.
// Four chains and branches that are hardly ever taken are faster than the
// builtin max.
func largest[T float](x []T) T {
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

// sum adds up x in float64, which keeps long sums of float32 exact enough.
func sum[T float](x []T) float64 {
	var s float64
	for _, v := range x {
		s += float64(v)
	}
	return s
}

// expSum is dst = exp(by*x + shift) and the sum of dst.
func expSum[T float](dst, x []T, by, shift T) float64 {
	if d, ok := any(dst).([]float32); ok {
		return float64(simd.ExpSum(d, any(x).([]float32), float32(by), float32(shift)))
	}
	var s float64
	for i := range dst {
		v := math.Exp(float64(by*x[i] + shift))
		dst[i] = T(v)
		s += v
	}
	return s
}
