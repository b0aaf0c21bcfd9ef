package cpu

import (
	"math"
	"unsafe"

	"divvy/gpu/program"
)

// vocabBlock is how many rows of the output layer are taken at once: logits
// exist only for that many words.
const vocabBlock = 2048

// workspace is what an operation needs beside its results, in bytes.
func workspace(op *program.Op) int64 {
	size := int64(4)
	if op.In != nil && op.In[0].Type == program.F64 {
		size = 8
	}
	switch op.Kind {
	case program.LinearLogProb, program.LinearLogProbGrad:
		n, d := int64(op.In[0].Dim(0)), int64(op.In[0].Dim(1))
		block := int64(min(vocabBlock, op.In[1].Dim(0)))
		return size * n * (2*d + block + 8)
	}
	return 0
}

// carve takes vectors out of the workspace.
func carve[T float](m *memory, n int) []T {
	v := floats[T](*m, n)
	var t T
	*m = (*m)[n*int(unsafe.Sizeof(t)):]
	return v
}

// active lists the rows that have a target and copies them together.
func active[T float](e *executable, op *program.Op, space *memory) (rows []int, h []T, err error) {
	d, target := op.In[0].Dim(1), e.ids(op.In[2])
	if err := checkIDs(target, op.In[1].Dim(0)); err != nil {
		return nil, nil, err
	}
	for i, t := range target {
		if t >= 0 {
			rows = append(rows, i)
		}
	}
	if len(rows) == 0 {
		return nil, nil, nil
	}
	all := vec[T](e, op.In[0])
	h = carve[T](space, len(rows)*d)
	for r, i := range rows {
		copy(h[r*d:(r+1)*d], all[i*d:])
	}
	return rows, h, nil
}

func linearLogProb[T float](e *executable, op *program.Op) error {
	logp, lse := vec[T](e, op.Out[0]), vec[T](e, op.Out[1])
	clear(logp)
	clear(lse)
	space := e.work
	rowsOf, h, err := active[T](e, op, &space)
	if err != nil || len(rowsOf) == 0 {
		return err
	}
	w, target := vec[T](e, op.In[1]), e.ids(op.In[2])
	v, d, n := op.In[1].Dim(0), op.In[1].Dim(1), len(rowsOf)
	logits := carve[T](&space, n*min(vocabBlock, v))
	top, total := make([]T, n), make([]float64, n) // running maximum, sum of exp(logit - maximum)
	for v0 := 0; v0 < v; v0 += vocabBlock {
		width := min(vocabBlock, v-v0)
		product[T]{m: n, n: width, k: d, a: rows(h, d, false), b: rows(w[v0*d:], d, true), c: logits, ldc: width}.do(e.workers)
		chunks(e.workers, n, 1+1<<14/width, func(lo, hi int) {
			for r := lo; r < hi; r++ {
				z := logits[r*width : (r+1)*width]
				i := rowsOf[r]
				if t := int(target[i]) - v0; t >= 0 && t < width {
					logp[i] = z[t]
				}
				m := largest(z)
				if v0 > 0 {
					m = max(m, top[r])
				}
				s := expSum(z, z, 1, -m)
				if v0 > 0 {
					s += total[r] * math.Exp(float64(top[r]-m))
				}
				top[r], total[r] = m, s
			}
		})
	}
	for r, i := range rowsOf {
		lse[i] = top[r] + T(math.Log(total[r]))
		logp[i] -= lse[i]
	}
	return nil
}

// linearLogProbGrad: the derivative by logit j of row i is dy_i ([j is the
// target] - softmax_j). Logits are computed again, a block of words at a time.
func linearLogProbGrad[T float](e *executable, op *program.Op) error {
	dh, dw := vec[T](e, op.Out[0]), vec[T](e, op.Out[1])
	space := e.work
	rowsOf, h, err := active[T](e, op, &space)
	if err != nil {
		return err
	}
	clear(dh)
	n := len(rowsOf)
	if n == 0 {
		clear(dw)
		return nil
	}
	w, target, lse, dy := vec[T](e, op.In[1]), e.ids(op.In[2]), vec[T](e, op.In[3]), vec[T](e, op.In[4])
	v, d := op.In[1].Dim(0), op.In[1].Dim(1)
	dhRows := carve[T](&space, n*d)
	logits := carve[T](&space, n*min(vocabBlock, v))
	for v0 := 0; v0 < v; v0 += vocabBlock {
		width := min(vocabBlock, v-v0)
		wb := w[v0*d : (v0+width)*d]
		product[T]{m: n, n: width, k: d, a: rows(h, d, false), b: rows(wb, d, true), c: logits, ldc: width}.do(e.workers)
		chunks(e.workers, n, 1+1<<14/width, func(lo, hi int) {
			for r := lo; r < hi; r++ {
				z, i := logits[r*width:(r+1)*width], rowsOf[r]
				expSum(z, z, 1, -lse[i])
				scale(z, z, -dy[i])
				if t := int(target[i]) - v0; t >= 0 && t < width {
					z[t] += dy[i]
				}
			}
		})
		product[T]{m: n, n: d, k: width, a: rows(logits, width, false), b: rows(wb, d, false), c: dhRows, ldc: d, accumulate: v0 > 0}.do(e.workers)
		product[T]{m: width, n: d, k: n, a: rows(logits, width, true), b: rows(h, d, false), c: dw[v0*d:], ldc: d}.do(e.workers)
	}
	for r, i := range rowsOf {
		copy(dh[i*d:(i+1)*d], dhRows[r*d:])
	}
	return nil
}
