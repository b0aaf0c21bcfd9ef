package dataset

import (
	"bytes"
	"fmt"
	"math"
)

// forest builds trees of the flat messages file, in which a message names its
// parent and may stand before it. It needs all messages of a file.
type forest struct {
	byID map[string]*message
	all  []*message
}

// add takes one line.
func (f *forest) add(o *object, line int64) error {
	m := &message{rank: math.NaN(), line: line, source: bytes.Clone(o.line)}
	if err := o.members(func() error { return m.field(o, 0) }); err != nil {
		return err
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
// row is told to lost: messages without an answer, whose parent is missing, that
// are their own ancestors, or that nest too deep.
func (f *forest) rows(add func(Row), lost func(*message, error)) {
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
		m.count()
		walk := treeWalk{each: true, lost: lost, add: func(r Row) { r.Line = m.line; add(r) }, extra: f.extra}
		walk.rows(m, nil)
	}
	for _, m := range f.all {
		switch {
		case reached[m]:
		case f.byID[m.parent] == nil:
			lost(m, excluded("its parent %q is not in the file", m.parent))
		default:
			lost(m, excluded("it hangs on no tree: a message above it has no parent in the file, is its own ancestor, or is %d replies deep", maxDepth))
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

// extra is a row's Extra: what else its messages have.
func (f *forest) extra(messages []string) string { return (&object{}).restWith("messages", messages) }
