package display

import (
	"io"
	"strings"
	"testing"
)

// asker is a sink with a user.
type asker struct {
	Sink
	prompt   string
	password bool
}

func (a *asker) Ask(prompt string, password bool) (string, error) {
	a.prompt, a.password = prompt, password
	return "typed", nil
}

func TestAsk(t *testing.T) {
	a := &asker{}
	defer SetSink(SetSink(a))
	if line, err := Input("name: "); line != "typed" || err != nil || a.prompt != "name: " || a.password {
		t.Errorf("Input: %q, %v, %+v", line, err, a)
	}
	if line, err := Password("key: "); line != "typed" || err != nil || a.prompt != "key: " || !a.password {
		t.Errorf("Password: %q, %v, %+v", line, err, a)
	}
}

func TestReadLine(t *testing.T) {
	r := strings.NewReader("one\r\ntwo\n\nlast")
	for _, want := range []string{"one", "two", "", "last"} {
		if line, err := readLine(r); line != want || err != nil {
			t.Errorf("%q, %v, want %q", line, err, want)
		}
	}
	if _, err := readLine(r); err == nil || !strings.Contains(err.Error(), io.EOF.Error()) {
		t.Errorf("at the end: %v", err)
	}
}
