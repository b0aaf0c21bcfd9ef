package arrowio

import (
	"math"
	"math/big"
	"slices"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/decimal256"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// decimals are the values of a vec of decimals, times 10 to the power of -scale: as
// int64 where all of them fit, else as 256 bits.
type decimals struct {
	ints  []int64
	nums  []decimal256.Num // nil where there are ints
	scale int32
	wide  bool // of up to 76 digits, not 38
}

// digits is how many digits a value may have.
func (d *decimals) digits() int32 {
	if d.wide {
		return 76
	}
	return 38
}

// len is the number of values.
func (d *decimals) len() int { return max(len(d.ints), len(d.nums)) }

// loadDecimals reads rows of a column of decimals.
func loadDecimals(a arrow.Array, from, to int) *decimals {
	d := &decimals{scale: a.DataType().(arrow.DecimalType).GetScale()}
	switch a := a.(type) {
	case *array.Decimal128:
		values := a.Values()[from:to]
		d.ints = make([]int64, len(values))
		beyond := int64(0)
		for i, v := range values {
			d.ints[i] = int64(v.LowBits())
			beyond |= v.HighBits() ^ d.ints[i]>>63
		}
		if beyond != 0 {
			d.ints, d.nums = nil, make([]decimal256.Num, len(values))
			for i, v := range values {
				d.nums[i] = decimal256.FromDecimal128(v)
			}
		}
	case *array.Decimal256:
		d.wide, d.nums = true, slices.Clone(a.Values()[from:to])
	}
	return d
}

// floats are the nearest ones.
func (d *decimals) floats() []float64 {
	out := make([]float64, d.len())
	if power := math.Pow10(int(max(d.scale, 0))); d.nums == nil && d.scale >= 0 && d.scale <= exactPowers && !slices.ContainsFunc(d.ints, func(n int64) bool { return n > 1<<53 || n < -1<<53 }) {
		for i, n := range d.ints {
			out[i] = float64(n) / power
		}
		return out
	}
	for i := range out {
		out[i] = nearestFloat(d.at(i, false), d.scale)
	}
	return out
}

// exactPowers is up to which power of ten a float64 is one.
const exactPowers = 22

// nearestFloat is the float64 nearest to n times 10 to the power of -scale: what
// the decimal's text is read as. (Num.ToFloat64 multiplies by a power of ten that is
// rounded itself, and makes 0.30000000000000004 of 0.3.)
func nearestFloat(n decimal256.Num, scale int32) float64 {
	limbs := n.Abs().Array()
	if limbs[3]|limbs[2]|limbs[1] == 0 && limbs[0] <= 1<<53 && scale >= -exactPowers && scale <= exactPowers {
		f := float64(limbs[0])
		if scale >= 0 {
			f /= math.Pow10(int(scale))
		} else {
			f *= math.Pow10(int(-scale))
		}
		if n.Sign() < 0 {
			f = -f
		}
		return f
	}
	f, _ := strconv.ParseFloat(n.BigInt().String()+"e"+strconv.Itoa(int(-scale)), 64) // the nearest one beyond the range, too
	return f
}

// exactPair gives both operands as decimals, if one of them is and the other is a
// decimal, an integer or a number as it is written.
func exactPair(a, b *vec) (x, y *decimals, ok bool) {
	if a.exact == nil && b.exact == nil {
		return nil, nil, false
	}
	x, y = a.asDecimals(), b.asDecimals()
	return x, y, x != nil && y != nil
}

// asDecimals gives the exact values of decimals, integers and literals; nil for
// other floats.
func (v *vec) asDecimals() *decimals {
	switch {
	case v.exact != nil:
		return v.exact
	case v.kind == vecInt:
		return &decimals{ints: v.ints}
	case v.literal:
		text := strconv.FormatFloat(v.floats[0], 'f', -1, 64)
		point := len(text)
		for i := range text {
			if text[i] == '.' {
				point = i
			}
		}
		scale := max(0, len(text)-point-1)
		n, ok := new(big.Int).SetString(text[:point]+text[min(len(text), point+1):], 10)
		if !ok || n.BitLen() > 252 { // about 76 digits
			return nil
		}
		if n.IsInt64() {
			return &decimals{ints: []int64{n.Int64()}, scale: int32(scale)}
		}
		return &decimals{nums: []decimal256.Num{decimal256.FromBigInt(n)}, scale: int32(scale)}
	}
	return nil
}

// at is value i, the only one of a scalar.
func (d *decimals) at(i int, scalar bool) decimal256.Num {
	if scalar {
		i = 0
	}
	if d.nums == nil {
		return decimal256.FromI64(d.ints[i])
	}
	return d.nums[i]
}

// scaledInts is the values with so many more decimals, if int64s hold them.
func (d *decimals) scaledInts(more int32) ([]int64, bool) {
	if d.nums != nil || more > 18 {
		return nil, false
	}
	if more == 0 {
		return d.ints, true
	}
	power := int64(math.Pow10(int(more)))
	most, out := math.MaxInt64/power, make([]int64, len(d.ints))
	for i, n := range d.ints {
		if n > most || n < -most {
			return nil, false
		}
		out[i] = n * power
	}
	return out, true
}

// scaled gives n with so many more decimals; ok is false when 256 bits do not hold
// it.
func scaled(n decimal256.Num, more int32) (_ decimal256.Num, ok bool) {
	if more == 0 || n.Sign() == 0 {
		return n, true
	}
	if more >= 76 || !n.FitsInPrecision(76-more) {
		return n, false
	}
	return n.Mul(decimal256.GetScaleMultiplier(int(more))), true
}

// compareDecimals is exact, whatever their scales.
func compareDecimals(op string, out []bool, a, b *vec, x, y *decimals) {
	scale := max(x.scale, y.scale)
	if p, ok := x.scaledInts(scale - x.scale); ok {
		if q, ok := y.scaledInts(scale - y.scale); ok {
			compareValues(op, out, p, a.scalar, q, b.scalar)
			return
		}
	}
	for i := range out {
		m, n := x.at(i, a.scalar), y.at(i, b.scalar)
		p, fits := scaled(m, scale-x.scale)
		q, too := scaled(n, scale-y.scale)
		c := p.Cmp(q)
		if !fits || !too {
			c = bigScaled(m, scale-x.scale).Cmp(bigScaled(n, scale-y.scale))
		}
		switch op {
		case "==":
			out[i] = c == 0
		case "!=":
			out[i] = c != 0
		case "<":
			out[i] = c < 0
		case "<=":
			out[i] = c <= 0
		case ">":
			out[i] = c > 0
		case ">=":
			out[i] = c >= 0
		}
	}
}

func bigScaled(n decimal256.Num, more int32) *big.Int {
	power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(more)), nil)
	return power.Mul(power, n.BigInt())
}

// exactly gives sums, differences and products of decimals, and refuses what has
// more digits than their type. done is false where the result has more decimals than
// that, or is no decimal: then floats are computed with.
func (p *program) exactly(e *expr, a, b *vec, n int, valid []bool) (out vec, done bool, err error) {
	x, y, ok := exactPair(a, b)
	if !ok || e.op == "/" || e.op == "%" {
		return out, false, nil
	}
	d := &decimals{scale: max(x.scale, y.scale), wide: x.wide || y.wide}
	moreX, moreY := d.scale-x.scale, d.scale-y.scale
	if e.op == "*" {
		d.scale, moreX, moreY = x.scale+y.scale, 0, 0
	}
	if d.scale > d.digits() || d.scale < -d.digits() {
		return out, false, nil
	}
	out = vec{kind: vecFloat, valid: valid, exact: d}
	if l, ok := x.scaledInts(moreX); ok {
		if r, ok := y.scaledInts(moreY); ok {
			if v, err := p.integers(e, spread(l, a.scalar, n), spread(r, b.scalar, n), vec{valid: valid}); err == nil {
				d.ints = v.ints
				return out, true, nil
			} // an int64 does not hold them all
		}
	}
	d.nums = make([]decimal256.Num, n)
	for i := range d.nums {
		if valid != nil && !valid[i] {
			continue
		}
		l, r := x.at(i, a.scalar), y.at(i, b.scalar)
		if d.nums[i], ok = combined(e.op, l, r, moreX, moreY); !ok || !d.nums[i].FitsInPrecision(d.digits()) {
			return out, true, p.fail(e, "%s %s %s does not fit %d digits: float(…) rounds it", decimalText(l.BigInt(), x.scale), e.op, decimalText(r.BigInt(), y.scale), d.digits())
		}
	}
	return out, true, nil
}

// combined is one sum, difference or product; ok is false when 256 bits do not hold
// it.
func combined(op string, l, r decimal256.Num, moreL, moreR int32) (_ decimal256.Num, ok bool) {
	if op == "*" {
		if l.FitsInPrecision(38) && r.FitsInPrecision(38) {
			return l.Mul(r), true
		}
		product := new(big.Int).Mul(l.BigInt(), r.BigInt())
		if product.BitLen() > 254 {
			return l, false
		}
		return decimal256.FromBigInt(product), true
	}
	l, fits := scaled(l, moreL)
	r, too := scaled(r, moreR)
	if op == "-" {
		r = r.Negate()
	}
	return l.Add(r), fits && too // of 76 digits each: 256 bits hold the sum
}

// negated is minus the values.
func (d *decimals) negated() *decimals {
	out := &decimals{scale: d.scale, wide: d.wide}
	if d.nums == nil && !slices.Contains(d.ints, math.MinInt64) {
		out.ints = make([]int64, len(d.ints))
		for i, n := range d.ints {
			out.ints[i] = -n
		}
		return out
	}
	out.nums = make([]decimal256.Num, d.len())
	for i := range out.nums {
		out.nums[i] = d.at(i, false).Negate()
	}
	return out
}

// decimalArray puts the blocks of a result of decimals together, nil where one block
// is none or has another scale.
func decimalArray(mem memory.Allocator, parts []vec, n int) arrow.Array {
	var first *decimals
	for i := range parts {
		switch d := parts[i].exact; {
		case parts[i].kind == vecNull:
		case d == nil, first != nil && (d.scale != first.scale || d.wide != first.wide):
			return nil
		default:
			first = d
		}
	}
	if first == nil {
		return nil
	}
	at := func(i int) decimal256.Num {
		if v := &parts[i/blockRows]; v.kind != vecNull {
			return v.exact.at(i%blockRows, v.scalar)
		}
		return decimal256.Num{}
	}
	if first.wide {
		b := array.NewDecimal256Builder(mem, &arrow.Decimal256Type{Precision: 76, Scale: first.scale})
		defer b.Release()
		b.Reserve(n)
		for i := range n {
			b.UnsafeAppend(at(i))
		}
		return b.NewArray()
	}
	b := array.NewDecimal128Builder(mem, &arrow.Decimal128Type{Precision: 38, Scale: first.scale})
	defer b.Release()
	b.Reserve(n)
	for i := range n {
		limbs := at(i).Array() // 38 digits fit the lower two
		b.UnsafeAppend(decimal128.New(int64(limbs[1]), limbs[0]))
	}
	return b.NewArray()
}
