package cpu

import (
	"unsafe"

	"divvy/gpu/program"
)

// float is an element type that arithmetic runs in.
type float interface{ float32 | float64 }

// memory is a stretch of bytes whose start is aligned for any vector load.
type memory []byte

const alignment = 64

// alloc makes zeroed, aligned memory.
func alloc(n int64) memory {
	raw := make([]byte, n+alignment)
	skip := 0
	if r := uintptr(unsafe.Pointer(&raw[0])) % alignment; r != 0 {
		skip = int(alignment - r)
	}
	return memory(raw[skip : skip+int(n)])
}

// storageBytes is what n elements take on this device, rounded up to the alignment.
func storageBytes(t program.DType, n int) int64 {
	size := int64(4) // BF16 too
	if t == program.F64 {
		size = 8
	}
	return (int64(n)*size + alignment - 1) / alignment * alignment
}

// floats reads memory as n numbers of type T.
func floats[T float](m memory, n int) []T {
	var t T
	return unsafe.Slice((*T)(unsafe.Pointer(&m[:int(unsafe.Sizeof(t))*n][0])), n)
}

// ints reads memory as n i32 numbers.
func ints(m memory, n int) []int32 {
	return unsafe.Slice((*int32)(unsafe.Pointer(&m[:4*n][0])), n)
}
