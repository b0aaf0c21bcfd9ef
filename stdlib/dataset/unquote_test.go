package dataset

import (
	"fmt"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// Unquoting is jsontext's, whatever escapes come together.
func TestUnquoteIsJsontexts(t *testing.T) {
	pieces := []string{"a", "words of a text", "\\n", "\\t", "\\r", "\\b", "\\f", "\\\\", `\"`, `\/`, "\u00e9", "\U0001f600", "\x7f",
		`\u2019`, `\u00E9`, `\u0000`, `\u005c`, `\u0022`, `\ud83d\ude00`, `\uD83D\uDE00`, `\ufffd`, `\uffff`}
	r := NewRandom(11)
	for range 50_000 {
		quoted := `"`
		for range r.Below(9) {
			quoted += pieces[r.Below(len(pieces))]
		}
		quoted += `"`
		want, err := jsontext.AppendUnquote([]byte("before "), quoted)
		if err != nil {
			t.Fatalf("%s: %v", quoted, err)
		}
		if got, err := appendUnquote([]byte("before "), []byte(quoted)); err != nil || string(got) != string(want) {
			t.Fatalf("%s is %q, %v, want %q", quoted, got, err, want)
		}
	}
}

// Half a surrogate pair is no text: the line is refused, at its place.
func TestLoneSurrogates(t *testing.T) {
	for _, bad := range []string{`\ud83d`, `\ude00`, `\ud83d\ud83d`, `\ud83dx`, `\ud83d\n`, `\ud83d\u0041`} {
		line := fmt.Sprintf(`{"prefix": [["<|prompter|>%s", "<|assistant|>"]], "suffix": ["a"]}`, bad)
		if ds, err := parse(t, Options{}, line); err == nil {
			t.Errorf("%s was read as %q", bad, ds.Prompt(0))
		}
		if _, err := appendUnquote(nil, []byte(`"`+bad+`"`)); err == nil {
			t.Errorf("%s is unquoted without an error", bad)
		}
	}
}
