package cpu

import (
	"divvy/gpu/internal/simd"
	"divvy/gpu/program"
)

const (
	sqrt2OverPi = 0.79788456080286535588
	geluCubic   = 0.044715
)

// fastGELU is GELU, its tanh form and their gradients in float32. b is the
// derivative by the result in the gradients; own is memory.
func fastGELU(k program.Kind, y, a, b, own []float32) {
	switch k {
	case program.GELU:
		simd.GELU(y, a)
	case program.GELUGrad:
		simd.GELUGrad(y, a, b)
	default:
		tanhGELU(k == program.GELUTanhGrad, y, a, b, own)
	}
}

// tanhGELU uses (1+tanh(u))/2 = 1/(1+exp(-2u)); e is memory.
func tanhGELU(gradient bool, y, a, b, e []float32) {
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
