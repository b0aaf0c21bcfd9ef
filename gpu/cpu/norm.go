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
	chunks(e.workers, len(mean), rowGrain(d), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			row, out := x[i*d:(i+1)*d], y[i*d:(i+1)*d]
			m := T(sum(row) / float64(d))
			for j, v := range row {
				out[j] = v - m
			}
			r := T(1 / math.Sqrt(float64(dot(out, out))/float64(d)+op.Attr.Eps))
			for j, v := range out {
				out[j] = v*r*gain[j] + bias[j]
			}
			mean[i], inv[i] = m, r
		}
	})
	return nil
}

// layerNormGrad: with n = (x-mean)/deviation and q = dy*gain, dx is
// (q - mean(q) - n mean(q n)) / deviation; dgain sums dy*n, dbias sums dy.
func layerNormGrad[T float](e *executable, op *program.Op) error {
	x, gain, mean, inv, dy := vec[T](e, op.In[0]), vec[T](e, op.In[1]), vec[T](e, op.In[2]), vec[T](e, op.In[3]), vec[T](e, op.In[4])
	dx, dgain, dbias := vec[T](e, op.Out[0]), vec[T](e, op.Out[1]), vec[T](e, op.Out[2])
	d := op.In[0].Dim(1)
	paramGrads(e, d, len(mean), [][]T{dgain, dbias}, func(i int, sums [][]T) {
		row, up, out := x[i*d:(i+1)*d], dy[i*d:(i+1)*d], dx[i*d:(i+1)*d]
		m, r := mean[i], inv[i]
		var sq, sqn T
		dg, db := sums[0], sums[1]
		for j, v := range row {
			n, u := (v-m)*r, up[j]
			q := u * gain[j]
			sq += q
			sqn += q * n
			dg[j] += u * n
			db[j] += u
		}
		sq, sqn = sq/T(d), sqn/T(d)
		for j, v := range row {
			out[j] = (up[j]*gain[j] - sq - (v-m)*r*sqn) * r
		}
	})
	return nil
}

func rmsNorm[T float](e *executable, op *program.Op) error {
	x, gain := vec[T](e, op.In[0]), vec[T](e, op.In[1])
	y, inv := vec[T](e, op.Out[0]), vec[T](e, op.Out[1])
	d := op.In[0].Dim(1)
	chunks(e.workers, len(inv), rowGrain(d), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			row, out := x[i*d:(i+1)*d], y[i*d:(i+1)*d]
			r := T(1 / math.Sqrt(float64(dot(row, row))/float64(d)+op.Attr.Eps))
			for j, v := range row {
				out[j] = v * r * gain[j]
			}
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
	paramGrads(e, d, len(inv), [][]T{dgain}, func(i int, sums [][]T) {
		row, up, out := x[i*d:(i+1)*d], dy[i*d:(i+1)*d], dx[i*d:(i+1)*d]
		r := inv[i]
		var sqn T
		dg := sums[0]
		for j, v := range row {
			n, u := v*r, up[j]
			sqn += u * gain[j] * n
			dg[j] += u * n
		}
		sqn /= T(d)
		for j, v := range row {
			out[j] = (up[j]*gain[j] - v*r*sqn) * r
		}
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
