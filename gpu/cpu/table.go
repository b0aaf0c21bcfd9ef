package cpu

import (
	"fmt"

	"divvy/gpu/program"
)

func matmul[T float](e *executable, op *program.Op) error {
	a, b, c := op.In[0], op.In[1], op.Out[0]
	k := a.Dim(1)
	if op.Attr.TransA {
		k = a.Dim(0)
	}
	p := product[T]{
		m: c.Dim(0), n: c.Dim(1), k: k,
		a: rows(vec[T](e, a), a.Dim(1), op.Attr.TransA),
		b: rows(vec[T](e, b), b.Dim(1), op.Attr.TransB),
		c: vec[T](e, c), ldc: c.Dim(1),
	}
	if len(op.In) == 3 {
		p.bias = vec[T](e, op.In[2])
	}
	p.do(e.workers)
	return nil
}

// checkIDs refuses the first id that is n or more.
func checkIDs(ids []int32, n int) error {
	for i, id := range ids {
		if int(id) >= n {
			return fmt.Errorf("id %d at position %d is outside the table's %d rows", id, i, n)
		}
	}
	return nil
}

func gather[T float](e *executable, op *program.Op) error {
	table, ids, y := vec[T](e, op.In[0]), e.ids(op.In[1]), vec[T](e, op.Out[0])
	if err := checkIDs(ids, op.In[0].Dim(0)); err != nil {
		return err
	}
	d := op.In[0].Dim(1)
	chunks(e.workers, len(ids), 1+1<<13/d, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			if row := y[i*d : (i+1)*d]; ids[i] < 0 {
				clear(row)
			} else {
				copy(row, table[int(ids[i])*d:])
			}
		}
	})
	return nil
}

// scatterAdd adds the rows in order; the cores share the columns, so that no
// two write one element.
func scatterAdd[T float](e *executable, op *program.Op) error {
	x, ids, y := vec[T](e, op.In[0]), e.ids(op.In[1]), vec[T](e, op.Out[0])
	if err := checkIDs(ids, op.Out[0].Dim(0)); err != nil {
		return err
	}
	d := op.Out[0].Dim(1)
	chunks(e.workers, len(y), 1<<15, func(lo, hi int) { clear(y[lo:hi]) })
	chunks(e.workers, d, 64, func(lo, hi int) {
		for i, id := range ids {
			if id >= 0 {
				row := y[int(id)*d+lo : int(id)*d+hi]
				add(row, row, x[i*d+lo:i*d+hi])
			}
		}
	})
	return nil
}

func updateRows[T float](e *executable, op *program.Op) error {
	cache, x, at, y := vec[T](e, op.In[0]), vec[T](e, op.In[1]), e.ids(op.In[2]), vec[T](e, op.Out[0])
	d, r := op.In[0].Dim(1), op.Attr.Rows
	c, t := op.In[0].Dim(0)/r, op.In[1].Dim(0)/r
	if err := checkIDs(at, c); err != nil {
		return err
	}
	if &y[0] != &cache[0] {
		copy(y, cache)
	}
	for i, j := range at {
		if j >= 0 {
			copy(y[(i/t*c+int(j))*d:][:d], x[i*d:(i+1)*d])
		}
	}
	return nil
}

// sumSquares adds up runs of a fixed length, and the runs' sums in order.
func sumSquares[T float](e *executable, op *program.Op) error {
	const run = 1 << 14
	x := vec[T](e, op.In[0])
	parts := make([]float64, (len(x)+run-1)/run)
	chunks(e.workers, len(x), run, func(lo, hi int) {
		const short = 1024 // what the element type adds up exactly enough
		part := &parts[lo/run]
		for ; lo < hi; lo += short {
			v := x[lo:min(hi, lo+short)]
			*part += float64(dot(v, v))
		}
	})
	vec[T](e, op.Out[0])[0] = T(sum(parts))
	return nil
}
