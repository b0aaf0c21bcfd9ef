package dataset

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

const tree = `{"message_tree_id": "t", "prompt": {"message_id": "t", "text": "Q", "role": "prompter", "replies": [` +
	`{"message_id": "b", "text": "B", "role": "assistant", "rank": 1, "replies": []}, ` +
	`{"message_id": "c", "text": "C", "role": "assistant", "rank": null, "replies": []}, ` +
	`{"message_id": "a", "text": "A", "role": "assistant", "rank": 0, "replies": [{"message_id": "q2", "text": "Q2", "role": "prompter", "replies": [` +
	`{"message_id": "d", "text": "D", "role": "assistant", "replies": []}]}]}]}}`

// The same conversation as a tree and as messages, a child before its parent.
func TestOASST(t *testing.T) {
	messages := []string{
		`{"message_id": "d", "parent_id": "q2", "text": "D", "role": "assistant", "rank": null}`,
		`{"message_id": "t", "parent_id": null, "text": "Q", "role": "prompter", "rank": null}`,
		`{"message_id": "b", "parent_id": "t", "text": "B", "role": "assistant", "rank": 1}`,
		`{"message_id": "c", "parent_id": "t", "text": "C", "role": "assistant", "rank": null}`,
		`{"message_id": "a", "parent_id": "t", "text": "A", "role": "assistant", "rank": 0}`,
		`{"message_id": "q2", "parent_id": "a", "text": "Q2", "role": "prompter"}`,
		`{"message_id": "lost", "parent_id": "nowhere", "text": "?", "role": "prompter"}`,
	}
	for name, text := range map[string]string{"tree": tree, "messages": strings.Join(messages, "\n")} {
		ds, err := parse(t, Options{}, text)
		if err != nil {
			t.Fatal(name, err)
		}
		if ds.Len() != 2 {
			t.Fatalf("%s: %d rows, want 2", name, ds.Len())
		}
		first, second := ds.Row(0), ds.Row(1)
		if first.Prompt() != "\n\nHuman: Q\n\nAssistant:" || !slices.Equal(first.Responses, []string{"A", "B", "C"}) ||
			first.Rewards[0] != 0 || math.Signbit(first.Rewards[0]) || first.Rewards[1] != -1 || !math.IsNaN(first.Rewards[2]) {
			t.Errorf("%s: %+v", name, first)
		}
		if second.Prompt() != "\n\nHuman: Q\n\nAssistant: A\n\nHuman: Q2\n\nAssistant:" || !slices.Equal(second.Responses, []string{"D"}) || second.Rewards != nil {
			t.Errorf("%s: %+v", name, second)
		}
		if want := map[string]int{"tree": 0, "messages": 1}[name]; len(ds.Rejects()) != want {
			t.Errorf("%s: rejects %+v", name, ds.Rejects())
		}
	}
	_, err := parse(t, Options{}, messages[1]+"\n"+messages[1])
	if err == nil || !strings.Contains(err.Error(), "x.jsonl:2:16") || !strings.Contains(err.Error(), "on line 1 too") {
		t.Errorf("a message twice: %v", err)
	}
}

// No message of a flat file disappears: it is in a row, or it is a reject.
func TestNoMessageIsLost(t *testing.T) {
	line := func(id, parent, role string) string {
		return fmt.Sprintf(`{"message_id": %q, "parent_id": %q, "text": "text of %s", "role": %q}`, id, parent, id, role)
	}
	lines := []string{
		line("q", "", "prompter"), line("a", "q", "assistant"), // a tree
		line("alone", "", "prompter"),                           // nobody replied
		line("x", "y", "prompter"), line("y", "x", "assistant"), // each other's parent
		line("self", "self", "prompter"),
		line("lost", "nowhere", "prompter"), line("below", "lost", "assistant"),
		line("d0", "", "prompter"),
	}
	for i := 1; i <= maxDepth+5; i++ {
		lines = append(lines, line(fmt.Sprint("d", i), fmt.Sprint("d", i-1), []string{"prompter", "assistant"}[i%2]))
	}
	ds, err := parse(t, Options{}, "\ufeff"+strings.Join(lines, "\n"))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for i := range ds.Len() {
		for _, turn := range ds.Row(i).Turns() {
			seen[turn.Text] = true
		}
		for _, r := range ds.Responses(i) {
			seen[r] = true
		}
	}
	delete(seen, "") // the turn that is open
	for _, r := range ds.Rejects() {
		var m struct{ Text string }
		if err := json.Unmarshal([]byte(r.Text), &m); err != nil || r.Text != lines[r.Line-1] {
			t.Fatalf("%+v is not line %d: %v", r, r.Line, err)
		}
		if seen[m.Text] {
			t.Errorf("%q is in a row and rejected: %s", m.Text, r.Reason)
		}
		seen[m.Text] = true
	}
	if len(seen) != len(lines) {
		t.Errorf("%d of %d messages are in a row or a reject", len(seen), len(lines))
	}
}

// The same of trees: each message is in a row, or is told of with its place, or
// the whole line is.
func TestNoMessageOfATreeIsLost(t *testing.T) {
	node := func(id, role, lang string, replies ...string) string {
		return fmt.Sprintf(`{"message_id": %q, "text": %q, "role": %q, "lang": %q, "replies": [%s]}`, id, id, role, lang, strings.Join(replies, ", "))
	}
	open2 := node("open2", "prompter", "de", node("self", "prompter", "de"))
	talk := node("talk", "assistant", "en")
	lines := []string{
		`{"prompt": ` + node("q", "prompter", "en", node("a", "assistant", "en", node("open", "prompter", "de")),
			node("b", "assistant", "fr", talk, node("more", "prompter", "en", node("c", "assistant", "en"))), open2) + `, "messages": 5}`,
		`{"prompt": ` + node("alone", "prompter", "en", node("too", "prompter", "en")) + `}`,
	}
	ds, err := parse(t, Options{}, strings.Join(lines, "\n"))
	if err != nil {
		t.Fatal(err)
	}
	if ds.Len() != 2 || ds.String() != "2 prompts, 4 rejected" {
		t.Errorf("%v", ds)
	}
	type reject struct{ id, reason string }
	want := []reject{
		{"open", "no reply"}, {"talk", "answers none"}, {"open2", "no reply"},
	}
	for i, w := range want {
		r := ds.Rejects()[i]
		if !strings.Contains(r.Text[:40], fmt.Sprintf("%q", w.id)) || !strings.Contains(r.Reason, w.reason) || r.Line != 1 || r.Kind != Excluded ||
			!strings.HasPrefix(lines[0][r.Column-1:], r.Text) {
			t.Errorf("reject %d: %+v, want %v", i, r, w)
		}
	}
	if r := ds.Rejects()[3]; r.Text != lines[1] || r.Line != 2 || r.Column != 0 && r.Column != 1 {
		t.Errorf("a tree without an answer: %+v", r)
	}
	if got, err := ds.RejectsTable().Strings("reason"); err != nil || len(got) != 4 {
		t.Errorf("the table of rejects: %v, %v", got, err)
	}
	// What else the messages have stays with the row: its prompt's first, then
	// its responses' in their order.
	const extra = `{"messages":5,"messages_":[{"message_id":"q","lang":"en"},{"message_id":"a","lang":"en"},{"message_id":"b","lang":"fr"}]}`
	if got := ds.Row(0).Extra; got != extra {
		t.Errorf("extra %s\nwant  %s", got, extra)
	}
}

func FuzzOASST(f *testing.F) {
	fuzzReader(f, OASST, tree, strings.Replace(tree, `"replies": []`, `"replies": [{"role": "prompter", "text": "E"}]`, 1))
}

// treeTexts is the texts of a tree's messages, by another reader.
func treeTexts(message any) []string {
	m, _ := message.(map[string]any)
	text, _ := m["text"].(string)
	texts := []string{text}
	replies, _ := m["replies"].([]any)
	for _, r := range replies {
		texts = append(texts, treeTexts(r)...)
	}
	return texts
}

// everyMessage makes sure that each message of each line is in a row or a reject.
func everyMessage(t *testing.T, data []byte, ds *Dataset) {
	kept := map[int64]map[string]bool{}
	keep := func(line int64, text string) {
		if kept[line] == nil {
			kept[line] = map[string]bool{}
		}
		kept[line][text] = true
	}
	for i := range ds.Len() {
		row := ds.Row(i)
		for _, turn := range row.Turns() {
			keep(row.Line, turn.Text)
		}
		for _, r := range row.Responses {
			keep(row.Line, r)
		}
	}
	whole := map[int64]bool{}
	for _, r := range ds.Rejects() {
		var m map[string]any
		if err := json.Unmarshal([]byte(r.Text), &m); err == nil && r.Kind == Excluded && m["prompt"] == nil {
			for _, text := range treeTexts(m) {
				keep(r.Line, text)
			}
		} else {
			whole[r.Line] = true
		}
	}
	number := int64(0)
	for line := range bytes.Lines(bytes.TrimPrefix(data, []byte("\ufeff"))) {
		var m map[string]any
		if number++; whole[number] || len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if err := json.Unmarshal(line, &m); err != nil {
			t.Fatalf("line %d is neither JSON nor a reject: %v", number, err)
		}
		for _, text := range treeTexts(m["prompt"]) {
			if !kept[number][text] {
				t.Fatalf("line %d: the message %q is in no row and no reject", number, text)
			}
		}
	}
}

func FuzzOASSTMessages(f *testing.F) {
	fuzzReader(f, OASSTMessages, `{"message_id": "t", "parent_id": null, "text": "Q", "role": "prompter"}`+"\n"+`{"message_id": "b", "parent_id": "t", "text": "B", "role": "assistant", "rank": 1}`)
}
