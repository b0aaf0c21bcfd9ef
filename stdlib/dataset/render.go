package dataset

import (
	"strings"
	"unicode"
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
	text := strings.Join(prefix, "")
	if strings.Contains(text, "<|") {
		text = marks.Replace(text)
	}
	return strings.TrimRightFunc(text, isPythonSpace)
}

// marks is immutable and safe for concurrent use. No mark begins inside
// another, so replacing both in one pass equals Python's two.
var marks = strings.NewReplacer(PrompterMark, humanText, AssistantMark, assistantText)

// TrainingText is a rendered prompt with a response behind it, as the paper
// trains on it.
func TrainingText(prompt, response string) string { return prompt + " " + response }

// isPythonSpace is Python's str.isspace for one character: Unicode's White_Space
// and the information separators U+001C to U+001F.
func isPythonSpace(r rune) bool { return unicode.IsSpace(r) || 0x1c <= r && r <= 0x1f }

func strip(s string) string { return strings.TrimFunc(s, isPythonSpace) }

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
