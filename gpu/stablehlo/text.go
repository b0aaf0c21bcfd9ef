package stablehlo

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"divvy/gpu/program"
)

// val is a value of the text: its name, element type and shape.
type val struct {
	name, elem string
	shape      []int
}

// typ is the value's type, for example tensor<4x8xf32>.
func (v val) typ() string { return tensor(v.elem, v.shape) }

func (v val) len() int { return program.Elements(v.shape) }

func tensor(elem string, shape []int) string {
	var b strings.Builder
	b.WriteString("tensor<")
	for _, d := range shape {
		b.WriteString(strconv.Itoa(d))
		b.WriteByte('x')
	}
	b.WriteString(elem)
	b.WriteByte('>')
	return b.String()
}

// elemOf is the text's name of an element type.
func elemOf(t program.DType) string {
	if t == program.U8 {
		return "ui8"
	}
	return t.String()
}

// emitter writes the body of the function.
type emitter struct {
	o       Options
	ranks   int
	body    bytes.Buffer
	vals    []val // by the Program's value IDs
	next    int   // number of the next value
	scalars map[string]val
	tables  map[tableKey][2]val
	masks   map[maskKey]val
	latest  map[string]val // by type: the last result of an operation
}

// of is the text's value for a value of the Program.
func (e *emitter) of(v *program.Value) val { return e.vals[v.ID] }

// line writes a statement that defines one value.
func (e *emitter) line(elem string, shape []int, format string, a ...any) val {
	v := val{fmt.Sprintf("%%%d", e.next), elem, shape}
	e.next++
	e.body.WriteString("    ")
	e.body.WriteString(v.name)
	e.body.WriteString(" = ")
	fmt.Fprintf(&e.body, format, a...)
	e.body.WriteByte('\n')
	return v
}

// list writes integers as MLIR does: [1, 2].
func list(x []int) string {
	s := make([]string, len(x))
	for i, v := range x {
		s[i] = strconv.Itoa(v)
	}
	return "[" + strings.Join(s, ", ") + "]"
}

// number writes a number as an element of the given type.
func number(elem string, x float64) string {
	if elem == "i32" || strings.HasPrefix(elem, "ui") {
		return strconv.FormatInt(int64(x), 10)
	}
	if math.IsInf(x, 0) || math.IsNaN(x) || elem == "f32" && math.Abs(x) > math.MaxFloat32 {
		switch elem { // MLIR wants bits for what is not finite
		case "f64":
			return fmt.Sprintf("0x%016X", math.Float64bits(x))
		case "bf16":
			return fmt.Sprintf("0x%04X", math.Float32bits(float32(x))>>16)
		default:
			return fmt.Sprintf("0x%08X", math.Float32bits(float32(x)))
		}
	}
	s := strconv.FormatFloat(x, 'e', -1, 64)
	if !strings.Contains(s, ".") {
		s = strings.Replace(s, "e", ".0e", 1) // MLIR wants the point
	}
	return s
}

// scalar is a constant of no dimensions; each is written once.
func (e *emitter) scalar(elem string, x float64) val {
	n := number(elem, x)
	key := elem + n
	if v, ok := e.scalars[key]; ok {
		return v
	}
	v := e.line(elem, nil, "stablehlo.constant dense<%s> : %s", n, tensor(elem, nil))
	e.scalars[key] = v
	return v
}

// splat is a constant in the type and shape of v.
func (e *emitter) splat(x float64, v val) val { return e.fill(e.scalar(v.elem, x), v.shape) }

// fill repeats a scalar.
func (e *emitter) fill(s val, shape []int) val {
	if len(shape) == 0 {
		return s
	}
	return e.spread(s, shape)
}

// spread is broadcast_in_dim: axis i of v becomes axis dims[i] of shape.
func (e *emitter) spread(v val, shape []int, dims ...int) val {
	if slices.Equal(v.shape, shape) {
		return v
	}
	return e.line(v.elem, shape, "stablehlo.broadcast_in_dim %s, dims = %s : (%s) -> %s", v.name, list(dims), v.typ(), tensor(v.elem, shape))
}

func (e *emitter) un(op string, v val) val {
	return e.line(v.elem, v.shape, "stablehlo.%s %s : %s", op, v.name, v.typ())
}

func (e *emitter) bin(op string, a, b val) val {
	return e.line(a.elem, a.shape, "stablehlo.%s %s, %s : %s", op, a.name, b.name, a.typ())
}

func (e *emitter) add(a, b val) val { return e.bin("add", a, b) }
func (e *emitter) sub(a, b val) val { return e.bin("subtract", a, b) }
func (e *emitter) mul(a, b val) val { return e.bin("multiply", a, b) }
func (e *emitter) div(a, b val) val { return e.bin("divide", a, b) }

// times and plus combine a value with a number.
func (e *emitter) times(v val, x float64) val { return e.mul(v, e.splat(x, v)) }
func (e *emitter) plus(v val, x float64) val  { return e.add(v, e.splat(x, v)) }

// compare gives i1; direction is LT, LE, GT, GE, EQ or NE.
func (e *emitter) compare(direction string, a, b val) val {
	kind := "FLOAT"
	switch {
	case a.elem == "i32":
		kind = "SIGNED"
	case strings.HasPrefix(a.elem, "ui"):
		kind = "UNSIGNED"
	}
	return e.line("i1", a.shape, "stablehlo.compare %s, %s, %s, %s : (%s, %s) -> %s", direction, a.name, b.name, kind, a.typ(), b.typ(), tensor("i1", a.shape))
}

// pick is a where p holds and b elsewhere.
func (e *emitter) pick(p, a, b val) val {
	return e.line(a.elem, a.shape, "stablehlo.select %s, %s, %s : %s, %s", p.name, a.name, b.name, p.typ(), a.typ())
}

// as converts to another element type.
func (e *emitter) as(v val, elem string) val {
	if v.elem == elem {
		return v
	}
	return e.line(elem, v.shape, "stablehlo.convert %s : (%s) -> %s", v.name, v.typ(), tensor(elem, v.shape))
}

// wide is v in the type in which its sums are taken.
func (e *emitter) wide(v val) val {
	if v.elem == "bf16" {
		return e.as(v, "f32")
	}
	return v
}

func (e *emitter) reshape(v val, shape ...int) val {
	if slices.Equal(v.shape, shape) {
		return v
	}
	return e.line(v.elem, shape, "stablehlo.reshape %s : (%s) -> %s", v.name, v.typ(), tensor(v.elem, shape))
}

func (e *emitter) transpose(v val, perm ...int) val {
	shape := make([]int, len(perm))
	for i, p := range perm {
		shape[i] = v.shape[p]
	}
	return e.line(v.elem, shape, "stablehlo.transpose %s, dims = %s : (%s) -> %s", v.name, list(perm), v.typ(), tensor(v.elem, shape))
}

// reduce combines along axes, which go away, by "add" or "maximum".
func (e *emitter) reduce(op string, v val, axes ...int) val {
	start := 0.0
	if op == "maximum" {
		start = math.Inf(-1)
	}
	var shape []int
	for i, d := range v.shape {
		if !slices.Contains(axes, i) {
			shape = append(shape, d)
		}
	}
	s := e.scalar(v.elem, start)
	return e.line(v.elem, shape, "stablehlo.reduce(%s init: %s) applies stablehlo.%s across dimensions = %s : (%s, %s) -> %s",
		v.name, s.name, op, list(axes), v.typ(), s.typ(), tensor(v.elem, shape))
}

// sum adds along axes.
func (e *emitter) sum(v val, axes ...int) val { return e.reduce("add", v, axes...) }

// cut takes lo <= index < hi along one axis.
func (e *emitter) cut(v val, axis, lo, hi int) val {
	if lo == 0 && hi == v.shape[axis] {
		return v
	}
	shape := slices.Clone(v.shape)
	shape[axis] = hi - lo
	ranges := make([]string, len(shape))
	for i, d := range v.shape {
		ranges[i] = fmt.Sprintf("0:%d", d)
	}
	ranges[axis] = fmt.Sprintf("%d:%d", lo, hi)
	return e.line(v.elem, shape, "stablehlo.slice %s [%s] : (%s) -> %s", v.name, strings.Join(ranges, ", "), v.typ(), tensor(v.elem, shape))
}

// pad puts zeros around along one axis.
func (e *emitter) pad(v val, axis, before, after int) val {
	if before == 0 && after == 0 {
		return v
	}
	low, high, none := make([]int, len(v.shape)), make([]int, len(v.shape)), make([]int, len(v.shape))
	low[axis], high[axis] = before, after
	shape := slices.Clone(v.shape)
	shape[axis] += before + after
	z := e.scalar(v.elem, 0)
	return e.line(v.elem, shape, "stablehlo.pad %s, %s, low = %s, high = %s, interior = %s : (%s, %s) -> %s",
		v.name, z.name, list(low), list(high), list(none), v.typ(), z.typ(), tensor(v.elem, shape))
}

// join puts values behind each other along an axis.
func (e *emitter) join(axis int, parts ...val) val {
	if len(parts) == 1 {
		return parts[0]
	}
	shape := slices.Clone(parts[0].shape)
	shape[axis] = 0
	var names, types []string
	for _, p := range parts {
		shape[axis] += p.shape[axis]
		names, types = append(names, p.name), append(types, p.typ())
	}
	return e.line(parts[0].elem, shape, "stablehlo.concatenate %s, dim = %d : (%s) -> %s", strings.Join(names, ", "), axis, strings.Join(types, ", "), tensor(parts[0].elem, shape))
}

// iota counts along an axis.
func (e *emitter) iota(elem string, axis int, shape ...int) val {
	return e.line(elem, shape, "stablehlo.iota dim = %d : %s", axis, tensor(elem, shape))
}

// axes describes which axes of the two operands of a product belong together.
type axes struct {
	batchA, batchB       []int
	contractA, contractB []int
}

// dot is a product with sums in float32 or wider, given in the type elem.
// The result's axes are those of the batch, then a's others, then b's.
func (e *emitter) dot(a, b val, x axes, elem string) val {
	var shape []int
	for _, i := range x.batchA {
		shape = append(shape, a.shape[i])
	}
	rest := func(v val, batch, contract []int) {
		for i, d := range v.shape {
			if !slices.Contains(batch, i) && !slices.Contains(contract, i) {
				shape = append(shape, d)
			}
		}
	}
	rest(a, x.batchA, x.contractA)
	rest(b, x.batchB, x.contractB)
	batch := ""
	if len(x.batchA) > 0 {
		batch = fmt.Sprintf("batching_dims = %s x %s, ", list(x.batchA), list(x.batchB))
	}
	precision := ""
	if a.elem != "bf16" && !e.o.Fast {
		precision = ", precision = [HIGHEST, HIGHEST]"
	}
	return e.line(elem, shape, "stablehlo.dot_general %s, %s, %scontracting_dims = %s x %s%s : (%s, %s) -> %s",
		a.name, b.name, batch, list(x.contractA), list(x.contractB), precision, a.typ(), b.typ(), tensor(elem, shape))
}

// after is v, not to be computed before other values are there, nor merged with
// equal work elsewhere.
func (e *emitter) after(v val, others ...val) val {
	if len(others) == 0 {
		return e.un("optimization_barrier", v)
	}
	names, types := []string{v.name}, []string{v.typ()}
	for _, o := range others {
		names, types = append(names, o.name), append(types, o.typ())
	}
	name := fmt.Sprintf("%%%d", e.next)
	e.next++
	fmt.Fprintf(&e.body, "    %s:%d = stablehlo.optimization_barrier %s : %s\n", name, len(names), strings.Join(names, ", "), strings.Join(types, ", "))
	return val{name + "#0", v.elem, v.shape}
}
