package dataset

import (
	"fmt"
	"math"
	"strings"
)

// parseUltraFeedback reads a line of UltraFeedback's schema: instruction (or
// prompt), and completions, each with a response (or text, content, output) and
// a score (overall_score, else fine-grained_score, score or reward; a number, a
// number in a string, or null). What else a completion has is kept in Extra.
func parseUltraFeedback(o *object, r *Row) error {
	var instruction string
	var rests []string
	if err := o.members(func() (err error) {
		switch o.key {
		case "instruction", "prompt":
			err = o.text(&instruction)
		case "completions":
			r.Rewards = []float64{}
			err = o.array(func() error {
				rest, err := parseCompletion(o, r)
				rests = append(rests, rest)
				return err
			})
		default:
			err = o.keep()
		}
		return err
	}); err != nil {
		return err
	}
	if err := o.require("completions"); err != nil {
		return err
	}
	if len(r.Responses) == 0 {
		return o.at("completions", fmt.Errorf("no responses"))
	}
	if !o.has("instruction") && !o.has("prompt") {
		return fault(0, fmt.Errorf("the field %q (or %q) is missing", "instruction", "prompt"))
	}
	r.Prefix = []string{PrompterMark + instruction, AssistantMark}
	r.Extra = o.restWith("completions", rests)
	return nil
}

// parseCompletion reads one completion and gives its other fields.
func parseCompletion(o *object, r *Row) (rest string, err error) {
	if err := o.enter('{', "a completion"); err != nil {
		return "", err
	}
	saved := o.extra
	o.extra = nil
	defer func() { o.extra = saved }()
	response, score, rank := "", math.NaN(), 0
	found := false
	if err := o.members(func() (err error) {
		switch o.key {
		case "response", "text", "content", "output":
			found = true
			err = o.text(&response)
		case "overall_score", "fine-grained_score", "score", "reward":
			// The first of these names wins, wherever it stands.
			prefer := map[string]int{"overall_score": 4, "fine-grained_score": 3, "score": 2, "reward": 1}[o.key]
			v := math.NaN()
			if err = o.score(&v); prefer > rank {
				score, rank = v, prefer
			}
		default:
			err = o.keep()
		}
		return err
	}); err != nil {
		return "", err
	}
	if !found {
		return "", fault(int(o.dec.InputOffset())-1, fmt.Errorf("completion %d has no response", len(r.Responses)))
	}
	r.Responses = append(r.Responses, response)
	r.Rewards = append(r.Rewards, score)
	return o.rest(), nil
}

// parseMessages reads a line of the binarised UltraFeedback: chosen and rejected
// are lists of messages {role, content}; score_chosen and score_rejected are the
// rewards, if they are there. The rules are those of raw HH-RLHF. Where chosen and
// rejected begin with the assistant, prompt has what was said before, as messages or
// as the text of one.
func parseMessages(o *object, r *Row) error {
	var prompt, chosen, rejected []Turn
	scores := [2]float64{math.NaN(), math.NaN()}
	if err := o.members(func() (err error) {
		switch o.key {
		case "prompt":
			switch o.dec.PeekKind() {
			case '[':
				prompt, err = parseTurns(o)
			case '"':
				var text string
				text, err = o.keepText()
				prompt = []Turn{{"prompter", strip(text)}}
			default:
				err = o.keep()
			}
		case "chosen":
			chosen, err = parseTurns(o)
		case "rejected":
			rejected, err = parseTurns(o)
		case "score_chosen":
			err = o.score(&scores[0])
		case "score_rejected":
			err = o.score(&scores[1])
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
	after := func(answer []Turn) []Turn {
		if len(answer) == 0 || answer[0].Role != "assistant" {
			return answer // the whole dialogue
		}
		return append(prompt[:len(prompt):len(prompt)], answer...)
	}
	if err := fromDialogues(after(chosen), after(rejected), r); err != nil {
		return err
	}
	if o.has("score_chosen") || o.has("score_rejected") {
		r.Rewards = scores[:]
	}
	r.Extra = o.rest()
	return nil
}

// parseTurns reads a list of messages.
func parseTurns(o *object) (turns []Turn, err error) {
	err = o.array(func() error {
		if err := o.enter('{', "a message"); err != nil {
			return err
		}
		var role, text string
		start := o.offset()
		if err := o.members(func() (err error) {
			switch o.key {
			case "role":
				err = o.text(&role)
			case "content":
				err = o.text(&text)
			default:
				_, err = o.raw()
			}
			return err
		}); err != nil {
			return err
		}
		switch role {
		case "user", "human", "prompter":
			role = "prompter"
		case "assistant":
		default:
			return fault(start, excluded("a message of role %q has no place in a dialogue of two", role))
		}
		turns = append(turns, Turn{role, strings.TrimRightFunc(text, isPythonSpace)})
		return nil
	})
	return turns, err
}
