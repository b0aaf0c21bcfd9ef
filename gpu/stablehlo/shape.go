package stablehlo

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"

	"divvy/gpu/program"
)

// literal is a constant of given elements.
func (e *emitter) literal(elem string, data []float64, shape []int) val {
	if len(data) == 1 {
		return e.fill(e.scalar(elem, data[0]), shape)
	}
	return e.constant(elem, data, shape)
}

// constant writes elements as little-endian bits: exact, and a quarter of the
// decimal text. The same constant is written once.
func (e *emitter) constant(elem string, data []float64, shape []int) val {
	var raw []byte
	for _, x := range data {
		switch elem {
		case "f64":
			raw = binary.LittleEndian.AppendUint64(raw, math.Float64bits(x))
		case "bf16":
			raw = binary.LittleEndian.AppendUint16(raw, uint16(math.Float32bits(program.RoundBF16(float32(x)))>>16))
		case "i32":
			raw = binary.LittleEndian.AppendUint32(raw, uint32(int32(x)))
		default:
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(float32(x)))
		}
	}
	// MLIR reads the bits of one element as a splat.
	if slices.Min(data) == slices.Max(data) {
		return e.fill(e.scalar(elem, data[0]), shape)
	}
	text := fmt.Sprintf("stablehlo.constant dense<\"0x%X\"> : %s", raw, tensor(elem, shape))
	if v, ok := e.scalars[text]; ok {
		return v
	}
	v := e.line(elem, shape, "%s", text)
	e.scalars[text] = v
	return v
}

func shapes() map[program.Kind]lowering {
	return map[program.Kind]lowering{
		program.Reshape: func(e *emitter, op *program.Op) []val {
			return one(e.reshape(e.of(op.In[0]), op.Out[0].Shape...))
		},
		program.Expand: func(e *emitter, op *program.Op) []val {
			return one(e.expand(e.of(op.In[0]), op.Out[0].Shape))
		},
		program.SumTo: sumTo,
		program.Slice: func(e *emitter, op *program.Op) []val {
			a := op.Attr
			return one(e.cut(e.of(op.In[0]), a.Axis, a.Lo, a.Hi))
		},
		program.Pad: func(e *emitter, op *program.Op) []val {
			a := op.Attr
			return one(e.pad(e.of(op.In[0]), a.Axis, a.Lo, a.Hi))
		},
		program.ReduceMax: func(e *emitter, op *program.Op) []val {
			return one(e.reshape(e.reduce("maximum", e.of(op.In[0]), op.Attr.Axis), op.Out[0].Shape...))
		},
		program.LogSumExp: func(e *emitter, op *program.Op) []val {
			x := e.wide(e.of(op.In[0]))
			m, total := e.exponentials(x, op.Attr.Axis)
			return one(e.as(e.reshape(e.add(m, e.un("log", total)), op.Out[0].Shape...), op.Out[0].Type.String()))
		},
	}
}

// exponentials gives the maximum m along an axis (0 where nothing is finite)
// and the sum of exp(x - m).
func (e *emitter) exponentials(x val, axis int) (m, total val) {
	m = e.reduce("maximum", x, axis)
	m = e.pick(e.compare("EQ", m, e.splat(math.Inf(-1), m)), e.splat(0, m), m)
	return m, e.sum(e.un("exponential", e.sub(x, e.along(m, x.shape, axis))), axis)
}

// along repeats v, which lacks an axis of shape, along that axis.
func (e *emitter) along(v val, shape []int, axis int) val {
	var dims []int
	for i := range shape {
		if i != axis {
			dims = append(dims, i)
		}
	}
	return e.spread(v, shape, dims...)
}

// expand broadcasts by NumPy's rules.
func (e *emitter) expand(v val, shape []int) val {
	dims := make([]int, len(v.shape))
	for i := range dims {
		dims[i] = len(shape) - len(dims) + i
	}
	return e.spread(v, shape, dims...)
}

// sumTo sums over the axes that expand would have repeated.
func sumTo(e *emitter, op *program.Op) []val {
	x, small := e.of(op.In[0]), op.Out[0].Shape
	var over []int
	for i, d := range x.shape {
		j := i - (len(x.shape) - len(small))
		if j < 0 || small[j] == 1 && d != 1 {
			over = append(over, i)
		}
	}
	sum := e.wide(x)
	if len(over) > 0 {
		sum = e.sum(sum, over...)
	}
	return one(e.reshape(e.as(sum, x.elem), small...))
}

// call writes an operation in MLIR's generic form.
func (e *emitter) call(name string, in []val, attributes, region, elem string, shape []int) val {
	names, types := make([]string, len(in)), make([]string, len(in))
	for i, v := range in {
		names[i], types[i] = v.name, v.typ()
	}
	return e.line(elem, shape, "\"stablehlo.%s\"(%s) <{%s}>%s : (%s) -> %s", name, strings.Join(names, ", "), attributes, region, strings.Join(types, ", "), tensor(elem, shape))
}

// rowsOf takes rows of a table by ids in range.
func (e *emitter) rowsOf(table, ids val) val {
	d := table.shape[1]
	return e.call("gather", []val{table, ids}, fmt.Sprintf("dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, slice_sizes = array<i64: 1, %d>, indices_are_sorted = false", d),
		"", table.elem, []int{ids.shape[0], d})
}

// scatter combines rows into those of a matrix that ids name: "add", or ""
// for replacing. Rows whose id is outside are left out.
func (e *emitter) scatter(into, ids, rows val, combine string) val {
	s := tensor(into.elem, nil)
	body := "stablehlo.return %r : " + s
	if combine != "" {
		body = fmt.Sprintf("%%s = stablehlo.%s %%l, %%r : %s\n      stablehlo.return %%s : %s", combine, s, s)
	}
	region := fmt.Sprintf(" ({\n    ^bb0(%%l: %s, %%r: %s):\n      %s\n    })", s, s, body)
	// The generic form puts regions behind the attributes.
	return e.call("scatter", []val{into, ids, rows}, "scatter_dimension_numbers = #stablehlo.scatter<update_window_dims = [1], inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>, indices_are_sorted = false, unique_indices = false",
		region, into.elem, into.shape)
}
