package arrowio_test

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"

	"divvy/arrowio"
)

// A term is an expression, what kind of value it has (b, i, f, s or t) and what it
// should give for a row: nil is null.
type term struct {
	text string
	kind byte
	of   func(row int) (any, error)
}

var errOverflow = errors.New("does not fit")

// exprTable has a column of every type that expressions know; names begin with the
// kind.
func exprTable(t testing.TB, m *maker, n int) (*arrowio.Table, []term) {
	t.Helper()
	b := arrowio.NewTableIn(m.mem)
	var leaves []term
	for i, dt := range []arrow.DataType{
		arrow.FixedWidthTypes.Boolean, arrow.PrimitiveTypes.Int8, arrow.PrimitiveTypes.Int64, arrow.PrimitiveTypes.Uint32, arrow.PrimitiveTypes.Uint64,
		arrow.PrimitiveTypes.Float32, arrow.PrimitiveTypes.Float64, arrow.FixedWidthTypes.Float16, arrow.BinaryTypes.String, arrow.BinaryTypes.LargeString,
		&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}, arrow.FixedWidthTypes.Date32,
		&arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "Asia/Tokyo"}, &arrow.TimestampType{Unit: arrow.Nanosecond},
		arrow.PrimitiveTypes.Int64, arrow.PrimitiveTypes.Float64,
	} {
		col, values := m.column(dt, n)
		kind := byte('i')
		switch {
		case dt.ID() == arrow.BOOL:
			kind = 'b'
		case arrow.IsFloating(dt.ID()):
			kind = 'f'
		case dt.ID() == arrow.STRING || dt.ID() == arrow.LARGE_STRING || dt.ID() == arrow.DICTIONARY:
			kind = 's'
		case dt.ID() == arrow.TIMESTAMP || dt.ID() == arrow.DATE32:
			kind = 't'
		}
		far := false // dates that nanoseconds do not reach have tests of their own
		for k, v := range values {
			if u, ok := v.(uint64); ok {
				if values[k] = int64(u); u > math.MaxInt64 {
					far = true
				}
			}
			if at, ok := v.(time.Time); ok && (at.Year() < 1678 || at.Year() > 2261) {
				far = true
			}
		}
		if far {
			col.Release()
			continue
		}
		name := fmt.Sprintf("%c%d", kind, i)
		b.Array(name, col)
		col.Release()
		leaves = append(leaves, term{name, kind, func(row int) (any, error) { return values[row], nil }})
	}
	return must(t)(b.Build()), leaves
}

// a literal of a kind.
func (m *maker) literal(kind byte) term {
	var v any
	text := ""
	switch kind {
	case 'b':
		v = m.IntN(2) == 0
		text = fmt.Sprint(v)
	case 'i':
		v = pick[int64](m, 0, 1, -1, 2, 3, 127, -128, math.MaxInt64, math.MinInt64, math.MinInt64+1)
		if text = fmt.Sprint(v); text[0] == '-' { // two would be none
			text = "(" + text + ")"
		}
	case 'f':
		v = pick(m, 0.0, 0.5, 1.0, -1.5, 2.5, 1e300, 1e-300)
		text = fmt.Sprintf("%g", v)
		if !strings.ContainsAny(text, ".e") {
			text += ".0"
		}
	case 's':
		v = pick(m, "", "a", "b", "it's", "żółć", "a\nb", "\\", " ")
		text = "'" + strings.NewReplacer(`\`, `\\`, `'`, `''`, "\n", `\n`).Replace(v.(string)) + "'"
	case 't':
		s := pick(m, "1970-01-01", "2024-02-28T12:30:56.000000001Z", "1969-12-31T23:59:59.999999Z")
		v, _ = time.Parse(time.RFC3339Nano, s)
		if len(s) == 10 {
			v, _ = time.Parse(time.DateOnly, s)
		}
		text = "time('" + s + "')"
	}
	if m.IntN(8) == 0 {
		return term{"null", kind, func(int) (any, error) { return nil, nil }}
	}
	return term{text, kind, func(int) (any, error) { return v, nil }}
}

// strict is a function whose value is null where one of its arguments is.
func strict(f func(v []any) (any, error), args ...term) func(int) (any, error) {
	return func(row int) (any, error) {
		v := make([]any, len(args))
		null := false
		for i, a := range args {
			var err error
			if v[i], err = a.of(row); err != nil {
				return nil, err
			}
			null = null || v[i] == nil
		}
		if null {
			return nil, nil
		}
		return f(v)
	}
}

func asFloat(v any) float64 {
	if i, ok := v.(int64); ok {
		return float64(i)
	}
	return v.(float64)
}

func integer(n *big.Int) (any, error) {
	if !n.IsInt64() {
		return nil, errOverflow
	}
	return n.Int64(), nil
}

func arithmetic(op string, a, b any) (any, error) {
	x, xInt := a.(int64)
	y, yInt := b.(int64)
	if xInt && yInt && op != "/" {
		p, q, r := big.NewInt(x), big.NewInt(y), new(big.Int)
		switch op {
		case "+":
			return integer(r.Add(p, q))
		case "-":
			return integer(r.Sub(p, q))
		case "*":
			return integer(r.Mul(p, q))
		}
		if y == 0 {
			return nil, nil
		}
		return integer(r.Rem(p, q))
	}
	f, g := asFloat(a), asFloat(b)
	switch op {
	case "+":
		return f + g, nil
	case "-":
		return f - g, nil
	case "*":
		return f * g, nil
	case "/":
		return f / g, nil
	}
	return math.Mod(f, g), nil
}

func compared(op string, a, b any) (any, error) {
	var less, equal bool
	switch x := a.(type) {
	case string:
		less, equal = x < b.(string), x == b.(string)
	case time.Time:
		less, equal = x.Before(b.(time.Time)), x.Equal(b.(time.Time))
	case bool:
		equal = x == b.(bool)
	default:
		y, yInt := b.(int64)
		if i, ok := a.(int64); ok && yInt {
			less, equal = i < y, i == y
			break
		}
		f, g := asFloat(a), asFloat(b)
		if f != f || g != g { // as in Go and pandas, NaN is only unequal
			return op == "!=", nil
		}
		less, equal = f < g, f == g
	}
	switch op {
	case "==":
		return equal, nil
	case "!=":
		return !equal, nil
	case "<":
		return less, nil
	case "<=":
		return less || equal, nil
	case ">":
		return !less && !equal, nil
	}
	return !less, nil
}

// term gives a random expression of a kind.
func (m *maker) term(kind byte, depth int, leaves []term) term {
	if depth == 0 || m.IntN(6) == 0 {
		var fit []term
		for _, l := range leaves {
			if l.kind == kind {
				fit = append(fit, l)
			}
		}
		if len(fit) == 0 || m.IntN(4) == 0 {
			return m.literal(kind)
		}
		return pick(m, fit...)
	}
	arg := func(kinds ...byte) term { return m.term(pick(m, kinds...), depth-1, leaves) }
	call := func(name string, f func(v []any) (any, error), args ...term) term {
		texts := make([]string, len(args))
		for i, a := range args {
			texts[i] = a.text
		}
		return term{name + "(" + strings.Join(texts, ", ") + ")", kind, strict(f, args...)}
	}
	infix := func(op string, f func(v []any) (any, error), a, b term) term {
		return term{"(" + a.text + " " + op + " " + b.text + ")", kind, strict(f, a, b)}
	}
	if m.IntN(5) == 0 { // of every kind
		a, b := arg(kind), arg(kind)
		if m.IntN(2) == 0 {
			return term{"coalesce(" + a.text + ", " + b.text + ")", kind, func(row int) (any, error) {
				x, err := a.of(row)
				y, err2 := b.of(row)
				if err = errors.Join(err, err2); err != nil || x != nil {
					return x, err
				}
				return y, nil
			}}
		}
		c := arg('b')
		return term{"if(" + c.text + ", " + a.text + ", " + b.text + ")", kind, func(row int) (any, error) {
			z, err := c.of(row)
			x, err2 := a.of(row)
			y, err3 := b.of(row)
			if err = errors.Join(err, err2, err3); err != nil {
				return nil, err
			}
			if z == true {
				return x, nil
			}
			return y, nil
		}}
	}
	switch kind {
	case 'i':
		switch m.IntN(7) {
		case 0:
			a := arg('i')
			return term{"(-" + a.text + ")", kind, strict(func(v []any) (any, error) { return arithmetic("-", int64(0), v[0]) }, a)}
		case 1:
			return call("abs", func(v []any) (any, error) { return integer(new(big.Int).Abs(big.NewInt(v[0].(int64)))) }, arg('i'))
		case 2:
			return call("int", func(v []any) (any, error) {
				switch x := v[0].(type) {
				case bool:
					return int64(bit(x)), nil
				case float64:
					if !(x >= -(1<<63) && x < 1<<63) {
						return nil, errOverflow
					}
					return int64(x), nil
				}
				return v[0], nil
			}, arg('i', 'f', 'b'))
		case 3:
			return call("len", func(v []any) (any, error) { return int64(utf8.RuneCountInString(v[0].(string))), nil }, arg('s'))
		case 4:
			a := arg('t')
			for strings.Contains(a.text, "t") && !strings.HasPrefix(a.text, "t13") { // of UTC
				if a = m.literal('t'); a.text != "null" {
					break
				}
			}
			return call("month", func(v []any) (any, error) { return int64(v[0].(time.Time).UTC().Month()), nil }, a)
		}
		op := pick(m, "+", "-", "*", "%")
		return infix(op, func(v []any) (any, error) { return arithmetic(op, v[0], v[1]) }, arg('i'), arg('i'))
	case 'f':
		if m.IntN(3) == 0 {
			f := pick(m, "sqrt", "floor", "ceil", "float", "ln", "abs")
			g := map[string]func(float64) float64{"sqrt": math.Sqrt, "floor": math.Floor, "ceil": math.Ceil, "float": func(x float64) float64 { return x }, "ln": math.Log, "abs": math.Abs}[f]
			a := arg('f')
			return call(f, func(v []any) (any, error) { return g(asFloat(v[0])), nil }, a)
		}
		op := pick(m, "+", "-", "*", "/", "%")
		a, b := arg('f'), arg('f', 'i')
		if op == "/" {
			a = arg('f', 'i')
		}
		return infix(op, func(v []any) (any, error) { return arithmetic(op, v[0], v[1]) }, a, b)
	case 's':
		switch m.IntN(3) {
		case 0:
			return call("lower", func(v []any) (any, error) { return strings.ToLower(v[0].(string)), nil }, arg('s'))
		case 1:
			return call("trim", func(v []any) (any, error) { return strings.TrimSpace(v[0].(string)), nil }, arg('s'))
		}
		return infix("+", func(v []any) (any, error) { return v[0].(string) + v[1].(string), nil }, arg('s'), arg('s'))
	case 't':
		return m.literal('t')
	}
	switch m.IntN(8) {
	case 0:
		a := arg('b')
		return term{"(not " + a.text + ")", kind, strict(func(v []any) (any, error) { return !v[0].(bool), nil }, a)}
	case 1, 2:
		a, b, or := arg('b'), arg('b'), m.IntN(2) == 0
		return term{"(" + a.text + map[bool]string{true: " or ", false: " and "}[or] + b.text + ")", kind, func(row int) (any, error) {
			x, err := a.of(row)
			y, err2 := b.of(row)
			if err = errors.Join(err, err2); err != nil {
				return nil, err
			}
			switch {
			case x == or || y == or:
				return or, nil
			case x == nil || y == nil:
				return nil, nil
			}
			return !or, nil
		}}
	case 3:
		a := arg('i', 'f', 's', 'b', 't')
		return term{"(" + a.text + " is null)", kind, func(row int) (any, error) { v, err := a.of(row); return v == nil, err }}
	case 4:
		return call("contains", func(v []any) (any, error) { return strings.Contains(v[0].(string), v[1].(string)), nil }, arg('s'), arg('s'))
	case 5:
		a, x, y := arg('i'), m.literal('i'), m.literal('i')
		return term{"(" + a.text + " in (" + x.text + ", " + y.text + "))", kind, func(row int) (any, error) {
			v, err := a.of(row)
			p, _ := x.of(row)
			q, _ := y.of(row)
			switch {
			case err != nil || v == nil:
				return nil, err
			case v == p || v == q:
				return true, nil
			case p == nil || q == nil:
				return nil, nil
			}
			return false, nil
		}}
	}
	op := pick(m, "==", "!=", "<", "<=", ">", ">=")
	k := pick[byte](m, 'i', 'i', 'f', 's', 't')
	a, b := arg(k), arg(k)
	if k == 'f' {
		b = arg('f', 'i')
	}
	return infix(op, func(v []any) (any, error) { return compared(op, v[0], v[1]) }, a, b)
}
