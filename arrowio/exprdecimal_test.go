package arrowio_test

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/decimal256"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"divvy/arrowio"
)

// decimalTable is a column x of decimals, n of integers and f of floats.
func decimalTable(t *testing.T, dt arrow.DataType, values string) *arrowio.Table {
	t.Helper()
	x, _, err := array.FromJSON(memory.DefaultAllocator, dt, strings.NewReader(values))
	if err != nil {
		t.Fatal(err)
	}
	n, f := make([]int, x.Len()), make([]float64, x.Len())
	for i := range n {
		n[i], f[i] = i, float64(i)/10
	}
	table, err := arrowio.NewTable().Array("x", x).Ints("n", n).Floats("f", f).Build()
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// Prices are what they are written as: 0.3 is 0.3, and cents add up.
func TestDecimalsAreExact(t *testing.T) {
	table := decimalTable(t, &arrow.Decimal128Type{Precision: 10, Scale: 2}, `["0.30", "0.10", null, "0.20", "-1.01", "2.00"]`)
	for expression, rows := range map[string]string{
		"x == 0.3": "[0]", "x <= 0.1": "[1 4]", "x in (0.1, 0.2)": "[1 3]", "x == -1.01": "[4]", "x == 2": "[5]", "x != 0.300": "[1 3 4 5]",
		"0.305 > x": "[0 1 3 4]", "x > 0.295 and x < 0.305": "[0]", "x + 0.1 == 0.4": "[0]", "x - 0.2 == 0": "[3]", "-x > 1": "[4]", "x * 3 == 0.9": "[0]",
		"x * x == 0.09": "[0]", "x + n == 0.3": "[0]", "x == f": "[1]", "x == f + 0.3": "[0]", "x / 2 > 0.9": "[5]", "round(x) == -1": "[4]", "is_null(x)": "[2]",
		"coalesce(x, 7) > 6": "[2]", "x > 1e200": "[]", "x < 123456789012345678901234567890": "[0 1 3 4 5]", "x % 0.2 < 0": "[4]",
	} {
		got, err := table.Filter(expression)
		if err != nil {
			t.Errorf("%s: %v", expression, err)
			continue
		}
		if n, err := got.Ints("n"); err != nil || fmt.Sprint(n) != rows {
			t.Errorf("%s: rows %v, want %s (%v)", expression, n, rows, err)
		}
	}
	for expression, want := range map[string]string{
		"x":       "decimal[38, 2] 0.30 0.10 null 0.20 -1.01 2.00",
		"x * 1.5": "decimal[38, 3] 0.450 0.150 null 0.300 -1.515 3.000",
		"x + n":   "decimal[38, 2] 0.30 1.10 null 3.20 2.99 7.00",
		"x / 2":   "f64 0.15 0.05 null 0.1 -0.505 1",
		"x + f":   "f64 0.3 0.2 null 0.5 -0.61 2.5",
		"-x":      "decimal[38, 2] -0.30 -0.10 null -0.20 1.01 -2.00",
	} {
		got, err := table.WithColumn("y", expression)
		if err != nil {
			t.Errorf("%s: %v", expression, err)
			continue
		}
		text := got.Types()[len(got.Types())-1]
		for i := range got.NumRows() {
			v, _ := got.Value(i, "y")
			if v == nil {
				v = "null"
			}
			if f, ok := v.(float64); ok {
				v = strconv.FormatFloat(f, 'g', 3, 64)
			}
			text += fmt.Sprint(" ", v)
		}
		if text != want {
			t.Errorf("%s: %s, want %s", expression, text, want)
		}
	}
	if f, err := table.Floats("x"); err != nil || f[0] != 0.3 {
		t.Errorf("floats %v, %v", f, err)
	}
	large := decimalTable(t, &arrow.Decimal128Type{Precision: 38, Scale: 2}, `["999999999999999999999999999999999999.99"]`)
	for expression, want := range map[string]string{
		"x + 0.01": "999999999999999999999999999999999999.99 + 0.01 does not fit 38 digits", "x * 10": "does not fit 38 digits", "x * x": "does not fit 38 digits",
	} {
		if got, err := large.WithColumn("y", expression); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v", expression, got, err)
		}
	}
}

// Random decimals beside rational numbers.
func TestRandomDecimals(t *testing.T) {
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 3))
		const rows = 7
		var values [2][]*big.Rat
		b := arrowio.NewTable()
		wide := false
		for c, name := range []string{"x", "y"} {
			digits, scale := 1+r.IntN(38), int32(r.IntN(20)-3)
			is256 := r.IntN(3) == 0
			wide = wide || is256
			narrow, broad := array.NewDecimal128Builder(memory.DefaultAllocator, &arrow.Decimal128Type{Precision: 38, Scale: scale}), array.NewDecimal256Builder(memory.DefaultAllocator, &arrow.Decimal256Type{Precision: 76, Scale: scale})
			for range rows {
				n := new(big.Int)
				for range r.IntN(digits + 1) {
					n.Add(n.Mul(n, big.NewInt(10)), big.NewInt(int64(r.IntN(10))))
				}
				if r.IntN(2) == 0 {
					n.Neg(n)
				}
				narrow.Append(decimal128.FromBigInt(n))
				broad.Append(decimal256.FromBigInt(n))
				v, ok := new(big.Rat).SetString(fmt.Sprintf("%se%d", n, -scale))
				if !ok {
					t.Fatal(n, scale)
				}
				values[c] = append(values[c], v)
			}
			if is256 {
				b.Array(name, broad.NewArray())
			} else {
				b.Array(name, narrow.NewArray())
			}
		}
		table, err := b.Build()
		if err != nil {
			t.Fatal(err)
		}
		for op, holds := range map[string]func(c int) bool{
			"<": func(c int) bool { return c < 0 }, "==": func(c int) bool { return c == 0 }, ">=": func(c int) bool { return c >= 0 },
		} {
			got, err := table.WithColumn("z", "x "+op+" y")
			if err != nil {
				t.Fatal(err)
			}
			for i := range rows {
				if v, err := got.Value(i, "z"); err != nil || v != holds(values[0][i].Cmp(values[1][i])) {
					t.Errorf("seed %d, row %d: %s %s %s is %v, %v", seed, i, values[0][i], op, values[1][i], v, err)
				}
			}
		}
		for op, of := range map[string]func(z, x, y *big.Rat) *big.Rat{"+": (*big.Rat).Add, "-": (*big.Rat).Sub, "*": (*big.Rat).Mul} {
			got, err := table.WithColumn("z", "x "+op+" y")
			if err != nil && strings.Contains(err.Error(), " digits: ") {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			for i := range rows {
				want := of(new(big.Rat), values[0][i], values[1][i])
				v, err := got.Value(i, "z")
				if z, ok := new(big.Rat).SetString(fmt.Sprint(v)); err != nil || !ok || z.Cmp(want) != 0 {
					t.Errorf("seed %d, row %d: %s %s %s is %v, want %s (%v)", seed, i, values[0][i], op, values[1][i], v, want.FloatString(20), err)
				}
			}
		}
		floats, err := table.Floats("x")
		for i := range rows {
			if want, _ := values[0][i].Float64(); err != nil || floats[i] != want {
				t.Errorf("seed %d, row %d: %s as a float is %v, want %v", seed, i, values[0][i], floats[i], want)
			}
		}
	}
}
