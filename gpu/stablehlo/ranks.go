package stablehlo

import (
	"fmt"

	"divvy/gpu/program"
)

// ranks lowers what goes on between ranks: a rank is a replica of the module, and
// XLA's collectives join all of them.
func ranks() map[program.Kind]lowering {
	return map[program.Kind]lowering{
		program.AllReduce: func(e *emitter, op *program.Op) []val {
			x := e.of(op.In[0])
			w := e.wide(x)
			return one(e.as(e.call("all_reduce", []val{w}, e.group(), sumRegion(w.elem), w.elem, w.shape), x.elem))
		},
		program.AllGather: func(e *emitter, op *program.Op) []val {
			x := e.of(op.In[0])
			return one(e.call("all_gather", []val{x}, "all_gather_dim = 0 : i64, "+e.group(), "", x.elem, op.Out[0].Shape))
		},
		program.ReduceScatter: func(e *emitter, op *program.Op) []val {
			x := e.of(op.In[0])
			w := e.wide(x)
			return one(e.as(e.call("reduce_scatter", []val{w}, "scatter_dimension = 0 : i64, "+e.group(), sumRegion(w.elem), w.elem, op.Out[0].Shape), x.elem))
		},
	}
}

// group is all replicas.
func (e *emitter) group() string {
	all := make([]int, e.ranks)
	for i := range all {
		all[i] = i
	}
	return fmt.Sprintf("replica_groups = dense<[%s]> : tensor<1x%dxi64>", list(all), e.ranks)
}

// sumRegion adds two numbers.
func sumRegion(elem string) string {
	s := tensor(elem, nil)
	return fmt.Sprintf(" ({\n    ^bb0(%%l: %s, %%r: %s):\n      %%s = stablehlo.add %%l, %%r : %s\n      stablehlo.return %%s : %s\n    })", s, s, s, s)
}
