package arrowio

import (
	"math"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// A predicate is a comparison of a column without nulls with a number, as a
// range: what most filters are made of. It picks rows without first making a
// Boolean of every row.
type predicate struct {
	col       arrow.Array
	isFloat   bool
	low, high int64 // the range, both ends in it; none when low > high
	flow      float64
	fhigh     float64
	outside   bool // rows outside the range are wanted
}

// predicates takes apart the "and"s of a filter: those of its parts that are
// predicates, and the rest as an expression, nil for none.
func (p *program) predicates(e *expr) (list []predicate, rest *expr) {
	if e.op == "&&" {
		a, restA := p.predicates(e.args[0])
		b, restB := p.predicates(e.args[1])
		list = append(a, b...)
		switch {
		case restA == nil:
			return list, restB
		case restB == nil:
			return list, restA
		}
		return list, &expr{op: "&&", args: []*expr{restA, restB}, at: e.at}
	}
	if q, ok := p.predicate(e); ok {
		return []predicate{q}, nil
	}
	return nil, e
}

func (p *program) predicate(e *expr) (q predicate, ok bool) {
	op := e.op
	if mirrored[op] == "" {
		return q, false
	}
	a, b := e.args[0], e.args[1]
	if a.op != "column" {
		a, b, op = b, a, mirrored[op]
	}
	negative := b.op == "neg" // a number below zero
	if negative {
		b = b.args[0]
	}
	if a.op != "column" || b.op != "integer" && b.op != "number" {
		return q, false
	}
	q.col, q.outside = p.cols[a.text], op == "!="
	if q.col.NullN() > 0 {
		return q, false
	}
	switch q.col.(type) {
	case *array.Float64, *array.Float32:
		q.isFloat = true
	case *array.Int64, *array.Int32, *array.Int16, *array.Int8, *array.Uint32, *array.Uint16, *array.Uint8:
		if b.op != "integer" {
			return q, false
		}
	default:
		return q, false
	}
	n, f := b.int, b.num
	if negative {
		n, f = -n, -f
	}
	q.low, q.high, q.flow, q.fhigh = math.MinInt64, math.MaxInt64, math.Inf(-1), math.Inf(1)
	switch op {
	case "==", "!=":
		q.low, q.high, q.flow, q.fhigh = n, n, f, f
	case "<=":
		q.high, q.fhigh = n, f
	case ">=":
		q.low, q.flow = n, f
	case "<":
		if q.high, q.fhigh = n-1, math.Nextafter(f, math.Inf(-1)); n == math.MinInt64 || f == math.Inf(-1) {
			q.low, q.high, q.flow, q.fhigh = 1, 0, 1, 0
		}
	case ">":
		if q.low, q.flow = n+1, math.Nextafter(f, math.Inf(1)); n == math.MaxInt64 || f == math.Inf(1) {
			q.low, q.high, q.flow, q.fhigh = 1, 0, 1, 0
		}
	}
	return q, true
}

// pick appends the rows of [from, to) that satisfy the predicate; the list needs
// room for one more than all.
func (q *predicate) pick(rows []int32, from, to int) []int32 {
	switch a := q.col.(type) {
	case *array.Float64:
		return pickFloats(rows, from, a.Float64Values()[from:to], q.flow, q.fhigh, bit(q.outside))
	case *array.Float32:
		return pickFloats(rows, from, a.Float32Values()[from:to], q.flow, q.fhigh, bit(q.outside))
	case *array.Int64:
		return pickInts(rows, from, a.Int64Values()[from:to], q.low, q.high, bit(q.outside))
	case *array.Int32:
		return pickInts(rows, from, a.Int32Values()[from:to], q.low, q.high, bit(q.outside))
	case *array.Int16:
		return pickInts(rows, from, a.Int16Values()[from:to], q.low, q.high, bit(q.outside))
	case *array.Int8:
		return pickInts(rows, from, a.Int8Values()[from:to], q.low, q.high, bit(q.outside))
	case *array.Uint32:
		return pickInts(rows, from, a.Uint32Values()[from:to], q.low, q.high, bit(q.outside))
	case *array.Uint16:
		return pickInts(rows, from, a.Uint16Values()[from:to], q.low, q.high, bit(q.outside))
	case *array.Uint8:
		return pickInts(rows, from, a.Uint8Values()[from:to], q.low, q.high, bit(q.outside))
	}
	panic("arrowio: a predicate of no number")
}

// keep leaves those of the rows that satisfy the predicate.
func (q *predicate) keep(rows []int32) []int32 {
	switch a := q.col.(type) {
	case *array.Float64:
		return keepFloats(rows, a.Float64Values(), q.flow, q.fhigh, bit(q.outside))
	case *array.Float32:
		return keepFloats(rows, a.Float32Values(), q.flow, q.fhigh, bit(q.outside))
	case *array.Int64:
		return keepInts(rows, a.Int64Values(), q.low, q.high, bit(q.outside))
	case *array.Int32:
		return keepInts(rows, a.Int32Values(), q.low, q.high, bit(q.outside))
	case *array.Int16:
		return keepInts(rows, a.Int16Values(), q.low, q.high, bit(q.outside))
	case *array.Int8:
		return keepInts(rows, a.Int8Values(), q.low, q.high, bit(q.outside))
	case *array.Uint32:
		return keepInts(rows, a.Uint32Values(), q.low, q.high, bit(q.outside))
	case *array.Uint16:
		return keepInts(rows, a.Uint16Values(), q.low, q.high, bit(q.outside))
	case *array.Uint8:
		return keepInts(rows, a.Uint8Values(), q.low, q.high, bit(q.outside))
	}
	panic("arrowio: a predicate of no number")
}

// The loops write every row and count those that are wanted: a branch would
// often be guessed wrongly. flip is 1 for the rows outside the range.

func pickFloats[T float32 | float64](rows []int32, from int, a []T, low, high float64, flip int) []int32 {
	n := len(rows)
	rows = rows[:n+len(a)+1]
	for i, v := range a {
		rows[n] = int32(from + i)
		n += inFloats(float64(v), low, high) ^ flip
	}
	return rows[:n]
}

func pickInts[T fixed](rows []int32, from int, a []T, low, high int64, flip int) []int32 {
	if low > high {
		low, high, flip = 0, -1, 1^flip // as unsigned: everything
	}
	n := len(rows)
	rows = rows[:n+len(a)+1]
	span := uint64(high) - uint64(low)
	for i, v := range a {
		rows[n] = int32(from + i)
		n += inInts(int64(v), low, span) ^ flip
	}
	return rows[:n]
}

func keepFloats[T float32 | float64](rows []int32, a []T, low, high float64, flip int) []int32 {
	n := 0
	for _, r := range rows {
		rows[n] = r
		n += inFloats(float64(a[r]), low, high) ^ flip
	}
	return rows[:n]
}

func keepInts[T fixed](rows []int32, a []T, low, high int64, flip int) []int32 {
	if low > high {
		low, high, flip = 0, -1, 1^flip
	}
	n := 0
	span := uint64(high) - uint64(low)
	for _, r := range rows {
		rows[n] = r
		n += inInts(int64(a[r]), low, span) ^ flip
	}
	return rows[:n]
}

func inFloats(v, low, high float64) int {
	a, b := 0, 0
	if v >= low {
		a = 1
	}
	if v <= high {
		b = 1
	}
	return a & b
}

func inInts(v, low int64, span uint64) int {
	in := 0
	if uint64(v)-uint64(low) <= span {
		in = 1
	}
	return in
}

// A rowPicker lists the rows for which a filter is true.
type rowPicker struct {
	p     *program
	first []predicate
	rest  *expr // nil: nothing else
}

func newRowPicker(p *program) rowPicker {
	list, rest := p.predicates(p.root)
	return rowPicker{p, list, rest}
}

// pick appends the wanted rows of [from, to) to a list that has room for one
// more than all of them.
func (r rowPicker) pick(rows []int32, from, to int) ([]int32, error) {
	begin := len(rows)
	if len(r.first) > 0 {
		rows = r.first[0].pick(rows, from, to)
		for i := range r.first[1:] {
			rows = rows[:begin+len(r.first[1+i].keep(rows[begin:]))]
		}
	}
	if r.rest == nil {
		return rows, nil
	}
	v, err := r.p.eval(r.rest, from, to)
	if err != nil {
		return nil, err
	}
	switch {
	case v.kind == vecNull || v.scalar && !(v.bools[0] && v.isValid(0)):
		return rows[:begin], nil
	case v.scalar && len(r.first) > 0:
		return rows, nil
	case v.scalar:
		return appendSelected(rows, from, spread(v.bools, true, to-from), nil), nil
	case len(r.first) == 0:
		return appendSelected(rows, from, v.bools, v.valid), nil
	}
	unwanted := func(row int32) bool {
		i := int(row) - from
		return !v.bools[i] || v.valid != nil && !v.valid[i]
	}
	return rows[:begin+len(slices.DeleteFunc(rows[begin:], unwanted))], nil
}
