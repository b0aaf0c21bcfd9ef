package arrowio

import (
	"fmt"
	"math"
	"math/bits"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// Sort orders the rows by columns, the first the most significant; a name with
// a minus before it sorts from the greatest down:
//
//	t.Sort("source", "-reward")
//
// Rows that are equal in all of them keep their order. Texts are ordered by
// their bytes (which is by code points), false comes before true, NaN after
// every number, and null last in either direction.
func (t *Table) Sort(by ...string) (_ *Table, err error) {
	t, end := t.begin("sort", len(by)+t.NumCols(), &err)
	defer end()
	rows, err := t.sortedRows(by)
	if err != nil {
		return nil, err
	}
	return t.takeRows(rows)
}

// SortedRows gives the numbers of the rows in the order in which Sort puts them.
func (t *Table) SortedRows(by ...string) (_ []int, err error) {
	t, end := t.begin("sort", len(by), &err)
	defer end()
	rows, err := t.sortedRows(by)
	if err != nil {
		return nil, err
	}
	out := make([]int, len(rows))
	for i, r := range rows {
		out[i] = int(r)
	}
	return out, nil
}

// Top keeps the n first rows of the order that Sort would give.
func (t *Table) Top(n int, by ...string) (_ *Table, err error) {
	t, end := t.begin("sort", len(by)+t.NumCols(), &err)
	defer end()
	rows, err := t.sortedRows(by)
	if err != nil {
		return nil, err
	}
	return t.takeRows(rows[:min(max(n, 0), len(rows))])
}

// A sortKey is one column's codes, least 0.
type sortKey struct {
	codes []uint64
	width int // bits
}

func (t *Table) sortedRows(by []string) ([]int32, error) {
	w := t.work
	n := t.NumRows()
	if n > math.MaxInt32 {
		return nil, fmt.Errorf("arrowio: sort: %d rows are more than %d", n, math.MaxInt32)
	}
	if len(by) == 0 {
		return nil, fmt.Errorf("arrowio: sort: by which column?")
	}
	var keys []sortKey
	for _, name := range by {
		descending := false
		if !t.Has(name) {
			if rest, ok := strings.CutPrefix(name, "-"); ok {
				name, descending = rest, true
			}
		}
		if column, order, ok := cutLast(name, " "); ok && !t.Has(name) && t.Has(column) && (strings.EqualFold(order, "desc") || strings.EqualFold(order, "asc")) {
			return nil, fmt.Errorf("arrowio: sort: %q sorts from the least up, %q from the greatest down, not %q", column, "-"+column, name)
		}
		col, err := t.Column(name)
		if err != nil {
			return nil, err
		}
		more, err := sortKeys(w, col, descending)
		if err != nil {
			return nil, fmt.Errorf("arrowio: sort: column %q: %w", name, err)
		}
		keys = append(keys, more...)
		w.add(1)
	}
	if n == 0 {
		return nil, nil
	}
	// From the last key to the first, as many at once as fit 64 bits.
	var rows []int32
	for end := len(keys); end > 0; {
		begin, width := end, 0
		for begin > 0 && width+keys[begin-1].width <= 64 {
			begin--
			width += keys[begin].width
		}
		rows = sortByCode(w, packCodes(w, keys[begin:end], rows, n), rows)
		end = begin
	}
	return rows, nil
}

// packCodes joins keys to one code for each of the rows.
func packCodes(w *work, keys []sortKey, rows []int32, n int) []uint64 {
	if len(keys) == 1 && rows == nil {
		return keys[0].codes
	}
	codes := make([]uint64, n)
	blocks(w, n, func(from, to int) {
		for i := from; i < to; i++ {
			row := i
			if rows != nil {
				row = int(rows[i])
			}
			var c uint64
			for _, k := range keys {
				c = c<<k.width | k.codes[row]
			}
			codes[i] = c
		}
	})
	return codes
}

// sortKeys gives the codes of a column, nulls last.
func sortKeys(w *work, col arrow.Array, descending bool) ([]sortKey, error) {
	n := col.Len()
	if d, ok := col.(*array.Dictionary); ok && !areTexts(keyClass(d.DataType())) {
		values, err := spelledOut(w, memory.DefaultAllocator, d)
		if err != nil {
			return nil, err
		}
		return sortKeys(w, values, descending)
	}
	codes := make([]uint64, n)
	if !fillCodes(w, codes, col, descending) {
		if err := textCodes(w, codes, col, descending); err != nil {
			return nil, err
		}
	}
	if n == 0 {
		return nil, nil
	}
	if col.NullN() == n {
		return []sortKey{{make([]uint64, n), 0}}, nil
	}
	if col.NullN() > 0 { // what stands at nulls must not widen the range
		for i := range codes {
			if !isNull(col, i) {
				some := codes[i]
				for j := range codes {
					if isNull(col, j) {
						codes[j] = some
					}
				}
				break
			}
		}
	}
	low, span := codeRange(w, codes)
	blocks(w, n, func(from, to int) {
		for i := from; i < to; i++ {
			codes[i] -= low
		}
	})
	if col.NullN() == 0 {
		return []sortKey{{codes, bits.Len64(span)}}, nil
	}
	if span < math.MaxUint64 {
		setNulls(w, codes, col, span+1)
		return []sortKey{{codes, bits.Len64(span + 1)}}, nil
	}
	apart := make([]uint64, n)
	setNulls(w, apart, col, 1)
	return []sortKey{{apart, 1}, {codes, 64}}, nil
}

func setNulls(w *work, codes []uint64, col arrow.Array, code uint64) {
	blocks(w, len(codes), func(from, to int) {
		for i := from; i < to; i++ {
			if isNull(col, i) {
				codes[i] = code
			}
		}
	})
}

// textCodes gives the rank of each text among the different ones.
func textCodes(w *work, codes []uint64, col arrow.Array, descending bool) error {
	if class := keyClass(col.DataType()); !areTexts(class) {
		return fmt.Errorf("no order is known for type %s", typeName(col.DataType()))
	}
	g, err := groupRows(w, [][]arrow.Array{{col}}, col.Len())
	if err != nil {
		return err
	}
	texts := newTexts(w, []arrow.Array{col})
	rank := make([]uint64, len(g.firsts))
	order := sortTexts(w, texts, g.firsts, 0)
	for r, row := range order {
		rank[g.ids[row]] = uint64(r)
	}
	if descending {
		for i := range rank {
			rank[i] = uint64(len(rank)-1) - rank[i]
		}
	}
	blocks(w, len(codes), func(from, to int) {
		for i := from; i < to; i++ {
			codes[i] = rank[g.ids[i]]
		}
	})
	return nil
}

// cutLast cuts text around the last sep.
func cutLast(text, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(text, sep); i >= 0 {
		return text[:i], text[i+len(sep):], true
	}
	return text, "", false
}
