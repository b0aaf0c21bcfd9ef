package cpu

import (
	"math"

	"divvy/gpu/program"
)

// rowGrain is how many rows of d elements a core takes at once.
func rowGrain(d int) int { return 1 + 1<<13/d }

func layerNorm[T float](e *executable, op *program.Op) error {
	x, gain, bias := vec[T](e, op.In[0]), vec[T](e, op.In[1]), vec[T](e, op.In[2])
	y, mean, inv := vec[T](e, op.Out[0]), vec[T](e, op.Out[1]), vec[T](e, op.Out[2])
	d := op.In[0].Dim(1)
	ones := filled(d, T(1))
	chunks(e.workers, len(mean), rowGrain(d), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			row, out := x[i*d:(i+1)*d], y[i*d:(i+1)*d]
			m := dot(row, ones) / T(d)
			shift(out, row, -m)
			r := T(1 / math.Sqrt(float64(dot(out, out))/float64(d)+op.Attr.Eps))
			scaledProduct(out, out, gain, bias, r)
			mean[i], inv[i] = m, r
		}
	})
	return nil
}

// filled is a vector of n times x.
func filled[T float](n int, x T) []T {
	v := make([]T, n)
	for i := range v {
		v[i] = x
	}
	return v
}

// layerNormGrad: with n = (x-mean)/deviation and q = dy*gain, dx is
// (q - mean(q) - n mean(q n)) / deviation; dgain sums dy*n, dbias sums dy.
func layerNormGrad[T float](e *executable, op *program.Op) error {
	x, gain, mean, inv, dy := vec[T](e, op.In[0]), vec[T](e, op.In[1]), vec[T](e, op.In[2]), vec[T](e, op.In[3]), vec[T](e, op.In[4])
	dx, dgain, dbias := vec[T](e, op.Out[0]), vec[T](e, op.Out[1]), vec[T](e, op.Out[2])
	d := op.In[0].Dim(1)
	paramGrads(e, d, len(mean), [][]T{dgain, dbias}, func(i int, sums [][]T) {
		row, up, out := x[i*d:(i+1)*d], dy[i*d:(i+1)*d], dx[i*d:(i+1)*d]
		a, b := normSums(row, up, gain, sums[0], sums[1], mean[i], inv[i])
		normGrad(out, row, up, gain, mean[i], inv[i], a/T(d), b/T(d))
	})
	return nil
}

func rmsNorm[T float](e *executable, op *program.Op) error {
	x, gain := vec[T](e, op.In[0]), vec[T](e, op.In[1])
	y, inv := vec[T](e, op.Out[0]), vec[T](e, op.Out[1])
	d := op.In[0].Dim(1)
	zeros := make([]T, d)
	chunks(e.workers, len(inv), rowGrain(d), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			row, out := x[i*d:(i+1)*d], y[i*d:(i+1)*d]
			r := T(1 / math.Sqrt(float64(dot(row, row))/float64(d)+op.Attr.Eps))
			scaledProduct(out, row, gain, zeros, r)
			inv[i] = r
		}
	})
	return nil
}

// rmsNormGrad is layerNormGrad without the mean.
func rmsNormGrad[T float](e *executable, op *program.Op) error {
	x, gain, inv, dy := vec[T](e, op.In[0]), vec[T](e, op.In[1]), vec[T](e, op.In[2]), vec[T](e, op.In[3])
	dx, dgain := vec[T](e, op.Out[0]), vec[T](e, op.Out[1])
	d := op.In[0].Dim(1)
	paramGrads(e, d, len(inv), [][]T{dgain, make([]T, d)}, func(i int, sums [][]T) {
		row, up, out := x[i*d:(i+1)*d], dy[i*d:(i+1)*d], dx[i*d:(i+1)*d]
		_, b := normSums(row, up, gain, sums[0], sums[1], 0, inv[i])
		normGrad(out, row, up, gain, 0, inv[i], 0, b/T(d))
	})
	return nil
}

// paramGrads calls row for each of n rows with accumulators for the gradients
// of parameters of length d. Rows are taken in runs of a fixed length whose
// sums are added in order.
func paramGrads[T float](e *executable, d, n int, grads [][]T, row func(i int, sums [][]T)) {
	const run = 64
	parts := make([]T, (n+run-1)/run*len(grads)*d)
	chunks(e.workers, n, run, func(lo, hi int) {
		sums := make([][]T, len(grads))
		for g := range grads {
			sums[g] = parts[(lo/run*len(grads)+g)*d:][:d]
		}
		for i := lo; i < hi; i++ {
			row(i, sums)
		}
	})
	for g := range grads {
		clear(grads[g])
	}
	for i := 0; len(parts) > 0; i, parts = i+1, parts[d:] {
		g := grads[i%len(grads)]
		add(g, g, parts[:d])
	}
}
