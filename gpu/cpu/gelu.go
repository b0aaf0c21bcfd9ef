package cpu

import (
	"math"

	"divvy/gpu/internal/simd"
	"divvy/gpu/program"
)

const (
	sqrt2OverPi = 0.79788456080286535588
	geluCubic   = 0.044715
)

// fastGELU is GELU, its tanh form and their gradients in float32, built on the
// vector exponential. b is the derivative by the result in the gradients.
func fastGELU(k program.Kind, y, a, b []float32) {
	switch k {
	case program.GELU, program.GELUGrad:
		normalGELU(k == program.GELUGrad, y, a, b)
	default:
		tanhGELU(k == program.GELUTanhGrad, y, a, b)
	}
}

// normalGELU uses the normal distribution function through Abramowitz and
// Stegun 7.1.26, whose error of 1.5e-7 is that of float32.
func normalGELU(gradient bool, y, a, b []float32) {
	var buf [strip]float32
	e := buf[:len(a)]
	for i, x := range a {
		e[i] = -0.5 * x * x
	}
	simd.Exp(e, e) // sqrt(2 pi) times the density
	for i, x := range a {
		t := 1 / (1 + 0.3275911/math.Sqrt2*max(x, -x))
		tail := 0.5 * e[i] * t * (0.254829592 + t*(-0.284496736+t*(1.421413741+t*(-1.453152027+t*1.061405429))))
		phi := tail
		if x > 0 {
			phi = 1 - tail
		}
		if gradient {
			y[i] = b[i] * (phi + x*e[i]*(1/(math.Sqrt2*1.7724538509055159)))
		} else {
			y[i] = x * phi
		}
	}
}

// tanhGELU uses (1+tanh(u))/2 = 1/(1+exp(-2u)).
func tanhGELU(gradient bool, y, a, b []float32) {
	var buf [strip]float32
	e := buf[:len(a)]
	for i, x := range a {
		e[i] = -2 * sqrt2OverPi * (x + geluCubic*x*x*x)
	}
	simd.Exp(e, e)
	for i, x := range a {
		s := 1 / (1 + e[i])
		if gradient {
			// e*s is 1-s without cancellation; where e is infinite, s is 0.
			var c float32
			if s != 0 {
				c = e[i] * s
			}
			y[i] = b[i] * (s + x*s*c*2*sqrt2OverPi*(1+3*geluCubic*x*x))
		} else {
			y[i] = x * s
		}
	}
}
