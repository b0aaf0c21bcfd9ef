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
func largest[T float](x []T) T {
	if f, ok := any(x).([]float32); ok {
		return T(simd.Largest(f))
	}
	m := x[0]
	for _, v := range x {
		if v > m {
			m = v
		}
	}
	return m
}

// shift is dst = x + a.
func shift[T float](dst, x []T, a T) {
	if d, ok := any(dst).([]float32); ok {
		simd.Shift(d, any(x).([]float32), float32(a))
		return
	}
	for i := range dst {
		dst[i] = x[i] + a
	}
}

// scaledProduct is dst = a x y + z.
func scaledProduct[T float](dst, x, y, z []T, a T) {
	if d, ok := any(dst).([]float32); ok {
		simd.ScaledProduct(d, any(x).([]float32), any(y).([]float32), any(z).([]float32), float32(a))
		return
	}
	for i := range dst {
		dst[i] = a*x[i]*y[i] + z[i]
	}
}

// softmaxGrad is dst = a w (dst - b).
func softmaxGrad[T float](dst, w []T, a, b T) {
	if d, ok := any(dst).([]float32); ok {
		simd.SoftmaxGrad(d, any(w).([]float32), float32(a), float32(b))
		return
	}
	for i := range dst {
		dst[i] = a * w[i] * (dst[i] - b)
	}
}

// normSums and normGrad are the two passes of a normalisation's gradient; see
// package simd.
func normSums[T float](x, d, gain, dgain, dbias []T, mean, inv T) (a, b T) {
	if f, ok := any(x).([]float32); ok {
		p, q := simd.NormSums(f, any(d).([]float32), any(gain).([]float32), any(dgain).([]float32), any(dbias).([]float32), float32(mean), float32(inv))
		return T(p), T(q)
	}
	for i, v := range x {
		n, u := (v-mean)*inv, d[i]
		a += u * gain[i]
		b += u * gain[i] * n
		dgain[i] += u * n
		dbias[i] += u
	}
	return a, b
}

func normGrad[T float](dst, x, d, gain []T, mean, inv, a, b T) {
	if f, ok := any(dst).([]float32); ok {
		simd.NormGrad(f, any(x).([]float32), any(d).([]float32), any(gain).([]float32), float32(mean), float32(inv), float32(a), float32(b))
		return
	}
	for i, v := range x {
		dst[i] = (d[i]*gain[i] - a - (v-mean)*inv*b) * inv
	}
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
