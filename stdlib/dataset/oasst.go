package dataset

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// message is a node of an OpenAssistant conversation tree.
type message struct {
	id, parent, text, role string
	rank                   float64 // 0 is best; NaN when nobody ranked it
	replies                []*message
	extra                  []byte // its other fields, without the braces
	line                   int64
	source                 []byte // the message as it stands in the line, and where
	column                 int
	rows                   int // how many rows it and all below it give
}

// parseTree reads a line of OpenAssistant's trees file: {"message_tree_id": …,
// "prompt": {message with replies}}. Each message of the prompter that the
// assistant answered gives a row. A message that is in no row is told to lost,
// unless none is in a row: then the line is excluded. With a lost message goes all
// below it.
func parseTree(o *object, add func(Row), lost func(*message, error)) error {
	var root *message
	if err := o.members(func() (err error) {
		switch o.key {
		case "prompt":
			root, err = parseMessage(o, 0)
		default:
			err = o.keep()
		}
		return err
	}); err != nil {
		return err
	}
	if err := o.require("prompt"); err != nil {
		return err
	}
	key := "messages"
	for o.has(key) {
		key += "_"
	}
	if root.count() == 0 {
		return excluded("no message of the prompter has a reply")
	}
	walk := treeWalk{add: add, lost: lost, extra: func(messages []string) string { return o.restWith(key, messages) }}
	walk.rows(root, nil)
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
	m := &message{rank: math.NaN(), column: int(o.dec.InputOffset())}
	if err := o.members(func() error { return m.field(o, depth) }); err != nil {
		return nil, err
	}
	m.source = o.line[m.column-1 : o.dec.InputOffset()]
	return m, m.check(o)
}

// field reads the field at hand.
func (m *message) field(o *object, depth int) error {
	switch o.key {
	case "message_id":
		if err := o.text(&m.id); err != nil {
			return err
		}
		id, err := jsontext.AppendQuote(nil, m.id)
		if err != nil {
			return err
		}
		return m.keep("message_id", id)
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
	v, err := o.raw()
	if err != nil {
		return err
	}
	return m.keep(o.key, v)
}

// keep keeps a field that makes no row, such as the language or the labels.
func (m *message) keep(key string, value []byte) (err error) {
	if len(m.extra) > 0 {
		m.extra = append(m.extra, ',')
	}
	m.extra, err = jsontext.AppendQuote(m.extra, key)
	m.extra = append(append(m.extra, ':'), value...)
	return err
}

func (m *message) check(o *object) error {
	if m.role != "prompter" && m.role != "assistant" {
		return fault(int(o.dec.InputOffset())-1, fmt.Errorf("a message of role %q", m.role))
	}
	return nil
}

// treeWalk makes the rows of a tree.
type treeWalk struct {
	add   func(Row)
	lost  func(*message, error)          // is told what is in no row
	extra func(messages []string) string // a row's Extra, of its messages' other fields
	// each says that every lost message is told by itself, not with the one above
	// it of which it is a part.
	each bool
}

// rows adds the rows of a message and all below it. path is the turns above it.
func (w *treeWalk) rows(m *message, path []string) {
	answers := len(path) > 0 && strings.HasPrefix(path[len(path)-1], PrompterMark)
	switch {
	case m.rows > 0: // the message is a turn of those rows
	case m.role == "prompter":
		w.lost(m, excluded("the assistant has no reply to the message"))
	case !answers:
		w.lost(m, excluded("the message answers none of the prompter's, and nothing below it does"))
	}
	if m.rows == 0 && (m.role == "prompter" || !answers) && !w.each {
		return
	}
	path = append(slices.Clip(path), "<|"+m.role+"|>"+m.text)
	if m.answered() {
		w.add(m.row(path, w.extra))
	}
	for _, reply := range m.replies {
		w.rows(reply, path)
	}
}

// count sets how many rows a message and all below it will give.
func (m *message) count() int {
	m.rows = 0
	if m.answered() {
		m.rows = 1
	}
	for _, reply := range m.replies {
		m.rows += reply.count()
	}
	return m.rows
}

// answered says whether the assistant replied to the prompter.
func (m *message) answered() bool {
	return m.role == "prompter" && slices.ContainsFunc(m.replies, func(r *message) bool { return r.role == "assistant" })
}

// row is the assistant's replies to m, best rank first, those that nobody ranked
// last; the reward is minus the rank.
func (m *message) row(path []string, extra func([]string) string) Row {
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
	kept := []string{m.others()}
	for _, r := range replies {
		kept = append(kept, r.others())
		row.Responses = append(row.Responses, r.text)
		if ranked {
			row.Rewards = append(row.Rewards, 0-r.rank)
		}
	}
	row.Extra = extra(kept)
	return row
}

// others is the message's other fields as a JSON object, "" for none.
func (m *message) others() string {
	if len(m.extra) == 0 {
		return ""
	}
	return "{" + string(m.extra) + "}"
}
