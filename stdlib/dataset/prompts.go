package dataset

import (
	"fmt"
	"strings"
	"unicode/utf8"

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
	for i := 0; i < len(line); {
		c, size := utf8.DecodeRune(line[i:])
		if c == utf8.RuneError && size == 1 {
			return fault(i, errNotUTF8)
		}
		i += size
	}
	r.Prefix = []string{PrompterMark + strings.TrimSpace(string(line)), AssistantMark}
	return nil
}

// errNotUTF8 is what text of another encoding is.
var errNotUTF8 = fmt.Errorf("not UTF-8; to convert a file: iconv -f latin1 -t utf-8 FILE > NEW (with the encoding that it has)")

// isText tells by its name whether a file is plain text, a prompt a line.
func isText(name string) bool {
	return strings.HasSuffix(strings.ToLower(compressed.Trim(name)), ".txt")
}
