package train

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"divvy/gpu/model"
	"divvy/stdlib/dataset"
	"divvy/stdlib/paper"
	"divvy/stdlib/tokenize"
)

// withMarks is a tokenizer that knows OpenAssistant's marks as tokens.
func withMarks(t *testing.T, bpe *BPE) *tokenize.Tokenizer {
	t.Helper()
	var tok map[string]any
	if err := json.Unmarshal(bpe.JSON, &tok); err != nil {
		t.Fatal(err)
	}
	added := tok["added_tokens"].([]any)
	for _, mark := range []string{dataset.PrompterMark, dataset.AssistantMark} {
		added = append(added, map[string]any{
			"id": bpe.Tokenizer.VocabSize() + len(added) - 1, "content": mark,
			"single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true,
		})
	}
	tok["added_tokens"] = added
	data, err := json.Marshal(tok)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "tokenizer.json")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	marked, err := tokenize.HuggingFace(path)
	if err != nil {
		t.Fatal(err)
	}
	return marked
}

// TestOpenAssistantInput: each turn with its mark and followed by the end token,
// cut at the beginning to 1,024 tokens.
func TestOpenAssistantInput(t *testing.T) {
	bpe, err := NewBPE(t.Context(), rows(t, 4).Prompts(), 300)
	if err != nil {
		t.Fatal(err)
	}
	tok := withMarks(t, bpe)
	c := model.NewTiny(model.GPTNeoX, tok.VocabSize(), 32, 1)
	c.Head, c.ScoreName, c.MaxPositions = model.RewardModel, "out_proj", 2048
	m := &Model{config: c, tokenizer: tok, eos: bpe.EndOfText}
	if !m.openAssistant() {
		t.Fatal("the model is not known as OpenAssistant's")
	}
	prompter, _ := tok.ID(dataset.PrompterMark)
	assistant, _ := tok.ID(dataset.AssistantMark)
	text := func(s string) []int32 { return bpe.Tokenizer.WithBOS(false).Encode(s) }
	end := []int32{bpe.EndOfText}
	row := dataset.Row{Prefix: []string{"<|prompter|>hi", "<|assistant|>yes?", "<|prompter|>why", "<|assistant|>"}}
	e := m.scoringExample(0, row, []string{"so"})
	want := slices.Concat([]int32{prompter}, text("hi"), end, []int32{assistant}, text("yes?"), end, []int32{prompter}, text("why"), end, []int32{assistant})
	if !slices.Equal(e.Prompt, want) || !slices.Equal(e.Responses[0], append(text("so"), end...)) {
		t.Errorf("read as %v and %v, want %v", e.Prompt, e.Responses, want)
	}
	row.Prefix[0] += strings.Repeat(" \x00", 1000)
	e = m.scoringExample(0, row, []string{"so"})
	if n := len(e.Prompt) + len(e.Responses[0]); n != paper.RewardMaxTokens || !slices.Equal(e.Prompt[len(e.Prompt)-10:], want[len(want)-10:]) {
		t.Errorf("a long dialogue is cut to %d tokens, which end with %v", n, e.Prompt[len(e.Prompt)-10:])
	}
}
