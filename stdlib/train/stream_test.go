package train

import (
	"context"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"divvy/stdlib/paper"
)

// TestStreams: pieces are sent once they are certain, and make up the text.
func TestStreams(t *testing.T) {
	bytes := func(ids []int32) (string, error) {
		b := make([]byte, len(ids))
		for i, id := range ids {
			b[i] = byte(id)
		}
		return strings.ToValidUTF8(string(b), string(utf8.RuneError)), nil
	}
	for text, want := range map[string][]string{
		"  yes \n":     {"y", "e", "s"},
		"a b":          {"a", " b"},
		"né":           {"n", "é"},
		"Huge":         {"Hug", "e"},
		"no Human: no": {"n", "o"},
		"ok Hum":       {"o", "k", " Hum"},
	} {
		var got []string
		s := newStreams(bytes, paper.Stops(), func(prompt int, piece string) {
			if prompt != 3 {
				t.Errorf("prompt %d", prompt)
			}
			got = append(got, piece)
		})
		for _, b := range []byte(text) {
			s.token(3, int32(b))
		}
		whole := text
		if at := cutAt(whole, paper.Stops()); at >= 0 {
			whole = whole[:at]
		}
		whole = strings.TrimSpace(whole)
		s.end(3, whole)
		if !slices.Equal(got, want) || strings.Join(got, "") != whole {
			t.Errorf("%q is streamed as %q, want %q", text, got, want)
		}
	}
}

// TestGenerateStreams: what a model streams is what it returns, and a notebook
// can watch.
func TestGenerateStreams(t *testing.T) {
	ds := rows(t, 4)
	pieces := make([]strings.Builder, ds.Len())
	texts, err := tiny(t, ds).Generate(context.Background(), ds.Prompts(), GenerateOptions{
		MaxNew: 12, Temperature: 1, Seed: 1, Live: true, Stream: func(i int, s string) { pieces[i].WriteString(s) },
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, text := range texts {
		if pieces[i].String() != text {
			t.Errorf("text %d is streamed as %q, returned as %q", i, pieces[i].String(), text)
		}
	}
	l := newLiveTexts([]string{"\n\nHuman: " + strings.Repeat("x", 200) + "<b>"})
	l.text(0, "a & b")
	l.text(1, "not shown")
	if b := l.MIMEBundle(); !strings.Contains(b["text/html"].(string), "a &amp; b") || !strings.Contains(l.String(), "xx<b>\n  > a & b") {
		t.Errorf("shown as %v", b)
	}
}

// TestLongStop: a stop that takes more tokens than usual still ends a text.
func TestLongStop(t *testing.T) {
	ds := rows(t, 4)
	m := tiny(t, ds)
	stop := strings.Repeat("\x00\x01", 30)
	ids := m.tokenizer.WithBOS(false).Encode("answer" + stop)
	if len(ids) < 40 {
		t.Fatalf("only %d tokens", len(ids))
	}
	for n := range ids {
		if got, want := m.stopped(ids[:n+1], []string{stop}), n == len(ids)-1; got != want {
			t.Errorf("after %d of %d tokens: stopped is %t", n+1, len(ids), got)
		}
	}
}
