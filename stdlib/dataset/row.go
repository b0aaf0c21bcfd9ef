package dataset

import (
	"fmt"
	"math"
)

// Row is one prompt with its responses. The slices belong to the caller.
type Row struct {
	// Prefix is the dialogue so far, a turn an element, each beginning with
	// PrompterMark or AssistantMark; the last is an open AssistantMark.
	Prefix []string
	// Responses continue the prefix. In a ranking the best is first; a prompt
	// that is not annotated yet has none.
	Responses []string
	// Rewards are the raw reward-model logits of Responses, higher is better;
	// nil when the row was never scored, NaN for a response without a score.
	Rewards []float64
	// SFTIndex is the response that supervised fine-tuning learns, 0 by default.
	SFTIndex int
	// Meta is the JSON that came with the row under "meta", "" for none.
	Meta string
	// Extra is a JSON object of all other fields that the reader has no use
	// for, so that none is lost; "" for none.
	Extra string
	// File and Line say where the row was read; Line counts from 1, and is the
	// row's number in a file that has no lines.
	File string
	Line int64
}

// Prompt is the rendered prefix, see Render.
func (r Row) Prompt() string { return Render(r.Prefix) }

// Turns is the prefix as roles and texts.
func (r Row) Turns() []Turn {
	turns := make([]Turn, len(r.Prefix))
	for i, t := range r.Prefix {
		turns[i] = splitMark(t)
	}
	return turns
}

// check finds what makes a row unusable, whatever format it came from.
func (r *Row) check() error {
	switch {
	case len(r.Prefix) == 0:
		return fmt.Errorf("prefix is empty")
	case r.Rewards != nil && len(r.Rewards) != len(r.Responses):
		return fmt.Errorf("%d rewards for %d responses", len(r.Rewards), len(r.Responses))
	case r.SFTIndex < 0 || r.SFTIndex >= max(1, len(r.Responses)): // 0 of a prompt without responses
		return fmt.Errorf("sft_index %d is outside %d responses", r.SFTIndex, len(r.Responses))
	}
	for i, v := range r.Rewards {
		if math.IsInf(v, 0) {
			return fmt.Errorf("reward %d is infinite", i)
		}
	}
	return nil
}

// size is the bytes of the row's text.
func (r *Row) size() int {
	n := len(r.Meta) + len(r.Extra) + len(r.File)
	for _, t := range r.Prefix {
		n += len(t)
	}
	for _, t := range r.Responses {
		n += len(t)
	}
	return n
}
