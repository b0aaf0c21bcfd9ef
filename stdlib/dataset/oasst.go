package dataset

import (
	"fmt"
	"math"
	"slices"
)

// message is a node of an OpenAssistant conversation tree.
type message struct {
	id, parent, text, role string
	rank                   float64 // 0 is best; NaN when nobody ranked it
	replies                []*message
	extra                  string
	line                   int64
}

// parseTree reads a line of OpenAssistant's trees file: {"message_tree_id": …,
// "prompt": {message with replies}}. Each message of the prompter that has
// replies gives a row.
func parseTree(o *object, add func(Row)) error {
	var root *message
	for {
		more, err := o.next()
		if err != nil {
			return err
		}
		if !more {
			break
		}
		switch o.key {
		case "prompt":
			root, err = parseMessage(o, 0)
		default:
			err = o.keep()
		}
		if err != nil {
			return err
		}
	}
	if err := o.require("prompt"); err != nil {
		return err
	}
	extra := o.rest()
	if treeRows(root, nil, func(r Row) { r.Extra = extra; add(r) }) == 0 {
		return excluded("no message of the prompter has a reply")
	}
	return nil
}

// maxDepth bounds the replies to replies: a longer chain is no conversation but
// an attempt to exhaust the stack.
const maxDepth = 1000

// parseMessage reads a message and its replies.
func parseMessage(o *object, depth int) (*message, error) {
	if depth > maxDepth {
		return nil, fault(o.offset(), fmt.Errorf("replies nest deeper than %d", maxDepth))
	}
	if err := o.enter('{', "a message"); err != nil {
		return nil, err
	}
	m := &message{rank: math.NaN()}
	for {
		more, err := o.next()
		if err != nil {
			return nil, err
		}
		if !more {
			return m, m.check(o)
		}
		if err := m.field(o, depth); err != nil {
			return nil, err
		}
	}
}

// field reads the field at hand.
func (m *message) field(o *object, depth int) error {
	switch o.key {
	case "message_id":
		return o.text(&m.id)
	case "parent_id":
		if o.null() {
			return nil
		}
		return o.text(&m.parent)
	case "text":
		return o.text(&m.text)
	case "role":
		return o.text(&m.role)
	case "rank":
		return o.score(&m.rank)
	case "replies":
		return o.array(func() error {
			reply, err := parseMessage(o, depth+1)
			m.replies = append(m.replies, reply)
			return err
		})
	}
	_, err := o.raw()
	return err
}

func (m *message) check(o *object) error {
	if m.role != "prompter" && m.role != "assistant" {
		return fault(int(o.dec.InputOffset())-1, fmt.Errorf("a message of role %q", m.role))
	}
	return nil
}

// treeRows adds the rows of a message and all below it, and gives their number.
func treeRows(m *message, path []string, add func(Row)) (n int) {
	path = append(slices.Clip(path), "<|"+m.role+"|>"+m.text)
	if m.role == "prompter" {
		if row, ok := m.row(path); ok {
			add(row)
			n++
		}
	}
	for _, reply := range m.replies {
		n += treeRows(reply, path, add)
	}
	return n
}

// row is the assistant's replies to m, best rank first, those that nobody ranked
// last; the reward is minus the rank.
func (m *message) row(path []string) (Row, bool) {
	var replies []*message
	ranked := false
	for _, r := range m.replies {
		if r.role == "assistant" {
			replies = append(replies, r)
			ranked = ranked || !math.IsNaN(r.rank)
		}
	}
	slices.SortStableFunc(replies, func(a, b *message) int {
		switch {
		case a.rank < b.rank, !math.IsNaN(a.rank) && math.IsNaN(b.rank):
			return -1
		case a.rank > b.rank, math.IsNaN(a.rank) && !math.IsNaN(b.rank):
			return 1
		}
		return 0
	})
	row := Row{Prefix: append(slices.Clip(path), AssistantMark)}
	for _, r := range replies {
		row.Responses = append(row.Responses, r.text)
		if ranked {
			row.Rewards = append(row.Rewards, 0-r.rank)
		}
	}
	return row, len(replies) > 0
}

// forest builds trees of the flat messages file, in which a message names its
// parent and may stand before it. It needs all messages of a file.
type forest struct {
	byID map[string]*message
	all  []*message
}

// add takes one line.
func (f *forest) add(o *object, line int64) error {
	m := &message{rank: math.NaN(), line: line}
	for {
		more, err := o.next()
		if err != nil {
			return err
		}
		if !more {
			break
		}
		if err := m.field(o, 0); err != nil {
			return err
		}
	}
	if err := o.require("message_id", "text", "role"); err != nil {
		return err
	}
	if err := m.check(o); err != nil {
		return err
	}
	if f.byID[m.id] != nil {
		return o.at("message_id", fmt.Errorf("the message %q is on line %d too", m.id, f.byID[m.id].line))
	}
	if f.byID == nil {
		f.byID = map[string]*message{}
	}
	f.byID[m.id] = m
	f.all = append(f.all, m)
	return nil
}

// rows adds the rows of all trees, in the order of their roots. What gives no
// row is told to orphan: messages whose parent is missing, that are their own
// ancestors, or that nest too deep, and trees without a reply.
func (f *forest) rows(add func(Row), orphan func(*message, error)) {
	for _, m := range f.all {
		if parent := f.byID[m.parent]; m.parent != "" && parent != nil {
			parent.replies = append(parent.replies, m)
		}
	}
	reached := map[*message]bool{}
	for _, m := range f.all {
		if m.parent != "" {
			continue
		}
		f.cut(m, reached)
		if treeRows(m, nil, func(r Row) { r.Line = m.line; add(r) }) == 0 {
			orphan(m, excluded("no message of the prompter has a reply"))
		}
	}
	for _, m := range f.all {
		switch {
		case reached[m]:
		case f.byID[m.parent] == nil:
			orphan(m, excluded("its parent %q is not in the file", m.parent))
		default:
			orphan(m, excluded("it hangs on no tree: a message above it has no parent in the file, is its own ancestor, or is %d replies deep", maxDepth))
		}
	}
}

// cut notes the messages of a tree, and cuts off what is deeper than maxDepth.
func (f *forest) cut(root *message, reached map[*message]bool) {
	level := []*message{root}
	for depth := 0; len(level) > 0; depth++ {
		var next []*message
		for _, m := range level {
			reached[m] = true
			if depth == maxDepth {
				m.replies = nil
			}
			next = append(next, m.replies...)
		}
		level = next
	}
}
