package arrowio

import (
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// Concat puts the rows of tables below each other. All must have the columns of
// the first, in any order, of the same types; a column that is all null fits any.
func Concat(tables ...*Table) (_ *Table, err error) {
	if len(tables) == 0 {
		return nil, fmt.Errorf("arrowio: concat: no table")
	}
	first, end := tables[0].begin("concat", tables[0].NumCols(), &err)
	defer end()
	rows := 0
	for i, t := range tables {
		if t.released.Load() {
			return nil, ErrReleased
		}
		if t.NumCols() != first.NumCols() {
			return nil, fmt.Errorf("arrowio: concat: table %d has %d columns, the first %d", i, t.NumCols(), first.NumCols())
		}
		rows += t.NumRows()
	}
	fields := first.Schema().Fields()
	cols := make([]arrow.Array, 0, len(fields))
	defer func() { releaseAll(cols) }()
	for i := range fields {
		first.work.check()
		col, err := concatColumn(first, tables, fields[i].Name)
		if err != nil {
			return nil, fmt.Errorf("arrowio: concat: %w", err)
		}
		fields[i].Type = col.DataType()
		cols = append(cols, col)
		first.work.add(1)
	}
	out := tableOf(first.mem, fields, cols, rows)
	cols = nil
	return out, nil
}

func concatColumn(first *Table, tables []*Table, name string) (arrow.Array, error) {
	chunks := make([]arrow.Array, len(tables))
	for i, t := range tables {
		var err error
		if chunks[i], err = t.Column(name); err != nil {
			return nil, fmt.Errorf("table %d: %w", i, err)
		}
	}
	col, err := concatLike(first.work, first.mem, chunks)
	if err != nil {
		return nil, fmt.Errorf("column %q: %w", name, err)
	}
	return col, nil
}

// concatLike joins chunks of one type, of texts with offsets of either width, or
// of nothing but null.
func concatLike(w *work, mem memory.Allocator, chunks []arrow.Array) (arrow.Array, error) {
	dt := chunks[0].DataType()
	for _, c := range chunks {
		switch {
		case dt.ID() == arrow.NULL || dt.ID() == arrow.STRING && c.DataType().ID() == arrow.LARGE_STRING:
			dt = c.DataType()
		case c.DataType().ID() == arrow.NULL || dt.ID() == arrow.LARGE_STRING && c.DataType().ID() == arrow.STRING:
		case !arrow.TypeEqual(dt, c.DataType()):
			return nil, fmt.Errorf("type %s after %s", typeName(c.DataType()), typeName(dt))
		}
	}
	alike := make([]arrow.Array, len(chunks))
	defer func() { releaseAll(alike) }()
	for i, c := range chunks {
		switch {
		case c.DataType().ID() == arrow.NULL && dt.ID() != arrow.NULL:
			alike[i] = array.MakeArrayOfNull(mem, dt, c.Len())
		case c.DataType().ID() == arrow.STRING && dt.ID() == arrow.LARGE_STRING:
			alike[i] = widenString(mem, c.(*array.String))
		default:
			c.Retain()
			alike[i] = c
		}
	}
	return concatenate(w, mem, dt, alike)
}

// concatenate joins the chunks of a column of type dt, which may be none.
// Strings that together pass the reach of 32-bit offsets get 64-bit ones.
func concatenate(w *work, mem memory.Allocator, dt arrow.DataType, chunks []arrow.Array) (arrow.Array, error) {
	switch len(chunks) {
	case 0:
		b := array.NewBuilder(mem, dt)
		defer b.Release()
		return b.NewArray(), nil
	case 1:
		chunks[0].Retain()
		return chunks[0], nil
	}
	if dt.ID() == arrow.DICTIONARY {
		return concatDictionaries(w, mem, dt.(*arrow.DictionaryType), chunks)
	}
	if dt.ID() == arrow.STRING {
		total := 0
		for _, c := range chunks {
			total += len(c.(*array.String).ValueBytes())
		}
		if !fitsInt32(total) {
			wide := make([]arrow.Array, len(chunks))
			for i, c := range chunks {
				wide[i] = widenString(mem, c.(*array.String))
			}
			defer releaseAll(wide)
			return array.Concatenate(wide, mem)
		}
	}
	return array.Concatenate(chunks, mem)
}

// widenString gives the same text with 64-bit offsets, sharing the bytes.
func widenString(mem memory.Allocator, a *array.String) arrow.Array {
	buf, offsets := newFixed[int64](mem, a.Len()+1)
	defer buf.Release()
	for i, o := range a.ValueOffsets() {
		offsets[i] = int64(o)
	}
	validity := a.Data().Buffers()[0]
	if a.Data().Offset() != 0 && validity != nil {
		validity = shiftBitmap(mem, validity.Bytes(), a.Data().Offset(), a.Len())
		defer validity.Release()
	}
	data := array.NewData(arrow.BinaryTypes.LargeString, a.Len(),
		[]*memory.Buffer{validity, buf, a.Data().Buffers()[2]}, nil, a.NullN(), 0)
	defer data.Release()
	return array.MakeFromData(data)
}

// concatDictionaries joins chunks whose dictionaries may differ. That of v17
// mixes the words up where there are nulls.
func concatDictionaries(w *work, mem memory.Allocator, dt *arrow.DictionaryType, chunks []arrow.Array) (arrow.Array, error) {
	n := 0
	same := true
	first := chunks[0].(*array.Dictionary).Dictionary()
	words := make([]arrow.Array, len(chunks))
	for i, c := range chunks {
		n += c.Len()
		words[i] = c.(*array.Dictionary).Dictionary()
		same = same && (words[i].Data() == first.Data() || array.Equal(first, words[i]))
	}
	if same {
		return array.Concatenate(chunks, mem)
	}
	codes, _, err := dictionaryCodes(w, chunks, n)
	if err != nil {
		return nil, err
	}
	all, err := concatLike(w, mem, words)
	if err != nil {
		return nil, err
	}
	defer all.Release()
	numbered, err := groupRows(w, [][]arrow.Array{words}, all.Len())
	if err != nil {
		return nil, err
	}
	union, err := take(w, mem, all, numbered.firsts, false)
	if err != nil {
		return nil, err
	}
	defer union.Release()
	width := dt.IndexType.(arrow.FixedWidthDataType)
	if limit := uint64(1) << (width.BitWidth() - 1); uint64(len(numbered.firsts)) > limit {
		width = arrow.PrimitiveTypes.Int32.(arrow.FixedWidthDataType)
	}
	index := newBuffer(mem, n*width.Bytes())
	for i, c := range codes {
		putIndex(index.Bytes(), width.Bytes(), i, c)
	}
	out := newDictionary(&arrow.DictionaryType{IndexType: width, ValueType: union.DataType(), Ordered: dt.Ordered}, n,
		[]*memory.Buffer{nil, index}, union, 0)
	valid := make([]bool, 0, n)
	for _, c := range chunks {
		for i := range c.Len() {
			valid = append(valid, !isNull(c, i))
		}
	}
	return withMoreNulls(mem, out, valid), nil
}
