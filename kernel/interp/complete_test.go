package interp_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"
)

func TestComplete(t *testing.T) {
	s := session(t)
	must(t, s, `import "strings"
type Point struct { X, Y int; label string }
// Norm is the length.
func (p *Point) Norm() float64 { return 0 }
type Named struct { Point; Name string }
pt := Point{1, 2, "x"}
nm := Named{}
total := 3
func area(w, h int) int { return w*h }
ps := []Point{pt}
`)
	for _, c := range []struct{ code, want, not string }{
		{"pt.|", "Norm X Y label", "Name"},
		{"pt.N|", "Norm", "X"},
		{"nm.|", "Name Point X Norm", ""},
		{"ps[0].|", "X Y Norm", ""},
		{"strings.To|", "ToUpper ToLower", "Fields"},
		{"time.Dur|", "Duration", ""},
		{"tot|", "total", ""},
		{"are|", "area", ""},
		{"Poi|", "Point", ""},
		{"fun|", "func", ""},
		{"stri|", "string strings", ""},
		{"enco|", "encoding", ""},
		{"Point{|}", "X Y label", ""},
		{"q := Point{X: 1, |}", "Y", "X"},
		{"func f(width int) int {\n\tlocal := 3\n\treturn lo|", "local", ""},
		{"func f(width int) int {\n\treturn wid|\n}", "width", ""},
		{"for i, pp := range ps {\n\tpp.|\n}", "X Norm", ""},
		{"z := pt\nz.|", "X Norm", ""},
		{"fmt.Println(pt.|)", "X Norm", ""},
		{"fmt.Println(strings.Repeat(\"é\", 3), pt.|", "X Norm", ""},
		{"strings.NewReader(\"x\").|", "Read Len", ""},
		{"import \"encoding/j|", "encoding/json", ""},
		{"é := pt; é.|", "X", ""},
		{"if pt.X > 0 { pt.|", "X", ""},
		{"area(to|", "total", ""},
		{"dataset.Example().|", "Len", "MIMEBundle"},
		{"dataset.Example().MIME|", "MIMEBundle", ""},
	} {
		at := strings.IndexByte(c.code, '|')
		code := c.code[:at] + c.code[at+1:]
		start := time.Now()
		got, err := s.Complete(context.Background(), code, len([]rune(c.code[:at])))
		if err != nil {
			t.Fatal(err)
		}
		if d := time.Since(start); d > 20*time.Millisecond {
			t.Logf("%q took %v", c.code, d)
		}
		texts := map[string]bool{}
		for _, m := range got.Matches {
			texts[strings.TrimSuffix(m.Text, ": ")] = true
		}
		for _, w := range strings.Fields(c.want) {
			if !texts[w] {
				t.Errorf("%q: %s is missing of %v", c.code, w, got.Matches[:min(8, len(got.Matches))])
			}
		}
		for _, w := range strings.Fields(c.not) {
			if texts[w] {
				t.Errorf("%q: %s does not belong there", c.code, w)
			}
		}
	}
}

func TestInspect(t *testing.T) {
	s := session(t)
	must(t, s, "import \"strings\"\n// area multiplies.\nfunc area(w, h int) int { return w*h }\nn := 3\ntype T struct{ A int }\n// Do does.\nfunc (T) Do() {}\nvar v T")
	for _, c := range []struct{ code, want string }{
		{"strings.ToUp|per(\"x\")", "func strings.ToUpper(s string) string"},
		{"strings.ToUpper|", "ToUpper returns s with all Unicode letters"},
		{"strings.Repeat(\"x\", |", "func strings.Repeat(s string, count int) string"},
		{"area|", "area multiplies."},
		{"n|", "var n int"},
		{"v.Do|()", "Do does."},
		{"strings|.Fields", "package strings"},
		{"append|", "append adds elements"},
		{"var b strings.Builder; b.WriteStr|ing(\"x\")", "WriteString appends"},
		{"dataset|.X", "package dataset"},
		{"bufio|", "package bufio // import \"bufio\"\n\nPackage bufio implements buffered"}, // not imported yet
	} {
		at := strings.IndexByte(c.code, '|')
		got, err := s.Inspect(context.Background(), c.code[:at]+c.code[at+1:], at, 0)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := got.Bundle.Data["text/plain"].(string)
		if !got.Found || !strings.Contains(text, c.want) {
			t.Errorf("%q: %q does not contain %q", c.code, text, c.want)
		}
	}
	if got, _ := s.Inspect(context.Background(), "1 + 2", 1, 0); got.Found {
		t.Errorf("found %v in 1 + 2", got.Bundle)
	}
}

func TestIsComplete(t *testing.T) {
	s := session(t)
	for code, want := range map[string]string{
		"x := 1": "complete", "for {": "incomplete", "func f() {\n}": "complete", "x := (1 +": "incomplete", "x +": "incomplete",
		"`abc": "incomplete", "/* a": "incomplete", "x := )": "invalid", "if x }": "invalid", "": "complete", "\"abc": "invalid",
		"import \"fmt\"\nfmt.Println(1)\nimport \"os\"": "complete", "x := 1 1": "invalid", "a.": "incomplete", "type T struct {": "incomplete",
		"%time f()": "complete", "!ls": "complete", "%%sql": "incomplete", "%%sql\nselect 1": "incomplete", "%%sql\nselect 1\n": "complete", "%%sql\n\t": "complete",
	} {
		got, err := s.IsComplete(context.Background(), code)
		if err != nil || got.Status != want {
			t.Errorf("%q is %q (%v), want %q", code, got.Status, err, want)
		}
	}
	if got, _ := s.IsComplete(context.Background(), "for {\n    if x {"); got.Indent != "        " {
		t.Errorf("the next line begins with %q", got.Indent)
	}
}

// In a string that is being typed, files are what could stand there.
func TestCompleteFiles(t *testing.T) {
	s := session(t)
	t.Chdir(t.TempDir())
	if err := os.MkdirAll("data/hh é", 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"data/harmless.jsonl.gz", "data/helpful.jsonl", "data/.hidden", "data/a\"b", "dates.csv", "data/hh é/x.txt"} {
		if err := os.WriteFile(name, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("data", "link"); err != nil {
		t.Fatal(err)
	}
	for code, want := range map[string]string{
		"dataset.Load(ctx, \"|":                   "data/ dates.csv link/",
		"dataset.Load(ctx, \"da|":                 "data/ dates.csv",
		"dataset.Load(ctx, \"da|te\")":            "data/ dates.csv",
		"dataset.Load(ctx, \"data/h|":             "harmless.jsonl.gz helpful.jsonl hh é/",
		"dataset.Load(ctx, \"x\", \"data/hh é/|":  "x.txt",
		"dataset.Load(ctx, `data/he|":             "helpful.jsonl",
		"dataset.Load(ctx, \"link/he|":            "helpful.jsonl",
		"dataset.Load(ctx, \"data/.|":             ".hidden",
		"dataset.Load(ctx, \"nowhere/|":           "",
		"s := \"open\ndataset.Load(ctx, \"dates|": "dates.csv",
		"r := '\"'\ndataset.Load(ctx, \"dates|":   "dates.csv",
		"// \"da\nx := \"dat|":                    "data/ dates.csv",
	} {
		at := strings.IndexByte(code, '|')
		got, err := s.Complete(context.Background(), code[:at]+code[at+1:], len([]rune(code[:at])))
		if err != nil {
			t.Fatal(err)
		}
		var texts []string
		for _, m := range got.Matches {
			texts = append(texts, m.Text)
		}
		if strings.Join(texts, " ") != want {
			t.Errorf("%q: %q, want %s", code, texts, want)
		}
		typed := string([]rune(code[:at])[got.Start:got.End])
		for _, x := range texts {
			if !strings.HasPrefix(x, typed) {
				t.Errorf("%q: %s is to stand for %q", code, x, typed)
			}
		}
	}
	if got, _ := s.Complete(context.Background(), "\"dates.csv\"; to", 15); len(got.Matches) == 0 || got.Matches[0].Kind == "file" {
		t.Errorf("behind a string: %v", got.Matches)
	}
}
