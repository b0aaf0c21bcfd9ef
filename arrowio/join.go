package arrowio

import (
	"fmt"
	"math"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
)

// JoinOptions say how two tables are joined.
type JoinOptions struct {
	// How is "inner" (the default), "left", "right", "outer", "semi" or "anti".
	How string
	// On are the key columns, which both tables have.
	On []string
	// LeftOn and RightOn are key columns of different names; either On or both
	// of these are given.
	LeftOn, RightOn []string
	// Suffix is put to the names of columns of the right table that the left one
	// has too; by default "_right".
	Suffix string
	// Unique says which table must not have a key twice, lest rows multiply:
	// "", "left", "right" or "both".
	Unique string
}

// Join joins rows with equal keys of two tables:
//
//	t.Join(prices, "left", "id")
//
// inner keeps pairs; left also the rows of the left table without one, with
// nulls for the columns of the right; right the same the other way round; outer
// both; semi the rows of the left table that have a partner, anti those that
// have none, without columns of the right. Null keys have no partner. Rows stand
// in the order of the left table (right: the right one), partners in theirs.
func (t *Table) Join(right *Table, how string, on ...string) (*Table, error) {
	return t.JoinWith(right, JoinOptions{How: how, On: on})
}

// JoinWith is Join with all options.
func (t *Table) JoinWith(right *Table, o JoinOptions) (_ *Table, err error) {
	t, end := t.begin("join", t.NumCols()+right.NumCols(), &err)
	defer end()
	j, err := newJoin(t, right, o)
	if err != nil {
		return nil, fmt.Errorf("arrowio: join: %w", err)
	}
	switch o.How {
	case "semi", "anti":
		return t.takeRows(j.partnered(o.How == "semi"))
	case "right":
		rightRows, leftRows, err := j.swapped().pairs(true, false)
		if err != nil {
			return nil, fmt.Errorf("arrowio: join: %w", err)
		}
		return j.table(leftRows, rightRows)
	}
	leftRows, rightRows, err := j.pairs(o.How == "left" || o.How == "outer", o.How == "outer")
	if err != nil {
		return nil, fmt.Errorf("arrowio: join: %w", err)
	}
	return j.table(leftRows, rightRows)
}

// A join is two tables whose rows are numbered together by their keys.
type join struct {
	work            *work
	left, right     *Table
	leftOn, rightOn []string
	suffix          string
	leftIDs         []int32 // noRow for a null key
	rightIDs        []int32
	groups          int
}

func newJoin(left, right *Table, o JoinOptions) (*join, error) {
	w := left.work
	if !slices.Contains([]string{"", "inner", "left", "right", "outer", "semi", "anti"}, o.How) {
		return nil, fmt.Errorf("%q is none of inner, left, right, outer, semi, anti", o.How)
	}
	j := &join{work: w, left: left, right: right, leftOn: o.LeftOn, rightOn: o.RightOn, suffix: o.Suffix}
	if len(o.On) > 0 {
		if len(o.LeftOn)+len(o.RightOn) > 0 {
			return nil, fmt.Errorf("either On or LeftOn and RightOn, not both")
		}
		j.leftOn, j.rightOn = o.On, o.On
	}
	if len(j.leftOn) == 0 || len(j.leftOn) != len(j.rightOn) {
		return nil, fmt.Errorf("keys %q on the left and %q on the right", j.leftOn, j.rightOn)
	}
	if j.suffix == "" {
		j.suffix = "_right"
	}
	n := left.NumRows() + right.NumRows()
	keys := make([][]arrow.Array, len(j.leftOn))
	for i := range keys {
		a, err := left.Column(j.leftOn[i])
		if err != nil {
			return nil, fmt.Errorf("left table: %w", err)
		}
		b, err := right.Column(j.rightOn[i])
		if err != nil {
			return nil, fmt.Errorf("right table: %w", err)
		}
		keys[i] = []arrow.Array{a, b}
	}
	if err := j.number(w, keys, n); err != nil {
		return nil, fmt.Errorf("keys %q and %q: %w", j.leftOn, j.rightOn, err)
	}
	for _, k := range keys {
		withoutNulls(w, j.leftIDs, k[0])
		withoutNulls(w, j.rightIDs, k[1])
	}
	return j, j.checkUnique(o.Unique)
}

// number numbers the rows of both tables, which are n, by their keys.
func (j *join) number(w *work, keys [][]arrow.Array, n int) (err error) {
	if len(keys) == 1 && n <= math.MaxInt32 {
		var ok bool
		if j.leftIDs, j.rightIDs, j.groups, ok, err = probe(w, keys[0][0], keys[0][1]); ok || err != nil {
			return err
		}
	}
	g, err := groupRows(w, keys, n)
	if err != nil {
		return err
	}
	rows := j.left.NumRows()
	j.leftIDs, j.rightIDs, j.groups = g.ids[:rows], g.ids[rows:], len(g.firsts)
	return nil
}

// withoutNulls takes the number from rows whose key is null.
func withoutNulls(w *work, ids []int32, key arrow.Array) {
	if key.NullN() == 0 {
		return
	}
	blocks(w, len(ids), func(from, to int) {
		for i := from; i < to; i++ {
			if isNull(key, i) {
				ids[i] = noRow
			}
		}
	})
}

func (j *join) checkUnique(which string) error {
	check := func(side string, ids []int32, t *Table, on []string) error {
		seen := make([]int32, j.groups)
		for i, id := range ids {
			if id == noRow {
				continue
			}
			if seen[id] > 0 {
				return fmt.Errorf("the %s table has key %s in rows %d and %d", side, keyText(t, on, i), seen[id]-1, i)
			}
			seen[id] = int32(i) + 1
		}
		return nil
	}
	switch which {
	case "":
		return nil
	case "left", "right", "both":
	default:
		return fmt.Errorf("unique %q is none of left, right, both", which)
	}
	if which != "right" {
		if err := check("left", j.leftIDs, j.left, j.leftOn); err != nil {
			return err
		}
	}
	if which != "left" {
		return check("right", j.rightIDs, j.right, j.rightOn)
	}
	return nil
}

func keyText(t *Table, on []string, row int) string {
	s := ""
	for i, name := range on {
		if i > 0 {
			s += ", "
		}
		col, _ := t.Column(name)
		text, _ := cut(valueText(col, row), 40)
		s += fmt.Sprintf("%s=%q", name, text)
	}
	return s
}

// swapped is the join seen from the other table.
func (j *join) swapped() *join {
	return &join{work: j.work, leftIDs: j.rightIDs, rightIDs: j.leftIDs, groups: j.groups}
}

// partnered lists the left rows that have a partner, or those that have none.
func (j *join) partnered(wanted bool) []int32 {
	has := make([]bool, j.groups)
	for _, id := range j.rightIDs {
		if id != noRow {
			has[id] = true
		}
	}
	var rows []int32
	for i, id := range j.leftIDs {
		if (id != noRow && has[id]) == wanted {
			rows = append(rows, int32(i))
		}
	}
	return rows
}

// pairs lists the rows of the result: pairs in the order of the left table, with
// its lonely rows among them, and then the right table's lonely rows.
func (j *join) pairs(keepLeft, keepRight bool) (left, right []int32, err error) {
	w := j.work
	starts := make([]int32, j.groups+1)
	unique := true
	for _, id := range j.rightIDs {
		if id != noRow {
			starts[id+1]++
			unique = unique && starts[id+1] == 1
		}
	}
	if unique && keepLeft {
		left, right = j.lookUp()
		left, right = j.lonelyRight(keepRight, left, right)
		return left, right, nil
	}
	for i := range j.groups {
		starts[i+1] += starts[i]
	}
	next := slices.Clone(starts)
	byGroup := make([]int32, starts[j.groups])
	for i, id := range j.rightIDs {
		if id != noRow {
			byGroup[next[id]] = int32(i)
			next[id]++
		}
	}
	partners := func(i int) []int32 {
		if id := j.leftIDs[i]; id != noRow {
			return byGroup[starts[id]:starts[id+1]]
		}
		return nil
	}
	lonely := 0
	if keepLeft {
		lonely = 1
	}
	sizes := make([]int, numBlocks(len(j.leftIDs)))
	blocks(w, len(j.leftIDs), func(from, to int) {
		n := 0
		for i := from; i < to; i++ {
			if k := len(partners(i)); k > 0 {
				n += k
			} else {
				n += lonely
			}
		}
		sizes[from/blockRows] = n
	})
	total := prefixSums(sizes)
	if total+len(j.rightIDs) > math.MaxInt32 {
		return nil, nil, fmt.Errorf("the keys match %s pairs of rows: are they unique on one side at least?", thousands(total))
	}
	left, right = make([]int32, total), make([]int32, total)
	blocks(w, len(j.leftIDs), func(from, to int) {
		at := sizes[from/blockRows]
		for i := from; i < to; i++ {
			p := partners(i)
			for _, r := range p {
				left[at], right[at] = int32(i), r
				at++
			}
			if len(p) == 0 && keepLeft {
				left[at], right[at] = int32(i), noRow
				at++
			}
		}
	})
	left, right = j.lonelyRight(keepRight, left, right)
	return left, right, nil
}

// lookUp is pairs where all left rows are kept and no key of the right table
// comes twice: each left row once, with its partner.
func (j *join) lookUp() (left, right []int32) {
	rowOf := make([]int32, j.groups)
	for id := range rowOf {
		rowOf[id] = noRow
	}
	for i, id := range j.rightIDs {
		if id != noRow {
			rowOf[id] = int32(i)
		}
	}
	left, right = make([]int32, len(j.leftIDs)), make([]int32, len(j.leftIDs))
	blocks(j.work, len(left), func(from, to int) {
		for i := from; i < to; i++ {
			left[i], right[i] = int32(i), noRow
			if id := j.leftIDs[i]; id != noRow {
				right[i] = rowOf[id]
			}
		}
	})
	return left, right
}

// lonelyRight adds the right table's rows without a partner, if they are kept.
func (j *join) lonelyRight(kept bool, left, right []int32) (l, r []int32) {
	if !kept {
		return left, right
	}
	has := make([]bool, j.groups)
	for _, id := range j.leftIDs {
		if id != noRow {
			has[id] = true
		}
	}
	for i, id := range j.rightIDs {
		if id == noRow || !has[id] {
			left, right = append(left, noRow), append(right, int32(i))
		}
	}
	return left, right
}

// table puts the columns of both tables beside each other for pairs of rows. Of
// keys with one name there is one column, from whichever table has the row.
func (j *join) table(leftRows, rightRows []int32) (*Table, error) {
	w := j.work
	b := NewTableIn(j.left.mem)
	defer b.discard()
	leftNull, rightNull := slices.Contains(leftRows, noRow), slices.Contains(rightRows, noRow)
	allLeft := isIdentity(leftRows, j.left.NumRows())
	for i, name := range j.left.Columns() {
		if allLeft { // each row once, in order: the columns can be shared
			b.Array(name, j.left.rec.Column(i))
			continue
		}
		col, err := take(w, b.mem, j.left.rec.Column(i), leftRows, leftNull)
		if k := slices.Index(j.leftOn, name); err == nil && leftNull && k >= 0 && j.rightOn[k] == name {
			other, _ := j.right.Column(name)
			col, err = j.mergeKeys(col, other, leftRows, rightRows)
		}
		if err != nil {
			return nil, fmt.Errorf("arrowio: join: column %q: %w", name, err)
		}
		b.add(name, col)
		w.add(1)
	}
	for i, name := range j.right.Columns() {
		if k := slices.Index(j.rightOn, name); k >= 0 && j.leftOn[k] == name {
			continue
		}
		col, err := take(w, b.mem, j.right.rec.Column(i), rightRows, rightNull)
		if err != nil {
			return nil, fmt.Errorf("arrowio: join: column %q: %w", name, err)
		}
		if j.left.Has(name) {
			name += j.suffix
		}
		b.add(name, col)
		w.add(1)
	}
	return b.Build()
}

// mergeKeys fills a key of the left table, where the row has none, from the
// right one. It takes over the reference of key.
func (j *join) mergeKeys(key, other arrow.Array, leftRows, rightRows []int32) (arrow.Array, error) {
	defer key.Release()
	w := j.work
	n := key.Len()
	both, err := concatLike(w, j.left.mem, []arrow.Array{key, other})
	if err != nil {
		return nil, fmt.Errorf("a right or outer join wants one type of key: %w", err)
	}
	defer both.Release()
	rows := make([]int32, n)
	for i, l := range leftRows {
		if rows[i] = int32(i); l == noRow {
			rows[i] = int32(n) + rightRows[i]
		}
	}
	return take(w, j.left.mem, both, rows, false)
}
