package dataset

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The marks that begin a turn of a prefix, as PRO's data has them, and what
// they become in a rendered prompt. These four strings are the paper's format.
const (
	PrompterMark  = "<|prompter|>"
	AssistantMark = "<|assistant|>"
	humanText     = "\n\nHuman: "
	assistantText = "\n\nAssistant: "
)

// Turn is one turn of a dialogue.
type Turn struct {
	Role string // "prompter", "assistant", or "" for text without a mark
	Text string
}

// Render is the text of a prefix as the paper feeds it to a model and measures
// it: the turns end to end, role marks replaced by "\n\nHuman: " and
// "\n\nAssistant: ", trailing white space (Python's str.rstrip) stripped.
func Render(prefix []string) string {
	var text []byte
	for _, turn := range prefix {
		text = append(text, turn...)
	}
	return string(render(text))
}

// render renders turns end to end in their own memory: no mark is shorter than
// what it becomes. No mark begins inside another, so replacing both in one pass
// equals Python's two.
func render(text []byte) []byte {
	to := bytes.Index(text, markStart)
	if to < 0 {
		to = len(text)
	}
	for from := to; from < len(text); {
		switch rest := text[from:]; {
		case bytes.HasPrefix(rest, []byte(PrompterMark)):
			from += len(PrompterMark)
			to += copy(text[to:], humanText)
		case bytes.HasPrefix(rest, []byte(AssistantMark)):
			from += len(AssistantMark)
			to += copy(text[to:], assistantText)
		default: // up to where the next mark may begin
			n := bytes.Index(rest[1:], markStart) + 1
			if n == 0 {
				n = len(rest)
			}
			from += n
			to += copy(text[to:], rest[:n])
		}
	}
	return bytes.TrimRightFunc(text[:to], isPythonSpace)
}

var markStart = []byte("<|")

// TrainingText is a rendered prompt with a response behind it, as the paper
// trains on it.
func TrainingText(prompt, response string) string { return prompt + " " + response }

// isPythonSpace is Python's str.isspace for one character: Unicode's White_Space
// and the information separators U+001C to U+001F.
func isPythonSpace(r rune) bool { return unicode.IsSpace(r) || 0x1c <= r && r <= 0x1f }

// strip is Python's: nearly every text begins and ends with ASCII.
func strip(s string) string {
	isSpace := func(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' || 0x1c <= c && c <= 0x1f }
	for s != "" && isSpace(s[0]) {
		s = s[1:]
	}
	for s != "" && isSpace(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	if s != "" && (s[0] >= utf8.RuneSelf || s[len(s)-1] >= utf8.RuneSelf) {
		return strings.TrimFunc(s, isPythonSpace)
	}
	return s
}

// splitMark takes the role mark off a turn.
func splitMark(turn string) Turn {
	if text, ok := strings.CutPrefix(turn, PrompterMark); ok {
		return Turn{"prompter", text}
	}
	if text, ok := strings.CutPrefix(turn, AssistantMark); ok {
		return Turn{"assistant", text}
	}
	return Turn{"", turn}
}
