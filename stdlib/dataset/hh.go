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
		r.Prefix = append(r.Prefix, "<|"+t.Role+"|>"+t.Text)
	}
	r.Prefix = append(r.Prefix, AssistantMark)
	r.Responses = append(r.Responses, good[last].Text, bad[last].Text)
	return nil
}

// dialogue cuts a raw HH text into turns.
func dialogue(text string, pro bool) ([]Turn, error) {
	var turns []Turn
	var open Turn // the turn whose pieces are still coming in
	finish := func() {
		n := len(turns)
		switch said := strip(open.Text); {
		case open.Role == "":
		case n > 0 && turns[n-1].Role == open.Role:
			turns[n-1].Text += "\n" + said
		default:
			turns = append(turns, Turn{open.Role, said})
		}
	}
	for piece := range strings.SplitSeq(text, "\n\n") {
		human, isHuman := strings.CutPrefix(piece, "Human:")
		assistant, isAssistant := strings.CutPrefix(piece, "Assistant:")
		switch {
		case isHuman:
			finish()
			open = Turn{"prompter", human}
		case isAssistant:
			finish()
			open = Turn{"assistant", assistant}
		case pro:
		case open.Role != "":
			open.Text += "\n\n" + piece
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
