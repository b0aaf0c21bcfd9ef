package arrowio

import (
	"fmt"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
)

// Groups are the rows of a table brought together by keys.
type Groups struct {
	table *Table
	by    []string
}

// GroupBy groups rows by the values of columns; null is a value of its own. By
// no column, all rows are one group, even when there is none.
//
//	t.GroupBy("source").Agg(arrowio.Count(), arrowio.Mean("reward"))
func (t *Table) GroupBy(by ...string) *Groups { return &Groups{table: t, by: by} }

// grouping numbers the rows by the columns.
func (t *Table) grouping(by []string) (grouping, error) {
	if t.released.Load() {
		return grouping{}, ErrReleased
	}
	keys := make([][]arrow.Array, len(by))
	for i, name := range by {
		col, err := t.Column(name)
		if err != nil {
			return grouping{}, err
		}
		keys[i] = []arrow.Array{col}
	}
	return groupRows(t.work, keys, t.NumRows())
}

// Agg gives one row a group, in the order in which the groups first appear: the
// keys and then the aggregates.
func (g *Groups) Agg(aggs ...Agg) (_ *Table, err error) {
	t, end := g.table.begin("group", len(g.by)+len(aggs), &err)
	defer end()
	w := t.work
	groups, err := t.grouping(g.by)
	if err != nil {
		return nil, fmt.Errorf("arrowio: group by %q: %w", g.by, err)
	}
	if len(g.by) == 0 && t.NumRows() == 0 { // one group all the same, as in SQL and Polars
		groups.firsts = []int32{noRow}
	}
	b := NewTableIn(t.mem)
	defer b.discard()
	for _, name := range g.by {
		col, _ := t.Column(name)
		key, err := take(w, t.mem, col, groups.firsts, false)
		if err != nil {
			return nil, fmt.Errorf("arrowio: group by %q: %w", name, err)
		}
		b.add(name, key)
		w.add(1)
	}
	results := make([]arrow.Array, len(aggs))
	defer func() { releaseAll(results) }()
	errs := make([]error, len(aggs))
	tasks(w, len(aggs), func(i int) {
		results[i], errs[i] = aggs[i].of(t, groups)
		w.add(1)
	})
	for i, agg := range aggs {
		if errs[i] != nil && b.err == nil {
			b.err = fmt.Errorf("arrowio: %s: %w", agg.name(), errs[i])
		}
	}
	for i, agg := range aggs {
		if results[i] != nil {
			b.add(agg.name(), results[i])
			results[i] = nil
		}
	}
	return b.Build()
}

// Unique keeps the first row of each group of rows that are equal in the named
// columns, or in all when none is named.
func (t *Table) Unique(names ...string) (_ *Table, err error) {
	t, end := t.begin("unique", t.NumCols(), &err)
	defer end()
	if len(names) == 0 {
		names = t.Columns()
	}
	groups, err := t.grouping(names)
	if err != nil {
		return nil, fmt.Errorf("arrowio: unique: %w", err)
	}
	return t.takeRows(groups.firsts)
}

// ValueCounts counts the rows of each value of a column, the most frequent first.
func (t *Table) ValueCounts(name string) (*Table, error) {
	count := unusedName("count", map[string]bool{name: true})
	counts, err := t.GroupBy(name).Agg(Count().Named(count))
	if err != nil {
		return nil, err
	}
	defer counts.Release()
	return counts.Sort("-" + count)
}

// Pivot gives one row for each value of the index column and one column for each
// value of another, with an aggregate of the rows that have both; null where
// there are none. Rows and columns stand in the order in which they first appear.
//
//	t.Pivot("n", "ranking", arrowio.Mean("reward"))
func (t *Table) Pivot(index, columns string, agg Agg) (_ *Table, err error) {
	t, end := t.begin("pivot", 0, &err)
	defer end()
	w := t.work
	fail := func(err error) (*Table, error) {
		return nil, fmt.Errorf("arrowio: pivot %q by %q: %w", index, columns, err)
	}
	long, err := t.GroupBy(index, columns).Agg(agg)
	if err != nil {
		return fail(err)
	}
	defer long.Release()
	rows, err := long.grouping([]string{index})
	if err != nil {
		return fail(err)
	}
	wide, err := long.grouping([]string{columns})
	if err != nil {
		return fail(err)
	}
	const most = 10_000
	if len(wide.firsts) > most {
		return fail(fmt.Errorf("%d values would be as many columns, more than %d", len(wide.firsts), most))
	}
	places := make([][]int32, len(wide.firsts))
	for k := range places {
		places[k] = make([]int32, len(rows.firsts))
		for i := range places[k] {
			places[k][i] = noRow
		}
	}
	for i := range long.NumRows() {
		places[wide.ids[i]][rows.ids[i]] = int32(i)
	}
	b := NewTableIn(t.mem)
	defer b.discard()
	add := func(name string, col arrow.Array, rows []int32) {
		if a, err := take(w, t.mem, col, rows, true); err != nil && b.err == nil {
			b.err = err
		} else if err == nil {
			b.add(name, a)
		}
	}
	indexCol, _ := long.Column(index)
	add(index, indexCol, rows.firsts)
	names, values := long.rec.Column(1), long.rec.Column(2)
	taken := map[string]bool{index: true}
	for k, row := range wide.firsts {
		name := "null"
		if !isNull(names, int(row)) {
			name = valueText(names, int(row))
		}
		name = unusedName(name, taken)
		taken[name] = true
		add(name, values, places[k])
	}
	return b.Build()
}

// Describe gives one row for each column: how many values and nulls, how many
// different values, and of numbers mean, standard deviation, least, quartiles
// and greatest. Where there are columns that have an order and are no numbers,
// texts, dates and times among them, least and greatest are their ends, as text
// (Polars and DuckDB give these as texts too).
func (t *Table) Describe() (_ *Table, err error) {
	t, end := t.begin("describe", t.NumCols(), &err)
	defer end()
	if t.released.Load() {
		return nil, ErrReleased
	}
	n := t.NumCols()
	counts, nulls, unique := make([]int, n), make([]int, n), make([]int, n)
	known, isNum := make([]bool, n), make([]bool, n)
	stats := []func(string) Agg{Mean, Std, Min, lowerQuartile, Median, upperQuartile, Max}
	names := []string{"mean", "std", "min", "q25", "median", "q75", "max"}
	values := make([][]float64, len(stats))
	valid := make([][]bool, len(stats))
	for k := range stats {
		values[k], valid[k] = make([]float64, n), make([]bool, n)
	}
	ends, haveEnds, anyEnds := [2][]string{make([]string, n), make([]string, n)}, make([]bool, n), false
	for i, name := range t.Columns() {
		col := t.rec.Column(i)
		nulls[i] = col.NullN()
		counts[i] = col.Len() - nulls[i]
		if keyClass(col.DataType()) != "" {
			g, err := t.grouping([]string{name})
			if err != nil {
				return nil, fmt.Errorf("arrowio: describe column %q: %w", name, err)
			}
			unique[i], known[i] = len(g.firsts), true
			if nulls[i] > 0 {
				unique[i]--
			}
		}
		t.work.add(1)
		isNum[i] = isNumber(col.DataType()) && counts[i] > 0
		if hasEnds(col.DataType()) {
			anyEnds = true
			if haveEnds[i] = counts[i] > 0; !haveEnds[i] {
				continue
			}
			row, err := t.GroupBy().Agg(Min(name).Named("least"), Max(name).Named("greatest"))
			if err != nil {
				return nil, fmt.Errorf("arrowio: describe column %q: %w", name, err)
			}
			ends[0][i], ends[1][i] = strings.Clone(valueText(row.rec.Column(0), 0)), strings.Clone(valueText(row.rec.Column(1), 0))
			row.Release()
		}
		if !isNum[i] {
			continue
		}
		aggs := make([]Agg, len(stats))
		for k, stat := range stats {
			aggs[k] = stat(name).Named(names[k])
		}
		row, err := t.GroupBy().Agg(aggs...)
		if err != nil {
			return nil, fmt.Errorf("arrowio: describe column %q: %w", name, err)
		}
		for k := range stats {
			if v, ok := floatValues(row.rec.Column(k)); ok && !isNull(row.rec.Column(k), 0) {
				values[k][i], valid[k][i] = v[0], true
			}
		}
		row.Release()
	}
	b := NewTableIn(t.mem).Strings("column", t.Columns()).Strings("type", t.Types()).
		Ints("count", counts).Ints("nulls", nulls).Ints("unique", unique).Valid(known)
	for k, name := range names {
		b.Floats(name, values[k]).Valid(valid[k])
	}
	if anyEnds {
		b.Strings("least", ends[0]).Valid(haveEnds).Strings("greatest", ends[1]).Valid(haveEnds)
	}
	return b.Build()
}

// hasEnds tells whether a type has a least and a greatest value that are no numbers.
func hasEnds(dt arrow.DataType) bool {
	class := keyClass(dt)
	return class != "" && class != "null" && class != "bytes" && !isNumber(dt)
}

func lowerQuartile(c string) Agg { return Quantile(c, 0.25) }
func upperQuartile(c string) Agg { return Quantile(c, 0.75) }
