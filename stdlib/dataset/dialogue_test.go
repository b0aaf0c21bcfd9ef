package dataset

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

// dialogueByPieces cuts a text at every blank line and puts the pieces together again:
// the definition.
func dialogueByPieces(text string, pro bool) (turns []Turn, ok bool) {
	role, said := "", ""
	finish := func() {
		n := len(turns)
		switch text := strings.TrimFunc(said, isPythonSpace); {
		case role == "":
		case n > 0 && turns[n-1].Role == role:
			turns[n-1].Text += "\n" + text
		default:
			turns = append(turns, Turn{role, text})
		}
	}
	for _, piece := range strings.Split(text, "\n\n") {
		human, isHuman := strings.CutPrefix(piece, "Human:")
		assistant, isAssistant := strings.CutPrefix(piece, "Assistant:")
		switch {
		case isHuman:
			finish()
			role, said = "prompter", human
		case isAssistant:
			finish()
			role, said = "assistant", assistant
		case pro:
		case role != "":
			said += "\n\n" + piece
		case strings.TrimFunc(piece, isPythonSpace) != "":
			return nil, false
		}
	}
	finish()
	return turns, len(turns) > 0
}

func TestDialogueAgainstPieces(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	parts := []string{"\n\n", "\n\n", "\n", "Human:", "Assistant:", " a", "b ", "\u2003", "\x1f", "ż", "\u0085", "Human", ""}
	for range 50_000 {
		var b strings.Builder
		for range r.IntN(14) {
			b.WriteString(parts[r.IntN(len(parts))])
		}
		text := b.String()
		for _, pro := range []bool{false, true} {
			want, ok := dialogueByPieces(text, pro)
			got, err := dialogue(text, pro)
			if ok != (err == nil) || ok && !reflect.DeepEqual(got, want) {
				t.Fatalf("%q, PRO %v: %q, %v; want %q", text, pro, got, err, want)
			}
		}
		if got, want := strip(text), strings.TrimFunc(text, isPythonSpace); got != want {
			t.Fatalf("strip of %q: %q, want %q", text, got, want)
		}
	}
}
