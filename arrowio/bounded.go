package arrowio

import (
	"fmt"

	"github.com/apache/arrow/go/v17/arrow/memory"
)

// Bounded gives an allocator for Arrow's readers that panics when one buffer is to
// be of more than so many bytes: a corrupt length would else end the process for
// want of memory. Whoever reads with it recovers, and makes an error of it.
func Bounded(mem memory.Allocator, most int64) memory.Allocator { return bounded{mem, most} }

// mostIn is the largest buffer that a file of a size can hold even when it is
// compressed 65,536 times.
func mostIn(fileSize int64) int64 { return min(1<<40, fileSize<<16) }

type bounded struct {
	memory.Allocator
	most int64
}

func (b bounded) check(n int) {
	if n < 0 || int64(n) > b.most {
		panic(fmt.Sprintf("a buffer of %d bytes, where at most %d can be", n, b.most))
	}
}

// Allocate implements memory.Allocator.
func (b bounded) Allocate(n int) []byte { b.check(n); return b.Allocator.Allocate(n) }

// Reallocate implements memory.Allocator.
func (b bounded) Reallocate(n int, old []byte) []byte {
	b.check(n)
	return b.Allocator.Reallocate(n, old)
}
