package arrowio

import "github.com/apache/arrow/go/v17/arrow"

// mostBuilt is how many rows of the right table a join numbers on one core; of
// more, both tables' rows are numbered together, on all.
const mostBuilt = 1 << 21

// probe numbers the rows of both tables of a join by one key: equal numbers for
// equal keys, noRow for a left key that the right table lacks. Only the right
// keys go into a table, in which the left ones are then looked up on all cores.
// What it gives at null keys is arbitrary. ok is false where numbering both
// together is better.
func probe(w *work, left, right arrow.Array) (leftIDs, rightIDs []int32, groups int, ok bool, err error) {
	n := right.Len()
	if n == 0 || n > mostBuilt {
		return nil, nil, 0, false, nil
	}
	codes, texts, err := keyCodes(w, []arrow.Array{left, right}, left.Len()+n)
	if err != nil {
		return nil, nil, 0, false, err
	}
	own, others := codes[left.Len():], codes[:left.Len()]
	leftIDs, rightIDs = make([]int32, len(others)), make([]int32, n)
	if low, span := codeRange(w, own); texts == nil && span < uint64(max(1<<16, min(8*n, 1<<23))) {
		table := make([]int32, span+1) // number + 1
		for i, c := range own {
			id := &table[c-low]
			if *id == 0 {
				groups++
				*id = int32(groups)
			}
			rightIDs[i] = *id - 1
		}
		blocks(w, len(others), func(from, to int) {
			for i, c := range others[from:to] {
				id := int32(noRow)
				if at := c - low; at <= span {
					id = table[at] - 1
				}
				leftIDs[from+i] = id
			}
		})
		return leftIDs, rightIDs, groups, true, nil
	}
	table := newCodeTable(n, 0, texts)
	for i, c := range own {
		rightIDs[i] = table.number(c, int32(left.Len()+i))
	}
	var keys []string // of the table's numbers
	if texts != nil {
		keys = make([]string, len(table.firsts))
		for id, row := range table.firsts {
			keys[id] = texts.at(row)
		}
	}
	blocks(w, len(others), func(from, to int) {
		if texts == nil {
			for i := from; i < to; i++ {
				leftIDs[i] = table.find(others[i])
			}
			return
		}
		for i := from; i < to; i++ {
			leftIDs[i] = table.findText(others[i], texts.at(int32(i)), keys)
		}
	})
	return leftIDs, rightIDs, len(table.firsts), true, nil
}

// find gives the number of a code, or noRow.
func (t *codeTable) find(code uint64) int32 {
	mask := uint64(len(t.slots) - 1)
	for at := mix(code) << t.skip >> t.shift; ; at = (at + 1) & mask {
		if s := &t.slots[at]; s.id == 0 || s.code == code {
			return s.id - 1 // noRow, if there is none
		}
	}
}

// findText gives the number of a text whose hash is code, or noRow. Keys are the
// texts of the numbers.
func (t *codeTable) findText(code uint64, text string, keys []string) int32 {
	mask := uint64(len(t.slots) - 1)
	for at := mix(code) << t.skip >> t.shift; ; at = (at + 1) & mask {
		s := &t.slots[at]
		if s.id == 0 || s.code == code && keys[s.id-1] == text {
			return s.id - 1
		}
	}
}
