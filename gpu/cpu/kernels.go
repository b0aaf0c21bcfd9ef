package cpu

import "divvy/gpu/program"

// kernel computes the results of one operation.
type kernel func(e *executable, op *program.Op) error

// kernels has an entry for every operation that can be run; entries of
// operations that need no work are there for completeness' sake.
var kernels = map[program.Kind]kernel{
	program.Input:        nothing,
	program.Const:        nothing,
	program.Literal:      nothing,
	program.Barrier:      nothing,
	program.StopGradient: nothing,
	program.Reshape:      nothing,

	program.Convert: convert,
	program.Expand:  typed(expand[float32], expand[float64]),
	program.SumTo:   typed(sumTo[float32], sumTo[float64]),
	program.Slice:   typed(slice[float32], slice[float64]),
	program.Pad:     typed(pad[float32], pad[float64]),

	program.ReduceMax: typed(reduceMax[float32], reduceMax[float64]),
	program.LogSumExp: typed(logSumExp[float32], logSumExp[float64]),

	program.ArgMax: typed(argMax[float32], argMax[float64]),
	program.Sample: typed(sample[float32], sample[float64]),

	program.MatMul:     typed(matmul[float32], matmul[float64]),
	program.Gather:     typed(gather[float32], gather[float64]),
	program.ScatterAdd: typed(scatterAdd[float32], scatterAdd[float64]),

	program.LayerNorm:     typed(layerNorm[float32], layerNorm[float64]),
	program.LayerNormGrad: typed(layerNormGrad[float32], layerNormGrad[float64]),
	program.RMSNorm:       typed(rmsNorm[float32], rmsNorm[float64]),
	program.RMSNormGrad:   typed(rmsNormGrad[float32], rmsNormGrad[float64]),
	program.Rotary:        typed(rotary[float32], rotary[float64]),
	program.Attention:     typed(attention[float32], attention[float64]),
	program.AttentionGrad: typed(attentionGrad[float32], attentionGrad[float64]),

	program.LinearLogProb:     typed(linearLogProb[float32], linearLogProb[float64]),
	program.LinearLogProbGrad: typed(linearLogProbGrad[float32], linearLogProbGrad[float64]),

	program.SumSquares: typed(sumSquares[float32], sumSquares[float64]),
	program.AdamW:      typed(adamW[float32], adamW[float64]),
	program.AdamW8:     adamW8,
	program.UpdateRows: typed(updateRows[float32], updateRows[float64]),

	program.AllReduce:     typed(allReduce[float32], allReduce[float64]),
	program.AllGather:     allGather,
	program.ReduceScatter: typed(reduceScatter[float32], reduceScatter[float64]),
}

func init() {
	// The elementwise operations share one kernel; a composite literal naming
	// them all would say the same thirty times.
	for _, k := range program.Kinds() {
		if elementwise(k) {
			kernels[k] = typed(mapElements[float32], mapElements[float64])
		}
	}
}

func nothing(*executable, *program.Op) error { return nil }

// typed chooses between the kernels for the two arithmetics by the type of the
// first float operand.
func typed(f32, f64 kernel) kernel {
	return func(e *executable, op *program.Op) error {
		if op.In[0].Type == program.F64 {
			return f64(e, op)
		}
		return f32(e, op)
	}
}

// convert rounds or widens; BF16 to F32 is a view and does not come here.
func convert(e *executable, op *program.Op) error {
	x, y := op.In[0], op.Out[0]
	n := x.Len()
	switch {
	case x.Type == program.I32 && y.Type == program.F64:
		cast(e, vec[float64](e, y), e.ids(x))
	case x.Type == program.I32:
		cast(e, vec[float32](e, y), e.ids(x))
	case y.Type == program.I32 && x.Type == program.F64:
		cast(e, e.ids(y), vec[float64](e, x))
	case y.Type == program.I32:
		cast(e, e.ids(y), vec[float32](e, x))
	case x.Type == program.F64:
		cast(e, vec[float32](e, y), vec[float64](e, x))
	case y.Type == program.F64:
		cast(e, vec[float64](e, y), vec[float32](e, x))
	default: // F32 to BF16: the run rounds it
		copy(vec[float32](e, y)[:n], vec[float32](e, x))
	}
	return nil
}

func cast[A, B float32 | float64 | int32](e *executable, dst []A, src []B) {
	chunks(e.workers, len(dst), 1<<14, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			dst[i] = A(src[i])
		}
	})
}
