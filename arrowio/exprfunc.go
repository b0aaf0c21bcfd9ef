package arrowio

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
)

// A function of expressions. Its args are the kinds that each argument may be
// of, by their letters; a null argument gives null unless the function says
// otherwise.
type function struct {
	args  []string
	apply func(args []vec, n int) (vec, error)
}

// vecLetters are the letters of the kinds, in their order.
const vecLetters = "?bifstl"

var functions = map[string]function{
	"abs":         {[]string{"if"}, absolute},
	"sqrt":        {[]string{"if"}, ofFloat(math.Sqrt)},
	"exp":         {[]string{"if"}, ofFloat(math.Exp)},
	"ln":          {[]string{"if"}, ofFloat(math.Log)},
	"log10":       {[]string{"if"}, ofFloat(math.Log10)},
	"log2":        {[]string{"if"}, ofFloat(math.Log2)},
	"floor":       {[]string{"if"}, ofFloat(math.Floor)},
	"ceil":        {[]string{"if"}, ofFloat(math.Ceil)},
	"round":       {[]string{"if"}, ofFloat(math.Round)},
	"float":       {[]string{"if"}, ofFloat(func(f float64) float64 { return f })},
	"int":         {[]string{"ifb"}, toInt},
	"is_nan":      {[]string{"if"}, isNaN},
	"is_null":     {[]string{"bifstl"}, nullness},
	"coalesce":    {[]string{"bifst", "bifst"}, coalesce},
	"if":          {[]string{"b", "bifst", "bifst"}, ifElse},
	"len":         {[]string{"sl"}, length},
	"lower":       {[]string{"s"}, ofText(strings.ToLower)},
	"time":        {[]string{"s"}, toTime},
	"upper":       {[]string{"s"}, ofText(strings.ToUpper)},
	"trim":        {[]string{"s"}, ofText(strings.TrimSpace)},
	"contains":    {[]string{"s", "s"}, ofTexts(strings.Contains)},
	"starts_with": {[]string{"s", "s"}, ofTexts(strings.HasPrefix)},
	"ends_with":   {[]string{"s", "s"}, ofTexts(strings.HasSuffix)},
	"year":        {[]string{"t"}, ofTime(func(t time.Time) int { return t.Year() })},
	"month":       {[]string{"t"}, ofTime(func(t time.Time) int { return int(t.Month()) })},
	"day":         {[]string{"t"}, ofTime(func(t time.Time) int { return t.Day() })},
	"weekday":     {[]string{"t"}, ofTime(func(t time.Time) int { return (int(t.Weekday())+6)%7 + 1 })}, // Monday is 1
	"hour":        {[]string{"t"}, ofTime(func(t time.Time) int { return t.Hour() })},
	"minute":      {[]string{"t"}, ofTime(func(t time.Time) int { return t.Minute() })},
}

func functionNames() []string { return slices.Sorted(maps.Keys(functions)) }

// aggregates are functions that an expression of one row has no place for.
var aggregates = map[string]bool{"sum": true, "mean": true, "avg": true, "min": true, "max": true, "count": true, "median": true, "std": true, "stddev": true, "row_number": true, "rank": true, "lag": true, "lead": true}

// noFunction says that there is no such function, and where what was meant is.
func noFunction(name string) string {
	if aggregates[strings.ToLower(name)] {
		return fmt.Sprintf("%s is of many rows: use GroupBy, or SQL such as t.SQL(ctx, \"select *, %s(x) over () y from t\")", name, name)
	}
	return fmt.Sprintf("there is no function %q; there are %s; t.SQL has many more", name, strings.Join(functionNames(), ", "))
}

func nullVec() (vec, error) { return vec{kind: vecNull}, nil }

func ofFloat(f func(float64) float64) func([]vec, int) (vec, error) {
	return func(args []vec, n int) (vec, error) {
		a := &args[0]
		if a.kind == vecNull {
			return nullVec()
		}
		out := vec{kind: vecFloat, floats: make([]float64, n), valid: a.valid}
		for i, x := range spread(a.asFloats(), a.scalar, n) {
			out.floats[i] = f(x)
		}
		return out, nil
	}
}

func absolute(args []vec, n int) (vec, error) {
	a := &args[0]
	if a.kind != vecInt {
		return ofFloat(math.Abs)(args, n)
	}
	out := vec{kind: vecInt, ints: make([]int64, n), valid: a.valid}
	for i, x := range spread(a.ints, a.scalar, n) {
		if x == math.MinInt64 && a.isValid(i) {
			return out, fmt.Errorf("%d has no absolute value in 64 bits", x)
		}
		out.ints[i] = max(x, -x)
	}
	return out, nil
}

// toInt truncates towards zero, and refuses what no int64 holds.
func toInt(args []vec, n int) (vec, error) {
	a := &args[0]
	out := vec{kind: vecInt, ints: make([]int64, n), valid: a.valid}
	switch a.kind {
	case vecNull:
		return nullVec()
	case vecInt:
		copy(out.ints, spread(a.ints, a.scalar, n))
	case vecBool:
		for i, b := range spread(a.bools, a.scalar, n) {
			out.ints[i] = int64(bit(b))
		}
	default:
		for i, x := range spread(a.asFloats(), a.scalar, n) {
			if a.isValid(i) {
				if !(x >= -(1<<63) && x < 1<<63) {
					return out, fmt.Errorf("%v is no integer of 64 bits", x)
				}
				out.ints[i] = int64(x)
			}
		}
	}
	return out, nil
}

func isNaN(args []vec, n int) (vec, error) {
	a := &args[0]
	if a.kind == vecNull {
		return nullVec()
	}
	out := vec{kind: vecBool, bools: make([]bool, n), valid: a.valid}
	for i, x := range spread(a.asFloats(), a.scalar, n) {
		out.bools[i] = x != x
	}
	return out, nil
}

func nullness(args []vec, n int) (vec, error) {
	out := vec{kind: vecBool, bools: make([]bool, n)}
	for i := range out.bools {
		out.bools[i] = !args[0].isValid(i)
	}
	return out, nil
}

// nullsOf tells which values of a column are null.
func nullsOf(a arrow.Array, from, to int) vec {
	out := vec{kind: vecBool, bools: make([]bool, to-from)}
	for i := range out.bools {
		out.bools[i] = isNull(a, from+i)
	}
	return out
}

func coalesce(args []vec, n int) (vec, error) {
	cond := vec{kind: vecBool, bools: make([]bool, n)}
	for i := range cond.bools {
		cond.bools[i] = args[0].isValid(i)
	}
	return ifElse([]vec{cond, args[0], args[1]}, n)
}

// ifElse gives the second value where the first is true, the third where it is
// false or null.
func ifElse(args []vec, n int) (vec, error) {
	cond, a, b := &args[0], &args[1], &args[2]
	if a.kind == vecNull && b.kind == vecNull {
		return nullVec()
	}
	out := vec{kind: max(a.kind, b.kind)}
	number := func(k vecKind) bool { return k == vecInt || k == vecFloat }
	if a.kind != vecNull && b.kind != vecNull && a.kind != b.kind && !(number(a.kind) && number(b.kind)) {
		return out, fmt.Errorf("%s or %s is of no one type", vecKindNames[a.kind], vecKindNames[b.kind])
	}
	choose := make([]bool, n)
	for i := range choose {
		choose[i] = cond.isValid(i) && spreadAt(cond.bools, cond.scalar, i)
	}
	switch out.kind {
	case vecBool:
		out.bools = pick(choose, a, b, func(v *vec) []bool { return v.bools })
	case vecInt, vecTime:
		if out.zone = a.zone; out.zone == nil {
			out.zone = b.zone
		}
		out.ints = pick(choose, a, b, func(v *vec) []int64 { return v.ints })
	case vecFloat:
		out.floats = pick(choose, a, b, (*vec).asFloats)
	case vecText:
		out.texts = pick(choose, a, b, func(v *vec) []string { return v.texts })
	}
	if a.valid == nil && b.valid == nil && a.kind != vecNull && b.kind != vecNull {
		return out, nil
	}
	out.valid = make([]bool, n)
	for i := range choose {
		if choose[i] {
			out.valid[i] = a.isValid(i)
		} else {
			out.valid[i] = b.isValid(i)
		}
	}
	return out, nil
}

func spreadAt[T any](values []T, scalar bool, i int) T {
	if scalar {
		return values[0]
	}
	return values[i]
}

func pick[T any](choose []bool, a, b *vec, values func(*vec) []T) []T {
	out := make([]T, len(choose))
	x, y := values(a), values(b)
	for i, c := range choose {
		switch {
		case c && a.kind != vecNull:
			out[i] = spreadAt(x, a.scalar, i)
		case !c && b.kind != vecNull:
			out[i] = spreadAt(y, b.scalar, i)
		}
	}
	return out
}

// length counts the characters of texts, the values of lists.
func length(args []vec, n int) (vec, error) {
	a := &args[0]
	out := vec{kind: vecInt, ints: make([]int64, n), valid: a.valid}
	switch a.kind {
	case vecNull:
		return nullVec()
	case vecList:
		copy(out.ints, a.ints)
	default:
		for i, s := range spread(a.texts, a.scalar, n) {
			out.ints[i] = runes(s)
		}
	}
	return out, nil
}

func ofText(f func(string) string) func([]vec, int) (vec, error) {
	return func(args []vec, n int) (vec, error) {
		a := &args[0]
		if a.kind == vecNull {
			return nullVec()
		}
		out := vec{kind: vecText, texts: make([]string, n), valid: a.valid}
		for i, s := range spread(a.texts, a.scalar, n) {
			out.texts[i] = f(s)
		}
		return out, nil
	}
}

func ofTexts(f func(s, t string) bool) func([]vec, int) (vec, error) {
	return func(args []vec, n int) (vec, error) {
		a, b := &args[0], &args[1]
		out := vec{kind: vecBool, bools: make([]bool, n), valid: bothValid(a, b, n)}
		if a.kind == vecNull || b.kind == vecNull {
			return out, nil
		}
		x, y := spread(a.texts, a.scalar, n), spread(b.texts, b.scalar, n)
		for i := range out.bools {
			out.bools[i] = f(x[i], y[i])
		}
		return out, nil
	}
}
