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
