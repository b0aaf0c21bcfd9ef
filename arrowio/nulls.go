package arrowio

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// DropNull leaves out the rows in which one of the named columns, or of all
// when none is named, is null.
func (t *Table) DropNull(names ...string) (*Table, error) {
	if len(names) == 0 {
		names = t.Columns()
	}
	keep := make([]bool, t.NumRows())
	for i := range keep {
		keep[i] = true
	}
	for _, name := range names {
		col, err := t.Column(name)
		if err != nil {
			return nil, err
		}
		if col.NullN() > 0 {
			for i := range keep {
				keep[i] = keep[i] && !isNull(col, i)
			}
		}
	}
	return t.FilterMask(keep)
}

// FillNull puts a value (a number, text, Boolean or time.Time) in the place of a
// column's nulls. The column then is of type i64, f64, str, bool or datetime:
// what an expression gives.
func (t *Table) FillNull(name string, value any) (*Table, error) {
	var literal string
	switch v := reflect.ValueOf(value); v.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		literal = strconv.FormatInt(v.Int(), 10)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32:
		literal = strconv.FormatUint(v.Uint(), 10)
	case reflect.Float32, reflect.Float64:
		if !isFinite(v.Float()) {
			return nil, fmt.Errorf("arrowio: fill nulls of %q: %v is not a finite number", name, value)
		}
		literal = string(appendFloat(nil, v.Float(), 64))
	case reflect.Bool:
		literal = strconv.FormatBool(v.Bool())
	case reflect.String:
		literal = "'" + strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(v.String()) + "'"
	default:
		at, ok := value.(time.Time)
		if !ok {
			return nil, fmt.Errorf("arrowio: fill nulls of %q: no column holds a %T", name, value)
		}
		literal = "time('" + at.UTC().Format(time.RFC3339Nano) + "')"
	}
	filled, err := t.WithColumn(name, "coalesce("+quoteColumn(name)+", "+literal+")")
	if err != nil {
		return nil, fmt.Errorf("arrowio: fill nulls of %q: %w", name, err)
	}
	return filled, nil
}

// quoteColumn writes a column's name as an expression has it.
func quoteColumn(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }
