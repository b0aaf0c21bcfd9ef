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

// block is the innermost step and what packs its operands; see simd.Kernel.
type block[T float] struct {
	mr, nr       int
	run          func(k int, a *T, aRow, aCol int, b, c *T, ldc int, from *T, fromRow int)
	packA, packB func(dst, src *T, k, stride int) // may be nil
	transpose    func(dst, src *T, k, stride int) // may be nil
}

// Blocking: a panel of b of depth blockK stays in the first-level cache while
// it meets blockPanels panels of a, which stay in the second-level cache.
const (
	blockK      = 256
	blockPanels = 8       // largest number of panels of a and of b in a task
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
		b = block[float32]{k.MR, k.NR, k.Run, k.PackA, k.PackB, k.Transpose}
	default:
		b = block[float64]{mr: 4, nr: 4, run: simd.Block4x4[float64]}
	}
	return b.(block[T])
}

// scratch is memory for packed panels, kept between products.
type scratch[T float] struct{ a, b, tile []T }

var (
	pool32 = sync.Pool{New: func() any { return new(scratch[float32]) }}
	pool64 = sync.Pool{New: func() any { return new(scratch[float64]) }}
)

func getScratch[T float]() *scratch[T] {
	p := &pool64
	if _, ok := any(T(0)).(float32); ok {
		p = &pool32
	}
	return p.Get().(*scratch[T])
}

func (s *scratch[T]) done() {
	if _, ok := any(T(0)).(float32); ok {
		pool32.Put(s)
	} else {
		pool64.Put(s)
	}
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
	w := panels[T]{product: p, block: blockFor[T](), workers: workers}
	w.mp = (p.m + w.mr - 1) / w.mr
	s := getScratch[T]()
	defer s.done()
	w.layOutA(s)
	wide := max(w.nr, min(p.n, packLimit/max(1, p.k))/w.nr*w.nr)
	for j0 := 0; j0 < p.n; j0 += wide {
		w.columns(s, j0, min(p.n, j0+wide))
	}
}

// panels is a product cut into panels: a in rows of mr, b in columns of nr.
type panels[T float] struct {
	product[T]
	block[T]
	workers int
	mp      int // panels of a
	// Panel i of a at depth q begins at packed[i*mr*k+q*mr] if a had to be packed.
	// Else it is read where it lies, but for an incomplete last panel, of which
	// edge is a copy filled up with zeros.
	packed, edge []T
}

// layOutA packs a if its rows are not contiguous, and its last panel if it is
// not complete.
func (w *panels[T]) layOutA(s *scratch[T]) {
	left := w.m % w.mr
	if w.a.col == 1 {
		if left == 0 {
			return
		}
		w.edge = grow(&s.a, w.mr*w.k)
		for r := range left {
			copy(w.edge[r*w.k:(r+1)*w.k], w.a.data[(w.m-left+r)*w.a.row:])
		}
		clear(w.edge[left*w.k:])
		return
	}
	w.packed = grow(&s.a, w.mp*w.mr*w.k)
	chunks(w.workers, w.mp, 4, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			panel := w.packed[i*w.mr*w.k : (i+1)*w.mr*w.k]
			if w.packA != nil && w.a.row == 1 && (i+1)*w.mr <= w.m {
				w.packA(&panel[0], &w.a.data[i*w.mr], w.k, w.a.col)
				continue
			}
			pack(panel, w.a.row, w.a.col, w.a.data, i*w.mr, min(w.mr, w.m-i*w.mr), w.mr, w.k, nil)
		}
	})
}

// left is where panel i of a begins at depth q, and its strides.
func (w *panels[T]) left(i, q int) (at *T, row, col int) {
	switch {
	case w.packed != nil:
		return &w.packed[i*w.mr*w.k+q*w.mr], 1, w.mr
	case w.edge != nil && i == w.mp-1:
		return &w.edge[q], w.k, 1
	default:
		return &w.a.data[i*w.mr*w.a.row+q], w.a.row, 1
	}
}

// packPanel packs the panel of b that begins with column at; j1 is its end.
func (w *panels[T]) packPanel(panel []T, at, j1 int) {
	if w.packB != nil && w.b.col == 1 && at+w.nr <= j1 {
		w.packB(&panel[0], &w.b.data[at], w.k, w.b.row)
		return
	}
	pack(panel, w.b.col, w.b.row, w.b.data, at, min(w.nr, j1-at), w.nr, w.k, w.transpose)
}

// columns computes columns j0..j1 of c.
func (w *panels[T]) columns(s *scratch[T], j0, j1 int) {
	np := (j1 - j0 + w.nr - 1) / w.nr
	bp := grow(&s.b, np*w.nr*w.k)
	chunks(w.workers, np, 1, func(lo, hi int) {
		for j := lo; j < hi; j++ {
			w.packPanel(bp[j*w.nr*w.k:(j+1)*w.nr*w.k], j0+j*w.nr, j1)
		}
	})
	pm, pn := w.share(np)
	mt, nt := (w.mp+pm-1)/pm, (np+pn-1)/pn
	parallel(w.workers, mt*nt, func(t int) {
		i0, q0 := t%mt*pm, t/mt*pn
		for k0 := 0; k0 < w.k; k0 += blockK {
			for q := q0; q < min(np, q0+pn); q++ {
				b, j := &bp[(q*w.k+k0)*w.nr], j0+q*w.nr
				for i := i0; i < min(w.mp, i0+pm); i++ {
					w.step(i, k0, b, j, min(w.nr, j1-j))
				}
			}
		}
	})
}

// share is how many panels of a and of b make a task: fewer in small products,
// so that no core is idle for long at the end.
func (w *panels[T]) share(np int) (pm, pn int) {
	pm, pn = blockPanels, blockPanels
	if w.workers == 1 {
		return pm, pn
	}
	const tasks = 8 // for each core
	for pm*pn > 1 && ((w.mp+pm-1)/pm)*((np+pn-1)/pn) < tasks*w.workers {
		if pm > 2 || pn == 1 {
			pm /= 2
		} else {
			pn /= 2
		}
	}
	return pm, pn
}

// step does one block: depth k0 on of the rows of panel i and wide columns from j.
func (w *panels[T]) step(i, k0 int, b *T, j, wide int) {
	r, k := i*w.mr, min(blockK, w.k-k0)
	a, row, col := w.left(i, k0)
	c := w.c[r*w.ldc+j:]
	var from []T // what the product is added to
	fromRow := 0
	switch {
	case k0 > 0 || w.accumulate:
		from, fromRow = c, w.ldc
	case w.bias != nil:
		from = w.bias[j:]
	}
	high := min(w.mr, w.m-r)
	if high == w.mr && wide == w.nr {
		var f *T
		if from != nil {
			f = &from[0]
		}
		w.run(k, a, row, col, b, &c[0], w.ldc, f, fromRow)
		return
	}
	s := getScratch[T]()
	defer s.done()
	tile := grow(&s.tile, largestBlock)
	w.run(k, a, row, col, b, &tile[0], w.nr, nil, 0)
	for y := range high {
		out, t := c[y*w.ldc:][:wide], tile[y*w.nr:][:wide]
		if from == nil {
			copy(out, t)
			continue
		}
		for x, v := range from[y*fromRow:][:wide] {
			out[x] = v + t[x]
		}
	}
}

// begin sets a row of c to what the products are added to.
func (p product[T]) begin(r, j, w int) {
	if p.accumulate {
		return
	}
	c := p.c[r*p.ldc+j:][:w]
	if p.bias != nil {
		copy(c, p.bias[j:j+w])
	} else {
		clear(c)
	}
}

// pack copies count vectors of length k, starting with vector first, into a
// panel of width vectors side by side; missing vectors are zeros. Element q of
// vector r is data[r*across + q*along]. transpose, if not nil, takes eight
// contiguous vectors at once.
func pack[T float](panel []T, across, along int, data []T, first, count, width, k int, transpose func(dst, src *T, k, stride int)) {
	if count < width {
		clear(panel)
	}
	if across == 1 {
		for q := range k {
			copy(panel[q*width:q*width+count], data[q*along+first:])
		}
		return
	}
	if whole := k &^ 7; transpose != nil && along == 1 && whole > 0 {
		for ; count >= 8; count, first = count-8, first+8 {
			transpose(&panel[0], &data[first*across], whole, across)
			for r := range 8 {
				for q := whole; q < k; q++ {
					panel[q*width+r] = data[(first+r)*across+q]
				}
			}
			if count == 8 {
				return
			}
			panel = panel[8:]
		}
	}
	for r := range count {
		at := (first + r) * across
		for q := range k {
			panel[q*width+r] = data[at+q*along]
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
			p.begin(i, lo, hi-lo)
			c := p.c[i*p.ldc+lo : i*p.ldc+hi]
			for q, v := range p.a.data[i*p.a.row:][:p.k] {
				axpy(c, p.b.data[q*p.b.row+lo:][:hi-lo], v)
			}
		}
	})
}
