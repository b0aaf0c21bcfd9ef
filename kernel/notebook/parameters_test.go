package notebook

import (
	"strings"
	"testing"
)

func TestParseParameter(t *testing.T) {
	for s, want := range map[string]Parameter{
		"n=5": {"n", "5"}, "path=a=b": {"path", "a=b"}, "s=": {"s", ""}, "größe=1": {"größe", "1"},
	} {
		if got, err := ParseParameter(s); err != nil || got != want {
			t.Errorf("%s: %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "n", "=5", "2n=1", "a b=1", "func=1", "x;y=1"} {
		if p, err := ParseParameter(s); err == nil {
			t.Errorf("%s is taken for %v", s, p)
		}
	}
}

func TestInject(t *testing.T) {
	declared := `p := 0.5
n, m := 250, -1
name := "hh"
ok := true
var rate float64 = 1
var text string
var limit uint8
const top = 10
list := []int{1}
d := 5 * time.Second`
	tests := []struct {
		value Parameter
		want  string // the line, or with "!" the error
	}{
		{Parameter{"p", "2"}, "p = 2"},
		{Parameter{"p", "1e-3"}, "p = 1e-3"},
		{Parameter{"m", "-7"}, "m = -7"},
		{Parameter{"n", "many"}, `!parameter n is a number or a boolean, "many" is neither`},
		{Parameter{"n", "1; os.Exit(1)"}, `!is neither`},
		{Parameter{"name", "3"}, `name = "3"`},
		{Parameter{"name", `a "b" \n`}, `name = "a \"b\" \\n"`},
		{Parameter{"name", `"quoted"`}, `name = "quoted"`},
		{Parameter{"name", ""}, `name = ""`},
		{Parameter{"text", "x y"}, `text = "x y"`},
		{Parameter{"ok", "false"}, "ok = false"},
		{Parameter{"ok", "maybe"}, `!neither`},
		{Parameter{"rate", "3"}, "rate = 3"},
		{Parameter{"limit", "7"}, "limit = 7"},
		{Parameter{"top", "20"}, "const top = 20"},
		{Parameter{"list", "[]int{1, 2}"}, "list = []int{1, 2}"},
		{Parameter{"list", "[1, 2"}, "!is no Go expression"},
		{Parameter{"d", "2 * time.Minute"}, "d = 2 * time.Minute"},
		{Parameter{"fresh", "3"}, "fresh := 3"},
		{Parameter{"fresh", "a word"}, `fresh := "a word"`},
		{Parameter{"fresh", "word"}, `fresh := "word"`},
		{Parameter{"fresh", "true"}, "fresh := true"},
		{Parameter{"fresh", "[]string{\"a\"}"}, `fresh := []string{"a"}`},
	}
	for _, tc := range tests {
		nb := source(t, "// first", declared, "// last")
		object(nb.Cells[1].fields, "metadata")["tags"] = []any{"parameters"}
		_, err := nb.Inject([]Parameter{tc.value})
		if want, fails := strings.CutPrefix(tc.want, "!"); fails {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v: error %v, want %q in it", tc.value, err, want)
			}
			continue
		}
		if err != nil {
			t.Errorf("%v: %v", tc.value, err)
			continue
		}
		if len(nb.Cells) != 4 || !nb.Cells[2].tagged(tagInjected) {
			t.Fatalf("%v: the cell is not where it belongs", tc.value)
		}
		if got := nb.Cells[2].Source(); got != "// Parameters\n"+tc.want {
			t.Errorf("%v: %q, want %q", tc.value, got, tc.want)
		}
	}
}

func TestInjectWithoutTag(t *testing.T) {
	nb := source(t, "// first")
	for range 2 { // the second replaces the first
		if _, err := nb.Inject([]Parameter{{"a", "1"}, {"b", "x"}}); err != nil {
			t.Fatal(err)
		}
	}
	if len(nb.Cells) != 2 || nb.Cells[0].Source() != "// Parameters\na := 1\nb := \"x\"" {
		t.Errorf("%d cells, the first %q", len(nb.Cells), nb.Cells[0].Source())
	}
	if _, err := nb.Inject(nil); err != nil || len(nb.Cells) != 2 {
		t.Error("no parameters have changed the notebook")
	}
}

// A parameters cell of declarations, as a whole file has them.
func TestInjectDeclarations(t *testing.T) {
	nb := source(t, "var p = 0.5\n\nfunc double() float64 { return 2 * p }")
	object(nb.Cells[0].fields, "metadata")["tags"] = []any{"parameters"}
	if _, err := nb.Inject([]Parameter{{"p", "1"}}); err != nil {
		t.Fatal(err)
	}
	if got := nb.Cells[1].Source(); got != "// Parameters\np = 1" {
		t.Errorf("%q", got)
	}
}
