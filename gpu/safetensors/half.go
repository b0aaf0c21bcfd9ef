package safetensors

import "math"

// fromHalf widens an IEEE 754 half-precision number.
func fromHalf(h uint16) float32 {
	sign, exp, frac := uint32(h>>15)<<31, uint32(h>>10)&31, uint32(h)&0x3ff
	switch exp {
	case 31: // infinite, or not a number
		return math.Float32frombits(sign | 0x7f800000 | frac<<13)
	case 0: // zero or subnormal: frac 2^-24
		return float32(math.Copysign(float64(frac)*0x1p-24, 1-2*float64(h>>15)))
	}
	return math.Float32frombits(sign | (exp+112)<<23 | frac<<13)
}

// toHalf rounds to the nearest half-precision number, ties to even; what is too
// large becomes infinite.
func toHalf(x float32) uint16 {
	u := math.Float32bits(x)
	sign, u := uint16(u>>16)&0x8000, u&0x7fffffff
	switch {
	case u > 0x7f800000: // not a number
		return sign | 0x7e00
	case u >= 0x477ff000: // rounds beyond 65504
		return sign | 0x7c00
	case u < 0x38800000: // subnormal in half precision
		return sign | uint16(math.RoundToEven(float64(math.Float32frombits(u))*0x1p24))
	}
	u += 0xfff + (u>>13)&1
	return sign | uint16((u-0x38000000)>>13)
}
