package dataset

import (
	"fmt"
	"math"
	"strings"
)

// parsePair reads a line of what trainers of preferences take: a prompt, and two
// answers to it, chosen and rejected. The prompt's field may be prompt, instruction,
// question or query; text in input belongs to it, after a line break. Scores are
// score_chosen and score_rejected, or chosen_score and rejected_score. A prompt that
// is a dialogue, "\n\nHuman: …\n\nAssistant:", is cut into its turns as raw HH-RLHF
// is. All else, a system prompt too, is kept in Extra.
func parsePair(o *object, r *Row) error {
	var prompt, input, chosen, rejected string
	asked, scored := "", false
	scores := [2]float64{math.NaN(), math.NaN()}
	score := func(i int) error {
		scored = true
		return o.score(&scores[i])
	}
	if err := o.members(func() (err error) {
		switch o.key {
		case "prompt", "instruction", "question", "query":
			if asked != "" || o.dec.PeekKind() != '"' {
				return o.keep()
			}
			asked = o.key
			err = o.text(&prompt)
		case "input":
			if o.null() {
				return nil
			}
			err = o.text(&input)
		case "chosen":
			err = o.text(&chosen)
		case "rejected":
			err = o.text(&rejected)
		case "score_chosen", "chosen_score":
			err = score(0)
		case "score_rejected", "rejected_score":
			err = score(1)
		default:
			err = o.keep()
		}
		return err
	}); err != nil {
		return err
	}
	if err := o.require("chosen", "rejected"); err != nil {
		return err
	}
	prompt, input = strip(prompt), strip(input)
	switch {
	case asked == "" && input == "":
		return fault(0, fmt.Errorf("the field %q (or %q, %q, %q) is missing", "prompt", "instruction", "question", "query"))
	case input != "" && prompt != "":
		prompt += "\n" + input
	case input != "":
		prompt = input
	}
	r.Extra = o.rest()
	if scored {
		r.Rewards = scores[:]
	}
	if !strings.HasPrefix(prompt, humanMark) {
		r.Prefix = []string{PrompterMark + prompt, AssistantMark}
		r.Responses = append(r.Responses, strip(chosen), strip(rejected))
		return nil
	}
	turns, err := dialogue(prompt, false)
	if err != nil {
		return o.at(asked, err)
	}
	if last := turns[len(turns)-1]; last.Role == "assistant" {
		if last.Text != "" {
			return o.at(asked, excluded("the prompt ends with words of the assistant"))
		}
		turns = turns[:len(turns)-1]
	}
	answered := func(text string) []Turn {
		return append(turns[:len(turns):len(turns)], Turn{"assistant", strip(text)})
	}
	return fromDialogues(answered(chosen), answered(rejected), r)
}

// isPair tells whether a line with the texts chosen and rejected has their prompt
// beside them, and not, as raw HH-RLHF, in them.
func isPair(o *object, begins func(key string, c byte) bool) bool {
	at := o.starts["chosen"]
	if at < len(o.line) && strings.HasPrefix(string(o.line[at:min(len(o.line), at+64)]), `"\n\n`+humanMark) {
		return false
	}
	for _, key := range []string{"prompt", "instruction", "question", "query", "input"} {
		if begins(key, '"') {
			return true
		}
	}
	return false
}
