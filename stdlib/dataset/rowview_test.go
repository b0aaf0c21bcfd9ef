package dataset

import (
	"math"
	"strings"
	"testing"
)

// A row is shown to be read: whole, with its rewards, and no text of it as markup
// or as a command to a terminal.
func TestRowIsShown(t *testing.T) {
	long := strings.Repeat("word ", 200)
	r := Row{
		Prefix:    []string{PrompterMark + "Is <b>it</b>?", AssistantMark + "It is.", PrompterMark + "And \x1b[31mthat\u202e?", AssistantMark},
		Responses: []string{long, " No.\nNever. "}, Rewards: []float64{1.5, math.NaN()}, File: "data/a.jsonl", Line: 7,
	}
	b := r.MIMEBundle()
	wantText := "a.jsonl:7\nHuman: Is <b>it</b>?\nAssistant: It is.\nHuman: And ␛[31mthat⟨U+202E⟩?\n\nresponse 0, reward 1.5\n" +
		strings.TrimSpace(long) + "\n\nresponse 1\nNo.\nNever."
	if b["text/plain"] != wantText {
		t.Errorf("text %q\nwant %q", b["text/plain"], wantText)
	}
	page, _ := b["text/html"].(string)
	for _, want := range []string{"a.jsonl:7", "Is &lt;b&gt;it&lt;/b&gt;?", "And ␛[31mthat⟨U+202E⟩?", "response 0, reward 1.5", strings.TrimSpace(long), "No.\nNever.</div>"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in %s", want, page)
		}
	}
	unanswered := Row{Prefix: []string{PrompterMark + "Why?", AssistantMark}}.MIMEBundle()
	if unanswered["text/plain"] != "Why?\n\nno responses yet" {
		t.Errorf("a prompt is shown as %q", unanswered["text/plain"])
	}
}
