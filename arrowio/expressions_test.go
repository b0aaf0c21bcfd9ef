package arrowio_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
)

// TestRandomExpressions evaluates random expressions over random columns beside a
// slow evaluation of each row, as a new column and, of Booleans, as a filter.
func TestRandomExpressions(t *testing.T) {
	for seed := range uint64(1500) {
		m := newMaker(checked(t), seed)
		n := pick(m, 0, 1, 5, 40)
		if seed%500 == 3 { // more than a block
			n = 40_000
		}
		tbl, leaves := exprTable(t, m, n)
		e := m.term(pick[byte](m, 'b', 'b', 'i', 'f', 's', 't'), 1+m.IntN(4), leaves)
		want := make([]any, n)
		var failed error
		for i := range n {
			v, err := e.of(i)
			want[i], failed = v, errors.Join(failed, err)
		}
		what := fmt.Sprintf("seed %d, %d rows: %s", seed, n, e.text)
		got, err := tbl.WithColumn("new", e.text)
		if failed != nil {
			if err == nil {
				t.Errorf("%s: no error, want %v", what, failed)
				got.Release()
			}
			continue
		}
		if err != nil {
			if !strings.Contains(err.Error(), "64 bits") { // of literals alone, where no row has it
				t.Errorf("%s: %v", what, err)
			}
			continue
		}
		if col, _ := got.Column("new"); col.DataType().ID() != arrow.NULL {
			wantValues(t, what, got, "new", want, nil)
		}
		got.Release()
		if e.kind != 'b' {
			continue
		}
		kept, err := must(t)(tbl.WithValues("row", upTo(n))).Filter(e.text)
		if err != nil {
			t.Errorf("%s: filter: %v", what, err)
			continue
		}
		rows := []int{}
		for i, v := range want {
			if v == true {
				rows = append(rows, i)
			}
		}
		wantValues(t, what+": filter", kept, "row", anys(n), rows)
		kept.Release()
	}
}
