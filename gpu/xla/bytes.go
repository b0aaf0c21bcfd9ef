package xla

import (
	"encoding/binary"
	"math"
	"unsafe"

	"divvy/gpu/pjrt"
	"divvy/gpu/program"
)

// element is the plug-in's name of an element type.
func element(t program.DType) pjrt.ElementType {
	switch t {
	case program.F64:
		return pjrt.F64
	case program.BF16:
		return pjrt.BF16
	case program.I32:
		return pjrt.I32
	case program.U8:
		return pjrt.U8
	default:
		return pjrt.F32
	}
}

// encode gives a tensor's elements as a device stores them: the tensor's own
// memory, except for BF16, which a host keeps in four bytes.
func encode(t *program.Tensor) []byte {
	switch t.Type {
	case program.F64:
		return raw(t.F64)
	case program.I32:
		return raw(t.I32)
	case program.U8:
		return t.U8
	case program.BF16:
		out := make([]byte, 2*len(t.F32))
		for i, x := range t.F32 {
			binary.LittleEndian.PutUint16(out[2*i:], uint16(math.Float32bits(program.RoundBF16(x))>>16))
		}
		return out
	default:
		return raw(t.F32)
	}
}

// widen reads BF16 elements.
func widen(to []float32, from []byte) {
	for i := range to {
		to[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(from[2*i:])) << 16)
	}
}

// raw is the memory of numbers; the machines that have plug-ins are little-endian.
func raw[T float32 | float64 | int32](x []T) []byte {
	if len(x) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&x[0])), len(x)*int(unsafe.Sizeof(x[0])))
}
