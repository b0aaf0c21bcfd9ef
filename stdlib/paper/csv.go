package paper

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strconv"

	"divvy/arrowio"
)

// record is one row of an embedded file. The files are part of the program, so
// a fault in them is the programmer's and panics; the tests read every cell.
type record struct {
	file   string
	line   int
	fields []string
}

// records reads an embedded file of n columns without its header.
func records(file string, content []byte, n int) []record {
	r := csv.NewReader(bytes.NewReader(content))
	r.FieldsPerRecord = n
	rows, err := r.ReadAll()
	if err != nil {
		panic(fmt.Sprintf("paper: embedded %s: %v", file, err))
	}
	out := make([]record, 0, len(rows))
	for i, fields := range rows[1:] {
		out = append(out, record{file, i + 2, fields})
	}
	return out
}

func (r record) text(i int) string { return r.fields[i] }

func (r record) int(i int) int {
	v, err := strconv.Atoi(r.fields[i])
	r.check(i, err)
	return v
}

func (r record) float(i int) float64 {
	v, err := strconv.ParseFloat(r.fields[i], 64)
	r.check(i, err)
	return v
}

func (r record) bool(i int) bool {
	v, err := strconv.ParseBool(r.fields[i])
	r.check(i, err)
	return v
}

func (r record) check(i int, err error) {
	if err != nil {
		panic(fmt.Sprintf("paper: embedded %s line %d column %d: %v", r.file, r.line, i+1, err))
	}
}

// built gives the table of columns that are of equal length by construction.
func built(b *arrowio.Builder) *arrowio.Table {
	t, err := b.Build()
	if err != nil {
		panic("paper: " + err.Error())
	}
	return t
}
