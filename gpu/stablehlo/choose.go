package stablehlo

import (
	"fmt"
	"math"

	"divvy/gpu/program"
)

func choices() map[program.Kind]lowering {
	return map[program.Kind]lowering{program.ArgMax: argMax, program.Sample: sample}
}

// first is the place of the first column of each row where hit holds. Places are
// exact in float32, whose maximum is a reduction that XLA knows how to make fast.
func (e *emitter) first(hit val) val {
	n := float64(hit.shape[1])
	back := e.plus(e.un("negate", e.iota("f32", 1, hit.shape...)), n) // n, n-1, ...: the first is the largest
	best := e.reduce("maximum", e.pick(hit, back, e.splat(0, back)), 1)
	return e.as(e.plus(e.un("negate", best), n), "i32")
}

func argMax(e *emitter, op *program.Op) []val {
	x := e.wide(e.of(op.In[0]))
	return one(e.first(e.compare("EQ", x, e.along(e.reduce("maximum", x, 1), x.shape, 1))))
}

// sample takes cumulative sums of the weights, sorted if some are to be left out.
func sample(e *emitter, op *program.Op) []val {
	x, u, a := e.of(op.In[0]), e.of(op.In[1]), op.Attr
	top := e.reduce("maximum", x, 1)
	p := e.un("exponential", e.times(e.sub(x, e.along(top, x.shape, 1)), 1/a.Temperature))
	ids := e.iota("i32", 1, x.shape...)
	if a.TopK > 0 || a.TopP > 0 {
		p, ids = e.descending(p, ids)
		if a.TopK > 0 && a.TopK < p.shape[1] {
			p, ids = e.cut(p, 1, 0, a.TopK), e.cut(ids, 1, 0, a.TopK)
		}
		if a.TopP > 0 {
			enough := e.along(e.times(e.sum(p, 1), a.TopP), p.shape, 1)
			p = e.pick(e.compare("LT", e.sub(e.cumulative(p), p), enough), p, e.splat(0, p))
		}
	}
	left := e.mul(u, e.sum(p, 1))
	beyond := e.compare("GT", e.cumulative(p), e.along(left, p.shape, 1))
	// Where rounding left nothing beyond, it is the last that has any weight.
	last := e.reduce("maximum", e.pick(e.compare("GT", p, e.splat(0, p)), e.iota("f32", 1, p.shape...), e.fill(e.scalar("f32", 0), p.shape)), 1)
	place := e.bin("minimum", e.first(beyond), e.as(last, "i32"))
	chosen := e.compare("EQ", e.iota("i32", 1, p.shape...), e.along(place, p.shape, 1))
	id := e.as(ids, "f32")
	return one(e.as(e.sum(e.pick(chosen, id, e.splat(0, id)), 1), "i32"))
}

// descending sorts the rows of p from the largest on, and ids along with them;
// equal ones keep their order.
func (e *emitter) descending(p, ids val) (val, val) {
	name := fmt.Sprintf("%%%d", e.next)
	e.next++
	s := tensor(p.elem, nil)
	fmt.Fprintf(&e.body, "    %s:2 = \"stablehlo.sort\"(%s, %s) <{dimension = 1 : i64, is_stable = true}> ({\n    ^bb0(%%l: %s, %%r: %s, %%i: tensor<i32>, %%j: tensor<i32>):\n      %%s = stablehlo.compare GT, %%l, %%r, FLOAT : (%s, %s) -> tensor<i1>\n      stablehlo.return %%s : tensor<i1>\n    }) : (%s, %s) -> (%s, %s)\n",
		name, p.name, ids.name, s, s, s, s, p.typ(), ids.typ(), p.typ(), ids.typ())
	return val{name + "#0", p.elem, p.shape}, val{name + "#1", ids.elem, ids.shape}
}

// cumulative is the sum of each row of p up to each column, by two products with
// triangles of ones: within stretches, and of whole stretches.
func (e *emitter) cumulative(p val) val {
	n, v := p.shape[0], p.shape[1]
	width := int(math.Ceil(math.Sqrt(float64(v))))
	stretches := (v + width - 1) / width
	x := e.reshape(e.pad(p, 1, 0, stretches*width-v), n, stretches, width)
	ones := func(size int, direction string) val {
		shape := []int{size, size}
		return e.as(e.compare(direction, e.iota("i32", 0, shape...), e.iota("i32", 1, shape...)), p.elem)
	}
	within := e.dot(x, ones(width, "LE"), axes{contractA: []int{2}, contractB: []int{0}}, p.elem)
	before := e.dot(e.sum(x, 2), ones(stretches, "LT"), axes{contractA: []int{1}, contractB: []int{0}}, p.elem)
	sum := e.add(within, e.along(before, within.shape, 2))
	return e.cut(e.reshape(sum, n, stretches*width), 1, 0, v)
}
