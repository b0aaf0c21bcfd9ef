package cpu

import (
	"math"

	"divvy/gpu/program"
)

// broadcast walks the elements of big, giving for each its place in small.
// Axes of small of length 1 and leading axes that it lacks are repeated.
func broadcast(small, big []int, visit func(b, s int)) {
	stride := make([]int, len(big))
	n := 1
	for i := len(small) - 1; i >= 0; i-- {
		if small[i] != 1 {
			stride[len(big)-len(small)+i] = n
		}
		n *= small[i]
	}
	index := make([]int, len(big))
	at := 0
	for b := range program.Elements(big) {
		visit(b, at)
		for a := len(big) - 1; a >= 0; a-- {
			index[a]++
			at += stride[a]
			if index[a] < big[a] {
				break
			}
			at -= stride[a] * big[a]
			index[a] = 0
		}
	}
}

func expand[T float](e *executable, op *program.Op) error {
	x, y := vec[T](e, op.In[0]), vec[T](e, op.Out[0])
	broadcast(op.In[0].Shape, op.Out[0].Shape, func(b, s int) { y[b] = x[s] })
	return nil
}

// sumTo adds up in float64 where everything becomes one number, and column by
// column where the rows of a matrix are summed, as for a bias.
func sumTo[T float](e *executable, op *program.Op) error {
	x, y := vec[T](e, op.In[0]), vec[T](e, op.Out[0])
	n, each, ok := repetition(op.Out[0].Shape, op.In[0].Shape)
	switch {
	case len(y) == 1:
		y[0] = T(sum(x))
	case ok && each == 1:
		sumColumns(e, y, len(x)/n, func(i int) []T { return x[i*n : (i+1)*n] })
	case ok && n*each == len(x):
		for i := range y {
			y[i] = T(sum(x[i*each : (i+1)*each]))
		}
	default:
		s := make([]float64, len(y))
		broadcast(op.Out[0].Shape, op.In[0].Shape, func(b, i int) { s[i] += float64(x[b]) })
		for i := range y {
			y[i] = T(s[i])
		}
	}
	return nil
}

// sumColumns is y = the sum of n vectors of y's length. The vectors are summed
// in runs of a fixed length, and the runs' sums in order.
func sumColumns[T float](e *executable, y []T, n int, row func(i int) []T) {
	const run = 64
	parts := make([]T, (n+run-1)/run*len(y))
	chunks(e.workers, n, run, func(lo, hi int) {
		s := parts[lo/run*len(y):][:len(y)]
		for i := lo; i < hi; i++ {
			add(s, s, row(i))
		}
	})
	clear(y)
	for ; len(parts) > 0; parts = parts[len(y):] {
		add(y, y, parts[:len(y)])
	}
}

// around splits a shape at an axis: the elements before it and after it.
func around(shape []int, axis int) (outer, inner int) {
	return program.Elements(shape[:axis]), program.Elements(shape[axis+1:])
}

func slice[T float](e *executable, op *program.Op) error {
	x, y, a := vec[T](e, op.In[0]), vec[T](e, op.Out[0]), op.Attr
	outer, inner := around(op.In[0].Shape, a.Axis)
	from, to := op.In[0].Shape[a.Axis]*inner, (a.Hi-a.Lo)*inner
	chunks(e.workers, outer, 1+1<<14/to, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			copy(y[i*to:(i+1)*to], x[i*from+a.Lo*inner:])
		}
	})
	return nil
}

func pad[T float](e *executable, op *program.Op) error {
	x, y, a := vec[T](e, op.In[0]), vec[T](e, op.Out[0]), op.Attr
	outer, inner := around(op.In[0].Shape, a.Axis)
	from, to := op.In[0].Shape[a.Axis]*inner, op.Out[0].Shape[a.Axis]*inner
	chunks(e.workers, outer, 1+1<<14/to, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			row := y[i*to : (i+1)*to]
			clear(row[:a.Lo*inner])
			copy(row[a.Lo*inner:], x[i*from:(i+1)*from])
			clear(row[a.Lo*inner+from:])
		}
	})
	return nil
}

// along calls f for each vector that lies along the axis of x: n elements that
// start at x[at], stride apart; i counts the vectors.
func along(shape []int, axis int, f func(i, at, stride, n int)) {
	outer, inner := around(shape, axis)
	n := shape[axis]
	for o := range outer {
		for j := range inner {
			f(o*inner+j, o*n*inner+j, inner, n)
		}
	}
}

func reduceMax[T float](e *executable, op *program.Op) error {
	x, y := vec[T](e, op.In[0]), vec[T](e, op.Out[0])
	along(op.In[0].Shape, op.Attr.Axis, func(i, at, stride, n int) {
		y[i] = maxAlong(x, at, stride, n)
	})
	return nil
}

func maxAlong[T float](x []T, at, stride, n int) T {
	m := x[at]
	for j := 1; j < n; j++ {
		m = max(m, x[at+j*stride])
	}
	return m
}

func logSumExp[T float](e *executable, op *program.Op) error {
	x, y := vec[T](e, op.In[0]), vec[T](e, op.Out[0])
	along(op.In[0].Shape, op.Attr.Axis, func(i, at, stride, n int) {
		m := maxAlong(x, at, stride, n)
		if math.IsInf(float64(m), 0) { // nothing finite to sum, or already infinite
			y[i] = m
			return
		}
		var s float64
		for j := range n {
			s += math.Exp(float64(x[at+j*stride] - m))
		}
		y[i] = m + T(math.Log(s))
	})
	return nil
}
