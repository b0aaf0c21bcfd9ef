package stablehlo

import "divvy/gpu/program"

func matrices() map[program.Kind]lowering {
	return map[program.Kind]lowering{
		program.MatMul: matmul,
		program.Gather: func(e *emitter, op *program.Op) []val {
			table, ids := e.of(op.In[0]), e.of(op.In[1])
			zero := e.splat(0, ids)
			rows := e.rowsOf(table, e.bin("maximum", ids, zero))
			there := e.spread(e.compare("GE", ids, zero), rows.shape, 0)
			return one(e.pick(there, rows, e.splat(0, rows)))
		},
		program.ScatterAdd: func(e *emitter, op *program.Op) []val {
			rows := e.wide(e.of(op.In[0]))
			sums := e.scatter(e.fill(e.scalar(rows.elem, 0), op.Out[0].Shape), e.of(op.In[1]), rows, "add")
			return one(e.as(sums, op.Out[0].Type.String()))
		},
		program.UpdateRows: func(e *emitter, op *program.Op) []val {
			cache, x, at := e.of(op.In[0]), e.of(op.In[1]), e.of(op.In[2])
			r := op.Attr.Rows
			c := cache.shape[0] / r
			if r > 1 {
				// Places count within a group; what is left out stays negative.
				first := e.times(e.reshape(e.iota("i32", 0, r, at.shape[0]/r), at.shape...), float64(c))
				at = e.pick(e.compare("LT", at, e.splat(0, at)), at, e.add(at, first))
			}
			return one(e.scatter(cache, at, x, ""))
		},
		program.LinearLogProb:     linearLogProb,
		program.LinearLogProbGrad: linearLogProbGrad,
	}
}

// matmul adds the bias after the product is rounded, which is the form that
// XLA's libraries fuse.
func matmul(e *emitter, op *program.Op) []val {
	a, b := e.of(op.In[0]), e.of(op.In[1])
	x := axes{contractA: []int{1}, contractB: []int{0}}
	if op.Attr.TransA {
		x.contractA[0] = 0
	}
	if op.Attr.TransB {
		x.contractB[0] = 1
	}
	y := e.dot(a, b, x, a.elem)
	if len(op.In) == 3 {
		y = e.add(y, e.spread(e.of(op.In[2]), y.shape, 1))
	}
	return one(y)
}
