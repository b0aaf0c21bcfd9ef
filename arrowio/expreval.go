package arrowio

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// A program evaluates an expression over the columns of a table.
type program struct {
	source string
	root   *expr
	cols   map[string]arrow.Array
}

// compile parses an expression and gives the kind of its values.
func compile(t *Table, source string) (*program, vecKind, error) {
	root, err := parseExpr(source)
	if err != nil {
		return nil, 0, err
	}
	p := &program{source: source, root: root, cols: map[string]arrow.Array{}}
	if err := p.bind(t, root); err != nil {
		return nil, 0, err
	}
	v, err := p.eval(root, 0, 0) // finds what does not fit even when there is no row
	return p, v.kind, err
}

func (p *program) bind(t *Table, e *expr) error {
	if e.op == "column" {
		col, err := t.Column(e.text)
		if err != nil {
			return err
		}
		p.cols[e.text] = col
	}
	for _, a := range e.args {
		if err := p.bind(t, a); err != nil {
			return err
		}
	}
	return nil
}

func (p *program) fail(e *expr, format string, args ...any) error {
	return (&exprParser{source: p.source}).fail(e.at, format, args...)
}

// eval gives the values of e for rows [from, to).
func (p *program) eval(e *expr, from, to int) (vec, error) {
	switch e.op {
	case "column":
		v, ok := loadVec(p.cols[e.text], from, to)
		if !ok {
			return v, p.fail(e, "an expression cannot use column %q of type %s, but SQL can", e.text, typeName(p.cols[e.text].DataType()))
		}
		if u, large := tooLarge(p.cols[e.text], from, to); large {
			return v, p.fail(e, "column %q has %d, which no int64 holds: float(%s) rounds it, and SQL computes with it", e.text, u, quoteColumn(e.text))
		}
		return v, nil
	case "float":
		if len(e.args) == 1 && e.args[0].op == "column" { // even of integers that no int64 holds
			if u, ok := p.cols[e.args[0].text].(*array.Uint64); ok {
				v, _ := loadVec(u, from, to)
				v.kind, v.floats = vecFloat, convert[float64](u.Uint64Values()[from:to])
				return v, nil
			}
		}
	case "is_null":
		if len(e.args) == 1 && e.args[0].op == "column" { // of whatever type
			return nullsOf(p.cols[e.args[0].text], from, to), nil
		}
	case "integer":
		return vec{kind: vecInt, scalar: true, ints: []int64{e.int}}, nil
	case "number":
		return vec{kind: vecFloat, scalar: true, floats: []float64{e.num}, literal: true}, nil
	case "text":
		return vec{kind: vecText, scalar: true, texts: []string{e.text}}, nil
	case "bool":
		return vec{kind: vecBool, scalar: true, bools: []bool{e.int == 1}}, nil
	case "null":
		return vec{kind: vecNull, scalar: true}, nil
	}
	args := make([]vec, len(e.args))
	for i, a := range e.args {
		var err error
		if args[i], err = p.eval(a, from, to); err != nil {
			return vec{}, err
		}
	}
	n := to - from
	if len(args) > 0 && !slices.ContainsFunc(args, func(v vec) bool { return !v.scalar }) {
		v, err := p.apply(e, args, 1)
		v.scalar = true
		return v, err
	}
	return p.apply(e, args, n)
}

// apply gives n values of an operator or function.
func (p *program) apply(e *expr, args []vec, n int) (vec, error) {
	switch e.op {
	case "&&", "||":
		return p.logic(e, args, n)
	case "!":
		if args[0].kind != vecBool && args[0].kind != vecNull {
			return vec{}, p.fail(e, "\"not\" wants a Boolean, not %s", vecKindNames[args[0].kind])
		}
		v := args[0]
		v.bools = make([]bool, n)
		for i, b := range spread(args[0].bools, v.scalar && v.kind == vecBool, n) {
			v.bools[i] = !b
		}
		return v, nil
	case "==", "!=", "<", "<=", ">", ">=":
		return p.compare(e, &args[0], &args[1], n)
	case "+", "-", "*", "/", "%":
		return p.arithmetic(e, &args[0], &args[1], n)
	case "neg":
		zero := vec{kind: vecInt, scalar: true, ints: []int64{0}}
		if v := args[0]; v.exact != nil || v.literal {
			if v.exact != nil {
				v.exact = v.exact.negated()
			} else {
				v.floats = []float64{-v.floats[0]}
			}
			return v, nil
		}
		if args[0].kind == vecFloat { // 0-x would lose the sign of zero
			zero = vec{kind: vecFloat, scalar: true, floats: []float64{-1}}
			return p.arithmetic(&expr{op: "*", at: e.at}, &zero, &args[0], n)
		}
		return p.arithmetic(&expr{op: "-", at: e.at}, &zero, &args[0], n)
	}
	return p.call(e, args, n)
}

// logic is that of SQL: null is what is not known.
func (p *program) logic(e *expr, args []vec, n int) (vec, error) {
	for i := range args {
		if k := args[i].kind; k != vecBool && k != vecNull {
			return vec{}, p.fail(e, "%q wants Booleans, not %s", e.op, vecKindNames[k])
		}
		if args[i].kind == vecNull {
			args[i].scalar, args[i].bools = true, []bool{false}
		}
	}
	a, b := &args[0], &args[1]
	x, y := spread(a.bools, a.scalar, n), spread(b.bools, b.scalar, n)
	out := vec{kind: vecBool, bools: make([]bool, n)}
	decisive := e.op == "||" // the value that decides whatever the other is
	combineBools(out.bools, x, y, decisive)
	if out.valid = bothValid(a, b, n); out.valid != nil {
		for i := range out.valid {
			av, bv := a.isValid(i), b.isValid(i)
			if av && x[i] == decisive || bv && y[i] == decisive {
				out.bools[i], out.valid[i] = decisive, true
			}
		}
	}
	return out, nil
}

// combineBools gives x or y, or x and y, eight at a time: a bool is a byte of 0 or 1.
func combineBools(out, x, y []bool, or bool) {
	o, a, b := boolBytes(out), boolBytes(x), boolBytes(y)
	i := 0
	for ; i+8 <= len(o); i += 8 {
		v, w := binary.LittleEndian.Uint64(a[i:]), binary.LittleEndian.Uint64(b[i:])
		if or {
			v |= w
		} else {
			v &= w
		}
		binary.LittleEndian.PutUint64(o[i:], v)
	}
	for ; i < len(o); i++ {
		if or {
			o[i] = a[i] | b[i]
		} else {
			o[i] = a[i] & b[i]
		}
	}
}

func (p *program) compare(e *expr, a, b *vec, n int) (vec, error) {
	out := vec{kind: vecBool, bools: make([]bool, n), valid: bothValid(a, b, n)}
	if a.kind == vecNull || b.kind == vecNull {
		return out, nil
	}
	for _, pair := range [][2]*vec{{a, b}, {b, a}} { // a text beside a time is one
		if v := pair[1]; pair[0].kind == vecTime && v.kind == vecText && v.scalar {
			ns, err := parseTimeIn(pair[0].zone, []byte(v.texts[0]))
			if err != nil {
				return out, p.fail(e, "a time was expected: %v", err)
			}
			*v = vec{kind: vecTime, scalar: true, ints: []int64{ns}}
		}
	}
	if bothBeyond(a, b) {
		return out, p.fail(e, "%v", errBeyond)
	}
	number := func(v *vec) bool { return v.kind == vecInt || v.kind == vecFloat }
	if x, y, ok := exactPair(a, b); ok {
		compareDecimals(e.op, out.bools, a, b, x, y)
		return out, nil
	}
	switch {
	case a.kind == vecInt && b.kind == vecInt, a.kind == vecTime && b.kind == vecTime:
		compareValues(e.op, out.bools, a.ints, a.scalar, b.ints, b.scalar)
	case number(a) && number(b):
		compareValues(e.op, out.bools, a.asFloats(), a.scalar, b.asFloats(), b.scalar)
	case a.kind == vecText && b.kind == vecText:
		compareValues(e.op, out.bools, a.texts, a.scalar, b.texts, b.scalar)
	case a.kind == vecBool && b.kind == vecBool && (e.op == "==" || e.op == "!="):
		x, y := spread(a.bools, a.scalar, n), spread(b.bools, b.scalar, n)
		for i := range out.bools {
			out.bools[i] = (x[i] == y[i]) == (e.op == "==")
		}
	default:
		return out, p.fail(e, "%s %s %s cannot be compared", vecKindNames[a.kind], e.op, vecKindNames[b.kind])
	}
	return out, nil
}

var mirrored = map[string]string{"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

func compareValues[T cmp.Ordered](op string, out []bool, a []T, aScalar bool, b []T, bScalar bool) {
	if aScalar && !bScalar {
		compareValues(mirrored[op], out, b, false, a, true)
		return
	}
	if bScalar {
		compareToOne(op, out, spread(a, aScalar, len(out)), b[0])
		return
	}
	a, b = a[:len(out)], b[:len(out)]
	switch op {
	case "==":
		for i := range out {
			out[i] = a[i] == b[i]
		}
	case "!=":
		for i := range out {
			out[i] = a[i] != b[i]
		}
	case "<":
		for i := range out {
			out[i] = a[i] < b[i]
		}
	case "<=":
		for i := range out {
			out[i] = a[i] <= b[i]
		}
	case ">":
		for i := range out {
			out[i] = a[i] > b[i]
		}
	case ">=":
		for i := range out {
			out[i] = a[i] >= b[i]
		}
	}
}

func compareToOne[T cmp.Ordered](op string, out []bool, a []T, b T) {
	a = a[:len(out)]
	switch op {
	case "==":
		for i := range out {
			out[i] = a[i] == b
		}
	case "!=":
		for i := range out {
			out[i] = a[i] != b
		}
	case "<":
		for i := range out {
			out[i] = a[i] < b
		}
	case "<=":
		for i := range out {
			out[i] = a[i] <= b
		}
	case ">":
		for i := range out {
			out[i] = a[i] > b
		}
	case ">=":
		for i := range out {
			out[i] = a[i] >= b
		}
	}
}

func (p *program) arithmetic(e *expr, a, b *vec, n int) (vec, error) {
	out := vec{valid: bothValid(a, b, n)}
	if a.kind == vecNull || b.kind == vecNull {
		return vec{kind: vecNull}, nil
	}
	if e.op == "+" && a.kind == vecText && b.kind == vecText {
		x, y := spread(a.texts, a.scalar, n), spread(b.texts, b.scalar, n)
		out.kind, out.texts = vecText, make([]string, n)
		for i := range out.texts {
			out.texts[i] = x[i] + y[i]
		}
		return out, nil
	}
	for _, v := range []*vec{a, b} {
		if v.kind != vecInt && v.kind != vecFloat {
			return out, p.fail(e, "%s %s %s has no meaning", vecKindNames[a.kind], e.op, vecKindNames[b.kind])
		}
	}
	if a.kind == vecInt && b.kind == vecInt && e.op != "/" {
		return p.integers(e, spread(a.ints, a.scalar, n), spread(b.ints, b.scalar, n), out)
	}
	if out, done, err := p.exactly(e, a, b, n, out.valid); done {
		return out, err
	}
	x, y := spread(a.asFloats(), a.scalar, n), spread(b.asFloats(), b.scalar, n)
	out.kind, out.floats = vecFloat, make([]float64, n)
	switch e.op {
	case "+":
		for i := range out.floats {
			out.floats[i] = x[i] + y[i]
		}
	case "-":
		for i := range out.floats {
			out.floats[i] = x[i] - y[i]
		}
	case "*":
		for i := range out.floats {
			out.floats[i] = x[i] * y[i]
		}
	case "/":
		for i := range out.floats {
			out.floats[i] = x[i] / y[i]
		}
	case "%":
		for i := range out.floats {
			out.floats[i] = math.Mod(x[i], y[i])
		}
	}
	return out, nil
}

// call applies a function.
func (p *program) call(e *expr, args []vec, n int) (vec, error) {
	f, ok := functions[e.op]
	if !ok {
		return vec{}, p.fail(e, "%s", noFunction(e.op))
	}
	if len(args) != len(f.args) {
		return vec{}, p.fail(e, "%s wants %d values, not %d", e.op, len(f.args), len(args))
	}
	for i, want := range f.args {
		if got := args[i].kind; got != vecNull && !strings.ContainsRune(want, rune(vecLetters[got])) {
			return vec{}, p.fail(e, "value %d of %s cannot be %s", i+1, e.op, vecKindNames[got])
		}
	}
	v, err := f.apply(args, n)
	if err != nil {
		return v, p.fail(e, "%v", fmt.Errorf("%s: %w", e.op, err))
	}
	return v, nil
}
