package dataset

import "strings"

// parseHH reads a line of raw HH-RLHF: {"chosen": text, "rejected": text}, each
// text a whole dialogue. The prefix is that of chosen, the responses are the
// last turns of chosen and of rejected, in this order; there are no rewards.
//
// The paper's preprocessing (PRO's): the text is cut at blank lines; a piece
// that begins "Human:" or "Assistant:" is a turn, consecutive turns of one
// speaker are joined by "\n", and a row whose two dialogues have not equally
// many turns is left out. PRO's code drops a piece that names no speaker; here
// it belongs to the turn before it unless pro is set.
func parseHH(o *object, pro bool, r *Row) error {
	var chosen, rejected string
	if err := o.members(func() (err error) {
		switch o.key {
		case "chosen":
			err = o.text(&chosen)
		case "rejected":
			err = o.text(&rejected)
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
	good, err := dialogue(chosen, pro)
	if err != nil {
		return o.at("chosen", err)
	}
	bad, err := dialogue(rejected, pro)
	if err != nil {
		return o.at("rejected", err)
	}
	r.Extra = o.rest()
	return fromDialogues(good, bad, r)
}

// fromDialogues makes a row of two dialogues.
func fromDialogues(good, bad []Turn, r *Row) error {
	if len(good) != len(bad) {
		return excluded("chosen has %d turns, rejected %d", len(good), len(bad))
	}
	last := len(good) - 1
	if last < 0 || good[last].Role != "assistant" || bad[last].Role != "assistant" {
		return excluded("the last turn is not the assistant's")
	}
	for _, t := range good[:last] {
		switch t.Role { // one concatenation where the mark is known
		case "prompter":
			r.Prefix = append(r.Prefix, PrompterMark+t.Text)
		case "assistant":
			r.Prefix = append(r.Prefix, AssistantMark+t.Text)
		default:
			r.Prefix = append(r.Prefix, "<|"+t.Role+"|>"+t.Text)
		}
	}
	r.Prefix = append(r.Prefix, AssistantMark)
	r.Responses = append(r.Responses, good[last].Text, bad[last].Text)
	return nil
}

// humanMark begins what the human says in a raw HH text.
const humanMark = "Human:"

// dialogue cuts a raw HH text into turns. The pieces of a turn lie one after another
// in the text, so that none is put together again.
func dialogue(text string, pro bool) ([]Turn, error) {
	var turns []Turn
	role, start, end := "", 0, 0 // of the turn whose pieces are still coming in
	finish := func() {
		if role == "" {
			return
		}
		said := strip(text[start:end])
		if n := len(turns); n > 0 && turns[n-1].Role == role {
			turns[n-1].Text += "\n" + said
			return
		}
		turns = append(turns, Turn{role, said})
	}
	const blank, human, assistant = "\n\n", humanMark, "Assistant:"
	for at, next := 0, 0; at <= len(text); at = next + len(blank) {
		if next = strings.Index(text[at:], blank); next < 0 {
			next = len(text)
		} else {
			next += at
		}
		piece := text[at:next]
		switch {
		case strings.HasPrefix(piece, human):
			finish()
			role, start, end = "prompter", at+len(human), next
		case strings.HasPrefix(piece, assistant):
			finish()
			role, start, end = "assistant", at+len(assistant), next
		case pro:
		case role != "":
			end = next
		case strip(piece) != "":
			return nil, excluded("text before the first turn: %.40q", piece)
		}
	}
	finish()
	if len(turns) == 0 {
		return nil, excluded("no turn begins with Human: or Assistant:")
	}
	return turns, nil
}
