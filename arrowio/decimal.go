package arrowio

import (
	"encoding/binary"
	"math/big"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// decimalText gives a decimal with all the decimals of its type.
func decimalText(n *big.Int, scale int32) string {
	digits := new(big.Int).Abs(n).String()
	switch {
	case scale > 0:
		digits = strings.Repeat("0", max(0, int(scale)+1-len(digits))) + digits
		point := len(digits) - int(scale)
		digits = digits[:point] + "." + digits[point:]
	case scale < 0 && n.Sign() != 0:
		digits += strings.Repeat("0", int(-scale))
	}
	if n.Sign() < 0 {
		return "-" + digits
	}
	return digits
}

// wideKeys gives values that are wider than 64 bits as texts whose order, byte by
// byte, is theirs; nil for other types. What stands at nulls is arbitrary.
func wideKeys(a arrow.Array) []string {
	keys := make([]string, a.Len())
	var b [32]byte
	const sign = 1 << 63
	switch a := a.(type) {
	case *array.FixedSizeBinary:
		for i := range keys {
			keys[i] = string(a.Value(i))
		}
	case *array.Decimal128:
		for i := range keys {
			v := a.Value(i)
			binary.BigEndian.PutUint64(b[:], uint64(v.HighBits())^sign)
			binary.BigEndian.PutUint64(b[8:], v.LowBits())
			keys[i] = string(b[:16])
		}
	case *array.Decimal256:
		for i := range keys {
			limbs := a.Value(i).Array() // the least first
			limbs[3] ^= sign
			for k, limb := range limbs {
				binary.BigEndian.PutUint64(b[8*(3-k):], limb)
			}
			keys[i] = string(b[:])
		}
	default:
		return nil
	}
	return keys
}

// areTexts tells whether the values of a keyClass are compared as texts.
func areTexts(class string) bool {
	return class == "text" || class == "bytes" || strings.HasPrefix(class, "decimal")
}

// halves gives the values of a column of float16 as float32.
func halves(a *array.Float16, from, to int) []float32 {
	v := make([]float32, to-from)
	for i := range v {
		v[i] = a.Value(from + i).Float32()
	}
	return v
}
