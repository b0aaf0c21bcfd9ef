package cpu

import (
	"sync"

	"divvy/gpu/internal/simd"
)

// strided is a matrix in memory: element (i, j) is data[i*row + j*col].
type strided[T float] struct {
	data     []T
	row, col int
}

// rows reads data as a dense matrix of the given width, transposed if asked.
func rows[T float](data []T, width int, transposed bool) strided[T] {
	if transposed {
		return strided[T]{data, 1, width}
	}
	return strided[T]{data, width, 1}
}

// product is c = a b (+ bias in each row), or c += a b: a is [m,k], b is [k,n],
// c has rows of n elements ldc apart.
type product[T float] struct {
	m, n, k    int
	a, b       strided[T]
	c          []T
	ldc        int
	bias       []T
	accumulate bool
}

// block is the innermost step: c[mr][nr] += a b over packed panels.
type block[T float] struct {
	mr, nr int
	run    func(k int, a, b, c *T, ldc int)
}

// Blocking: a panel of b of depth blockK stays in the first-level cache while
// it meets blockM rows of a, which stay in the second-level cache.
const (
	blockK      = 256
	blockPanels = 8       // panels of a and of b in a task
	packLimit   = 1 << 21 // elements of b packed at once
	// largestBlock is the number of elements of the largest inner block.
	largestBlock = 12 * 32
)

// blockFor is the inner block for T.
func blockFor[T float]() block[T] {
	var b any
	switch any(T(0)).(type) {
	case float32:
		k := simd.Block()
		b = block[float32]{k.MR, k.NR, k.Run}
	default:
		b = block[float64]{4, 4, block4x4}
	}
	return b.(block[T])
}

// scratch is memory for packed panels, kept between products.
type scratch[T float] struct{ a, b, tile []T }

var (
	pool32 = sync.Pool{New: func() any { return new(scratch[float32]) }}
	pool64 = sync.Pool{New: func() any { return new(scratch[float64]) }}
)

func getScratch[T float]() (*scratch[T], func()) {
	p := &pool64
	if _, ok := any(T(0)).(float32); ok {
		p = &pool32
	}
	s := p.Get().(*scratch[T])
	return s, func() { p.Put(s) }
}

func grow[T any](s *[]T, n int) []T {
	if cap(*s) < n {
		*s = make([]T, n)
	}
	return (*s)[:n]
}

// do computes the product on up to workers cores. Each element of c is summed
// in an order that depends only on k, so the result does not depend on workers.
func (p product[T]) do(workers int) {
	if p.m*p.n*p.k < 1<<15 {
		workers = 1
	}
	if p.m <= thinRows && p.a.col == 1 {
		switch {
		case p.b.row == 1:
			p.thin(workers)
			return
		case p.b.col == 1:
			p.thinRowMajor(workers)
			return
		}
	}
	bl := blockFor[T]()
	s, done := getScratch[T]()
	defer done()
	mp := (p.m + bl.mr - 1) / bl.mr
	ap := grow(&s.a, mp*bl.mr*p.k)
	chunks(workers, mp, 4, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			pack(ap[i*bl.mr*p.k:(i+1)*bl.mr*p.k], p.a.row, p.a.col, p.a.data, i*bl.mr, min(bl.mr, p.m-i*bl.mr), bl.mr, p.k)
		}
	})
	wide := max(bl.nr, min(p.n, packLimit/max(1, p.k))/bl.nr*bl.nr)
	for j0 := 0; j0 < p.n; j0 += wide {
		p.columns(workers, bl, s, ap, j0, min(p.n, j0+wide))
	}
}

// columns computes columns j0..j1 of c.
func (p product[T]) columns(workers int, bl block[T], s *scratch[T], ap []T, j0, j1 int) {
	mp, np := (p.m+bl.mr-1)/bl.mr, (j1-j0+bl.nr-1)/bl.nr
	bp := grow(&s.b, np*bl.nr*p.k)
	chunks(workers, np, 2, func(lo, hi int) {
		for j := lo; j < hi; j++ {
			at := j0 + j*bl.nr
			pack(bp[j*bl.nr*p.k:(j+1)*bl.nr*p.k], p.b.col, p.b.row, p.b.data, at, min(bl.nr, j1-at), bl.nr, p.k)
		}
	})
	mt, nt := (mp+blockPanels-1)/blockPanels, (np+blockPanels-1)/blockPanels
	parallel(workers, mt*nt, func(t int) {
		var tile [largestBlock]T
		i0, q0 := t%mt*blockPanels, t/mt*blockPanels
		for k0 := 0; k0 < p.k; k0 += blockK {
			kk := min(blockK, p.k-k0)
			for q := q0; q < min(np, q0+blockPanels); q++ {
				pb := &bp[(q*p.k+k0)*bl.nr]
				for i := i0; i < min(mp, i0+blockPanels); i++ {
					pa := &ap[(i*p.k+k0)*bl.mr]
					r, j := i*bl.mr, j0+q*bl.nr
					h, w := min(bl.mr, p.m-r), min(bl.nr, j1-j)
					if k0 == 0 {
						p.begin(r, j, h, w)
					}
					if h == bl.mr && w == bl.nr {
						bl.run(kk, pa, pb, &p.c[r*p.ldc+j], p.ldc)
						continue
					}
					edge := tile[:bl.mr*bl.nr]
					clear(edge)
					bl.run(kk, pa, pb, &edge[0], bl.nr)
					for y := range h {
						c := p.c[(r+y)*p.ldc+j:][:w]
						for x, v := range edge[y*bl.nr:][:w] {
							c[x] += v
						}
					}
				}
			}
		}
	})
}

// begin sets a block of c to what the products are added to.
func (p product[T]) begin(r, j, h, w int) {
	if p.accumulate {
		return
	}
	for y := range h {
		c := p.c[(r+y)*p.ldc+j:][:w]
		if p.bias != nil {
			copy(c, p.bias[j:j+w])
		} else {
			clear(c)
		}
	}
}

// pack copies count vectors of length k, starting with vector first, into a
// panel of width vectors side by side; missing vectors are zeros. Element q of
// vector r is data[r*across + q*along].
func pack[T float](panel []T, across, along int, data []T, first, count, width, k int) {
	if count < width {
		clear(panel)
	}
	if across == 1 {
		for q := range k {
			copy(panel[q*width:q*width+count], data[q*along+first:])
		}
		return
	}
	// In short stretches, so that what is written stays in the first-level cache
	// while all vectors are read.
	const stretch = 16
	for q0 := 0; q0 < k; q0 += stretch {
		q1 := min(k, q0+stretch)
		out := panel[q0*width : q1*width]
		for r := range count {
			at := (first+r)*across + q0*along
			if along == 1 {
				for i, v := range data[at : at+q1-q0] {
					out[i*width+r] = v
				}
				continue
			}
			for i := range q1 - q0 {
				out[i*width+r] = data[at+i*along]
			}
		}
	}
}

// thinRows is the number of rows up to which a product is limited by reading b
// once, so that packing it would cost more than it saves.
const thinRows = 8

// thin multiplies few rows by a transposed matrix: each element of c is a dot
// product of two stretches of memory.
func (p product[T]) thin(workers int) {
	chunks(workers, p.n, 64, func(lo, hi int) {
		for j := lo; j < hi; j++ {
			w := p.b.data[j*p.b.col:][:p.k]
			for i := range p.m {
				v := dot(p.a.data[i*p.a.row:][:p.k], w)
				switch {
				case p.accumulate:
					v += p.c[i*p.ldc+j]
				case p.bias != nil:
					v += p.bias[j]
				}
				p.c[i*p.ldc+j] = v
			}
		}
	})
}

// thinRowMajor multiplies few rows by a matrix as it lies: each row of c is a
// sum of multiples of b's rows.
func (p product[T]) thinRowMajor(workers int) {
	chunks(workers, p.n, 1024, func(lo, hi int) {
		for i := range p.m {
			p.begin(i, lo, 1, hi-lo)
			c := p.c[i*p.ldc+lo : i*p.ldc+hi]
			for q, v := range p.a.data[i*p.a.row:][:p.k] {
				axpy(c, p.b.data[q*p.b.row+lo:][:hi-lo], v)
			}
		}
	})
}

// block4x4 is the portable inner block for float64.
func block4x4(k int, a, b, c *float64, ldc int) {
	simd.Block4x4(k, a, b, c, ldc)
}
