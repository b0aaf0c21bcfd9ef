package cpu

import (
	"cmp"
	"slices"
	"sync"
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

// arenas is memory between two runs.
type arenas struct {
	mu   sync.Mutex
	free []memory // by length
}

// keptArenas is how many are kept: runs that go on at the same time beyond
// that number take fresh memory.
const keptArenas = 2

// take gives n bytes or more, contents unknown: the shortest spare arena that
// is long enough, or new memory in place of the longest that is not.
func (a *arenas) take(n int64) memory {
	a.mu.Lock()
	defer a.mu.Unlock()
	i, _ := slices.BinarySearchFunc(a.free, n, func(m memory, n int64) int { return cmp.Compare(int64(len(m)), n) })
	if i < len(a.free) {
		m := a.free[i]
		a.free = slices.Delete(a.free, i, i+1)
		return m
	}
	if i > 0 {
		a.free = slices.Delete(a.free, i-1, i)
	}
	return alloc(n)
}

// give takes memory back.
func (a *arenas) give(m memory) {
	a.mu.Lock()
	defer a.mu.Unlock()
	i, _ := slices.BinarySearchFunc(a.free, len(m), func(x memory, n int) int { return cmp.Compare(len(x), n) })
	a.free = slices.Insert(a.free, i, m)
	if len(a.free) > keptArenas {
		a.free = slices.Delete(a.free, 0, 1)
	}
}

// storageBytes is what n elements take on this device, rounded up to the alignment.
func storageBytes(t program.DType, n int) int64 {
	size := int64(4) // BF16 too
	switch t {
	case program.F64:
		size = 8
	case program.U8:
		size = 1
	}
	return (int64(n)*size + alignment - 1) / alignment * alignment
}

// Bytes is what a tensor takes on this device.
func (d *Device) Bytes(t program.DType, shape []int) int64 {
	return storageBytes(t, program.Elements(shape))
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
