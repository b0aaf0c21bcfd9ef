package notebook

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"divvy/install/pyenv"
	"divvy/kernel/cell"
)

var regenerate = flag.Bool("regen", false, "rewrite the golden files in testdata")

// script is an interpreter whose cells are run by a function.
type script struct {
	cell.Interpreter // what is not set is not called
	run              func(ctx context.Context, r cell.Request, out cell.Sink) *cell.Error
	requests         []cell.Request
}

func (s *script) Execute(ctx context.Context, r cell.Request, out cell.Sink) cell.Result {
	s.requests = append(s.requests, r)
	return cell.Result{Error: s.run(ctx, r, out)}
}

// actor runs cells whose lines are events: it shows what a kernel may show.
func actor(_ context.Context, r cell.Request, out cell.Sink) *cell.Error {
	for _, line := range strings.Split(r.Code, "\n") {
		verb, arg, _ := strings.Cut(strings.TrimSpace(line), " ")
		if strings.HasPrefix(arg, ":=") {
			continue // a parameter
		}
		arg = strings.NewReplacer(`\n`, "\n", `\r`, "\r", `\b`, "\b", `\e`, "\x1b").Replace(arg)
		bundle := &cell.Bundle{Data: map[string]any{"text/plain": arg}}
		switch verb {
		case "", "//":
		case "out":
			out.Emit(cell.Event{Kind: cell.Stream, Stream: "stdout", Text: arg})
		case "err":
			out.Emit(cell.Event{Kind: cell.Stream, Stream: "stderr", Text: arg})
		case "result":
			out.Emit(cell.Event{Kind: cell.ExecuteResult, Bundle: bundle})
		case "display", "update":
			id, text, _ := strings.Cut(arg, " ")
			bundle.Data["text/plain"] = text
			kind := cell.Display
			if verb == "update" {
				kind = cell.UpdateDisplay
			}
			out.Emit(cell.Event{Kind: kind, DisplayID: id, Bundle: bundle})
		case "figure":
			out.Emit(cell.Event{Kind: cell.Display, Bundle: &cell.Bundle{
				Data: map[string]any{
					"text/plain":    "Figure",
					"image/png":     "iVBORw0KGgo=\n",
					"image/svg+xml": "<svg>\n<path d=\"M0 0\"/>\n</svg>",
					"application/vnd.vegalite.v5+json": map[string]any{
						"mark": "point", "width": 480, "data": []float64{0.5, 1e21, 0.1}},
				},
				Metadata: map[string]any{"image/png": map[string]any{"width": 480}},
			}})
		case "clear":
			out.Emit(cell.Event{Kind: cell.ClearOutput, Wait: arg == "wait"})
		case "slider":
			out.Emit(cell.Event{Kind: cell.CommOpen, Comm: &cell.CommMessage{
				Kind: cell.CommOpen, ID: "w1", Target: "jupyter.widget",
				Data: map[string]any{"state": map[string]any{
					"_model_name": "FloatSliderModel", "_model_module": "@jupyter-widgets/controls",
					"_model_module_version": "2.0.0", "value": 0.5},
					"buffer_paths": []any{[]any{"image"}}},
				Buffers: [][]byte{{1, 2, 3}},
			}})
			out.Emit(cell.Event{Kind: cell.CommMsg, Comm: &cell.CommMessage{
				Kind: cell.CommMsg, ID: "w1",
				Data: map[string]any{"method": "update", "state": map[string]any{"value": 0.75}, "buffer_paths": []any{}},
			}})
		case "fail":
			return &cell.Error{
				Name: cell.ErrPanic, Value: arg, Traceback: []string{"\x1b[31mPanic\x1b[0m: " + arg, "In[2]:2"},
				Diagnostics: []cell.Diagnostic{{Cell: "In[2]", Line: 2, Column: 1, Message: arg}},
			}
		default:
			panic("no such verb: " + verb)
		}
	}
	return nil
}

// source makes a notebook of code cells.
func source(t *testing.T, cells ...string) *Notebook {
	t.Helper()
	nb := New()
	for i, s := range cells {
		nb.Cells = append(nb.Cells, newCell("code", fmt.Sprintf("c%d", i), s))
	}
	return nb
}

// Every notebook of testdata is run and compared with its golden file, which
// -regen writes. What nbformat would write is compared, too: it must be the
// same, byte for byte.
func TestGolden(t *testing.T) {
	inputs, err := filepath.Glob("testdata/*.in.ipynb")
	if err != nil || len(inputs) == 0 {
		t.Fatal("no notebooks in testdata", err)
	}
	for _, in := range inputs {
		t.Run(filepath.Base(in), func(t *testing.T) {
			nb, err := Read(in)
			if err != nil {
				t.Fatal(err)
			}
			nb.SetLanguage(map[string]any{"name": "divvy", "display_name": "Go (Divvy)", "language": "go"},
				map[string]any{"name": "go", "file_extension": ".go"})
			if _, err := nb.Inject([]Parameter{{"n", "500"}}); err != nil {
				t.Fatal(err)
			}
			if _, err := nb.Run(t.Context(), &script{run: actor}, Options{AllowErrors: true}); err != nil {
				t.Fatal(err)
			}
			golden := strings.TrimSuffix(in, ".in.ipynb") + ".golden.ipynb"
			if *regenerate {
				if err := nb.Write(golden); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			got, err := nb.Encode()
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("the notebook differs from %s:\n%s", golden, firstDifference(string(got), string(want)))
			}
		})
	}
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return fmt.Sprintf("line %d is %q, want %q", i+1, g[i], w[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(g), len(w))
}

// nbformat itself finds the golden files valid and would not change a byte.
func TestGoldenIsWhatNbformatWrites(t *testing.T) {
	env := pyenv.Need(t)
	goldens, _ := filepath.Glob("testdata/*.golden.ipynb")
	if len(goldens) == 0 {
		t.Fatal("no golden files")
	}
	program := `
import sys, nbformat
for path in sys.argv[1:]:
    text = open(path, encoding="utf8", newline="").read()
    nb = nbformat.reads(text, as_version=4)
    nbformat.validate(nb)
    again = nbformat.writes(nb) + "\n"
    if again != text:
        a, b = text.split("\n"), again.split("\n")
        i = next(i for i in range(min(len(a), len(b))) if a[i] != b[i])
        sys.exit(f"{path}:{i+1}: {a[i]!r}, nbformat writes {b[i]!r}")
`
	cmd := env.Command(t.Context(), append([]string{"-c", program}, goldens...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct{ text, want string }{
		{``, "the file is empty"},
		{`{"cells":`, "the file ends within the notebook"},
		{"{\n\"cells\": [,]}", "line 2: invalid character ','"},
		{`{} {}`, "more in the file"},
		{`[]`, "it begins with an array"},
		{`{"nbformat":3,"worksheets":[]}`, "it has nbformat 3, this reads nbformat 4"},
		{`{"nbformat":4}`, "no list of cells"},
		{`{"nbformat":4,"cells":[1]}`, "cell 1 is no object"},
		{`{"nbformat":4,"cells":[{"cell_type":"heading"}]}`, "cell 1 has the unknown type heading"},
	}
	for _, tc := range tests {
		if _, err := Parse([]byte(tc.text)); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q in it", tc.text, err, tc.want)
		}
	}
}

func TestWriteIsAtomic(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.ipynb")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link.ipynb")
	if err := os.Symlink("a.ipynb", link); err != nil {
		t.Fatal(err)
	}
	nb := source(t, "out x")
	if err := nb.Write(link); err != nil {
		t.Fatal(err)
	}
	if again, err := Read(path); err != nil || len(again.Cells) != 1 {
		t.Errorf("what the link points to: %v", err)
	}
	if st, _ := os.Lstat(link); st.Mode()&os.ModeSymlink == 0 {
		t.Error("the link was replaced")
	}
	if st, _ := os.Stat(path); st.Mode().Perm() != 0o600 {
		t.Errorf("permissions are %v", st.Mode())
	}
	nb.Cells[0].fields["metadata"] = map[string]any{"bad": func() {}}
	if err := nb.Write(path); err == nil {
		t.Error("what cannot be encoded was written")
	}
	if _, err := Read(path); err != nil {
		t.Errorf("a failed write has left %v", err)
	}
	if err := nb.Write(filepath.Join(dir, "no such folder", "a.ipynb")); err == nil {
		t.Error("no error for a folder that does not exist")
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("left over: %v", entries)
	}
}

// splitLines cuts as Python's str.splitlines(True) does; the wanted lists were
// made by it.
func TestSplitLines(t *testing.T) {
	tests := map[string][]any{
		"":                   {},
		"a":                  {"a"},
		"a\n":                {"a\n"},
		"a\nb":               {"a\n", "b"},
		"a\r\nb\rc":          {"a\r\n", "b\r", "c"},
		"\n\n":               {"\n", "\n"},
		"a\x0bb\x0cc\x1cd":   {"a\x0b", "b\x0c", "c\x1c", "d"},
		"a\u0085b\u2028c":    {"a\u0085", "b\u2028", "c"},
		"tab\tstays":         {"tab\tstays"},
		"\r":                 {"\r"},
		"日本\n語":              {"日本\n", "語"},
		"invalid \xff\nnext": {"invalid \xff\n", "next"},
	}
	for s, want := range tests {
		if got := splitLines(s); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}
