package interp

import (
	"context"
	"strings"
	"testing"

	"divvy/kernel/cell"
)

func TestHelpOn(t *testing.T) {
	tests := []struct {
		code, name string
		detail     int
		ok         bool
	}{
		{"?fmt.Println", "fmt.Println", 0, true},
		{"fmt.Println?", "fmt.Println", 0, true},
		{" ??x\n", "x", 1, true},
		{"größe ??", "größe", 1, true},
		{"x", "", 0, false},
		{"?", "", 0, false},
		{"f()?", "", 0, false},
		{"x?\ny", "", 0, false},
	}
	for _, test := range tests {
		name, detail, ok := helpOn(test.code)
		if name != test.name || detail != test.detail || ok != test.ok {
			t.Errorf("helpOn(%q) = %q, %d, %v; want %q, %d, %v", test.code, name, detail, ok, test.name, test.detail, test.ok)
		}
	}
}

// A console is left by a word, unless the user has given it a meaning.
func TestLeave(t *testing.T) {
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	execute := func(code string) cell.Result {
		return s.Execute(context.Background(), cell.Request{Count: 1, Code: code}, noSink{})
	}
	for _, code := range []string{"exit", " quit()\n", "exit()"} {
		if r := execute(code); r.Error != nil || !r.Leave {
			t.Errorf("%q: %+v", code, r)
		}
	}
	if r := execute("exit(3)"); r.Error == nil || r.Leave {
		t.Errorf("exit(3): %+v", r)
	}
	execute("exit := 7")
	if r := execute("exit"); r.Error != nil || r.Leave {
		t.Errorf("a variable of that name: %+v", r)
	}
}

type noSink struct{}

func (noSink) Emit(cell.Event)                                     {}
func (noSink) Input(context.Context, string, bool) (string, error) { return "", context.Canceled }

func TestHelpGivesAPage(t *testing.T) {
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r := s.Execute(t.Context(), cell.Request{Count: 1, Code: "?fmt.Println"}, noSink{})
	if r.Error != nil || len(r.Pages) != 1 {
		t.Fatalf("got %+v, want a page", r)
	}
	if text, _ := r.Pages[0].Data["text/plain"].(string); !strings.Contains(text, "func fmt.Println(") {
		t.Errorf("the page says %q", text)
	}
	if r := s.Execute(t.Context(), cell.Request{Count: 2, Code: "noSuchName?"}, noSink{}); r.Error == nil {
		t.Error("no error for a name that nobody knows")
	}
}
