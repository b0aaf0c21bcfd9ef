package dataset

import (
	"fmt"
	"strings"

	"divvy/arrowio/charset"
	"divvy/arrowio/compressed"
)

// parsePrompt reads a line of a pool of prompts that nobody has answered yet: an
// object with prompt (or instruction). What else it has is kept in Extra.
func parsePrompt(o *object, r *Row) error {
	var text string
	if err := o.members(func() (err error) {
		switch o.key {
		case "prompt", "instruction":
			if len(r.Prefix) > 0 {
				return o.at(o.key, fmt.Errorf("prompt and instruction: one of them is to be the prompt"))
			}
			err = o.text(&text)
			r.Prefix = []string{PrompterMark + text, AssistantMark}
		default:
			err = o.keep()
		}
		return err
	}); err != nil {
		return err
	}
	if len(r.Prefix) == 0 {
		return fault(0, fmt.Errorf("the field %q (or %q) is missing", "prompt", "instruction"))
	}
	r.Extra = o.rest()
	return nil
}

// parseText takes a line of text for a prompt.
func parseText(line []byte, r *Row) error {
	if at := charset.InvalidAt(line); at >= 0 {
		return fault(at, charset.Check(line, encodingOption))
	}
	r.Prefix = []string{PrompterMark + strings.TrimSpace(string(line)), AssistantMark}
	return nil
}

// encodingOption is what says the encoding of a text.
const encodingOption = "Options.Encoding"

// isText tells by its name whether a file is plain text, a prompt a line.
func isText(name string) bool {
	return strings.HasSuffix(strings.ToLower(compressed.Trim(name)), ".txt")
}
