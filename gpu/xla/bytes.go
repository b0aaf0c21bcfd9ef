package xla

import (
	"encoding/binary"
	"math"
	"runtime"
	"sync"
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
		narrow(out, t.F32)
		return out
	default:
		return raw(t.F32)
	}
}

// narrow writes BF16 elements, on all cores if there are many.
func narrow(to []byte, from []float32) {
	part := max(1<<16, (len(from)+runtime.GOMAXPROCS(0)-1)/runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for lo := 0; lo < len(from); lo += part {
		wg.Go(func() {
			out := to[2*lo:]
			for i, x := range from[lo:min(len(from), lo+part)] {
				binary.LittleEndian.PutUint16(out[2*i:], uint16(math.Float32bits(program.RoundBF16(x))>>16))
			}
		})
	}
	wg.Wait()
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
