package display

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"divvy/arrowio"
)

type page struct{ body string }

func (p page) HTML() string { return p.body }
func (p page) JSON() any    { return map[string]int{"hidden": 1} }

type tree struct{}

func (tree) JSON() any { return map[string]any{"a": []int{1, 2}} }

type pointed struct{ N int }

type bundledAt struct{}

func (*bundledAt) MIMEBundle() map[string]any { return nil }

func (p *pointed) Markdown() string { return fmt.Sprintf("**%d**", p.N) }

type bundled struct{ m map[string]any }

func (b bundled) MIMEBundle() map[string]any { return b.m }
func (b bundled) MIMEMetadata() map[string]any {
	return map[string]any{MIMEPNG: map[string]any{"width": 10}}
}

type faulty struct{ Name string }

func (faulty) HTML() string           { panic("no page today") }
func (faulty) Markdown() string       { return "*still here*" }
func (faulty) SVG() (string, error)   { return "", errors.New("out of ink") }
func (faulty) LaTeX() (string, error) { return "$x$", nil }

type silent struct{}

func (silent) String() string { panic("nothing to say") }

type brokenPlotter struct{}

func (brokenPlotter) Plot(draw.Canvas, *plot.Plot) { panic("cannot draw") }

func TestOfMethodSets(t *testing.T) {
	pngBytes := []byte("\x89PNG\r\n\x1a\n")
	for _, c := range []struct {
		name string
		v    any
		want map[string]any // by exact content; json.RawMessage as string
	}{
		{"html without its json", page{"<b>x</b>"}, map[string]any{MIMEHTML: "<b>x</b>", MIMEText: "display.page{body: \"<b>x</b>\"}"}},
		{"json alone", tree{}, map[string]any{MIMEJSON: `{"a":[1,2]}`, MIMEText: "display.tree{}"}},
		{"pointer method by value", pointed{7}, map[string]any{MIMEMarkdown: "**7**", MIMEText: "display.pointed{N: 7}"}},
		{"pointer method", &pointed{7}, map[string]any{MIMEMarkdown: "**7**", MIMEText: "&display.pointed{N: 7}"}},
		{"nil bundle", (*bundledAt)(nil), map[string]any{MIMEText: "(*display.bundledAt)(nil): there is nothing to show"}},
		{"nil pointer", (*pointed)(nil), map[string]any{MIMEText: "(*display.pointed)(nil)"}},
		{"bundle with bytes", bundled{map[string]any{MIMEPNG: pngBytes, MIMEVegaLite: map[string]int{"a": 1}, MIMEText: "two"}},
			map[string]any{MIMEPNG: base64.StdEncoding.EncodeToString(pngBytes), MIMEVegaLite: `{"a":1}`, MIMEText: "two"}},
		{"reflect.Value", reflect.ValueOf(page{"r"}), map[string]any{MIMEHTML: "r", MIMEText: `display.page{body: "r"}`}},
		{"invalid reflect.Value", reflect.Value{}, map[string]any{MIMEText: "nil"}},
		{"HTML()", HTML("<style>b{}</style>a &lt; <b>b</b>"), map[string]any{MIMEHTML: "<style>b{}</style>a &lt; <b>b</b>", MIMEText: "a < b"}},
		{"PNG()", PNG(pngBytes), map[string]any{MIMEPNG: base64.StdEncoding.EncodeToString(pngBytes), MIMEText: "image/png, 8 bytes"}},
		{"JSON()", JSON([]int{1}), map[string]any{MIMEJSON: "[1]", MIMEText: "[\n  1\n]"}},
		{"JSON() of what has none", JSON(func() {}), map[string]any{MIMEText: "display: JSON of func(): json: unsupported type: func()"}},
		{"error", errors.New("boom"), map[string]any{MIMEText: "boom"}},
		{"hostile text", "a\x1b[31m<script>", map[string]any{MIMEText: "a␛[31m<script>"}},
		{"matrix", mat.NewDense(2, 2, []float64{1, 2.5, 3, 4}), map[string]any{MIMEText: "⎡1  2.5⎤\n⎣3    4⎦"}},
		{"vector", mat.NewVecDense(2, []float64{1, 2}), map[string]any{MIMEText: "⎡1⎤\n⎣2⎦"}},
		{"buffer is not drained", bytes.NewBufferString("<html>"), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := Of(c.v)
			if c.want == nil {
				if len(b.Data) != 1 || c.v.(*bytes.Buffer).Len() != 6 {
					t.Errorf("looking at the buffer changed it: %v", b.Data)
				}
				return
			}
			got := map[string]any{}
			for k, v := range b.Data {
				if raw, ok := v.(json.RawMessage); ok {
					v = string(raw)
				}
				got[k] = v
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
			if _, err := json.Marshal(b); err != nil {
				t.Errorf("bundle has no JSON form: %v", err)
			}
		})
	}
}

func TestOfSurvivesFaults(t *testing.T) {
	p := plot.New()
	p.Add(brokenPlotter{})
	for _, c := range []struct {
		name  string
		v     any
		texts []string
		mimes []string
	}{
		{"panic and error in methods", faulty{"f"},
			[]string{`display.faulty{Name: "f"}`, "HTML() of display.faulty: panic: no page today", "SVG() of display.faulty: out of ink"},
			[]string{MIMEMarkdown, MIMELaTeX}},
		{"panicking String", silent{}, []string{"panic: nothing to say"}, nil},
		{"panicking String inside", []silent{{}}, []string{"its String panicked: nothing to say"}, nil},
		{"panicking plot", p, []string{"drawing *plot.Plot: panic: cannot draw"}, nil},
		{"bundle of wrong content", bundled{map[string]any{MIMEHTML: 3, MIMEPNG: []byte("x")}},
			[]string{"text/html: content is a int"}, []string{MIMEPNG}},
		{"bundle that JSON cannot write", bundled{map[string]any{MIMEJSON: func() {}}}, []string{"unsupported type"}, nil},
		{"empty image", image.NewRGBA(image.Rect(0, 0, 0, 0)), []string{"encoding PNG"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := Of(c.v)
			for _, want := range c.texts {
				if !strings.Contains(b.Text(), want) {
					t.Errorf("text %q lacks %q", b.Text(), want)
				}
			}
			if len(b.Data) != len(c.mimes)+1 {
				t.Errorf("forms %v, want %v and text", sortedKeys(b.Data), c.mimes)
			}
			for _, m := range c.mimes {
				if _, ok := b.Data[m]; !ok {
					t.Errorf("no %s", m)
				}
			}
		})
	}
}

// An interpreter supplies the methods of its types by name.
func TestOfMethods(t *testing.T) {
	called := map[string]bool{}
	b := OfMethods(struct{ Xname string }{"n"}, func(name string) (any, bool, error) {
		called[name] = true
		if name == "HTML" {
			return "<i>n</i>", true, nil
		}
		return nil, false, nil
	})
	if b.Data[MIMEHTML] != "<i>n</i>" || b.Text() != `{name: "n"}` {
		t.Errorf("got %v", b.Data)
	}
	for _, name := range []string{"MIMEBundle", "Markdown", "LaTeX", "SVG", "PNG", "JPEG", "Error", "String"} {
		if !called[name] {
			t.Errorf("%s was not asked for", name)
		}
	}
}

func decodePNG(t *testing.T, b Bundle) image.Image {
	t.Helper()
	s, _ := b.Data[MIMEPNG].(string)
	raw, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	m, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		t.Fatalf("%v in %v", err, sortedKeys(b.Data))
	}
	return m
}

func TestOfPictures(t *testing.T) {
	m := image.NewGray(image.Rect(0, 0, 3, 2))
	m.SetGray(1, 1, color.Gray{200})
	if got := decodePNG(t, Of(m)); got.Bounds().Dx() != 3 || color.GrayModel.Convert(got.At(1, 1)) != (color.Gray{200}) {
		t.Errorf("image came back as %v", got)
	}

	p := plot.New()
	p.Title.Text = "Squares"
	line, err := plotter.NewLine(plotter.XYs{{X: 0, Y: 0}, {X: 1, Y: 1}, {X: 2, Y: 4}})
	if err != nil {
		t.Fatal(err)
	}
	p.Add(line)
	b := Of(p)
	size := decodePNG(t, b).Bounds().Size()
	if meta := b.Metadata[MIMEPNG].(map[string]any); size.X != 2*meta["width"].(int) || abs(size.Y-2*meta["height"].(int)) > 1 {
		t.Errorf("plot of %v pixels, to be shown at %v: not 2 to 1", size, meta)
	}
	if b.Text() != "plot: Squares" {
		t.Errorf("text %q", b.Text())
	}

	canvas := vgsvg.New(2*vg.Inch, vg.Inch)
	p.Draw(draw.New(canvas))
	if s, _ := Of(canvas).Data[MIMESVG].(string); !strings.Contains(s, "<svg") {
		t.Error("an SVG canvas is not shown as SVG")
	}
	decodePNG(t, Of(vgimg.PngCanvas{Canvas: vgimg.New(vg.Inch, vg.Inch)}))
}

func TestOfArrow(t *testing.T) {
	table, err := arrowio.NewTable().Strings("prompt", []string{"<b>hi</b>", "there"}).Floats("reward", []float64{1, 2}).Build()
	if err != nil {
		t.Fatal(err)
	}
	rec := table.Record()
	twice := array.NewTableFromRecords(rec.Schema(), []arrow.Record{rec, rec})
	for name, c := range map[string]struct {
		v    any
		want []string
	}{
		"table":       {table, []string{"&lt;b&gt;hi", "reward"}},
		"record":      {rec, []string{"&lt;b&gt;hi", "reward"}},
		"arrow table": {twice, []string{"&lt;b&gt;hi", "reward", "the first 2 of 4 rows"}},
		"structs":     {[]struct{ Xprompt, Note string }{{"<b>hi", "there"}}, []string{"&lt;b&gt;hi", "prompt", "Note"}},
		"array":       {rec.Column(0), []string{"&lt;b&gt;hi", "value"}},
	} {
		b := Of(c.v)
		page, _ := b.Data[MIMEHTML].(string)
		for _, want := range c.want {
			if !strings.Contains(page, want) {
				t.Errorf("%s: no %q in %s", name, want, page)
			}
		}
		if strings.Contains(page, "<b>hi") || !strings.Contains(b.Text(), "there") {
			t.Errorf("%s: text %q, page %s", name, b.Text(), page)
		}
	}
}

// What a table cannot hold, or writes its own text, stays text.
func TestOfStructsStaysText(t *testing.T) {
	for _, v := range []any{[]point{}, []time.Time{time.Unix(0, 0)}, []struct{ F func() }{{}}, []struct{ x int }{{1}}, []silent{{}}} {
		if b := Of(v); len(b.Data) != 1 {
			t.Errorf("%T is shown as %v", v, sortedKeys(b.Data))
		}
	}
}

func TestOfValues(t *testing.T) {
	for _, c := range []struct {
		name string
		vs   []any
		text string
		html string
	}{
		{"none", nil, "", ""},
		{"one", []any{3}, "3", ""},
		{"value and nil error", []any{3, nil}, "3", ""},
		{"value and error", []any{3, errors.New("late")}, "(3, late)", ""},
		{"nothing and error", []any{(*pointed)(nil), errors.New("late")}, "late", ""},
		{"nothing and no error", []any{(*pointed)(nil), nil}, "(*display.pointed)(nil)", ""},
		{"zero and error", []any{0, errors.New("late")}, "(0, late)", ""},
		{"rich", []any{page{"<b>p</b>"}, "<&"}, `(display.page{body: "<b>p</b>"}, <&)`,
			"<div><b>p</b></div>\n<div><pre>&lt;&amp;</pre></div>\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := OfValues(c.vs)
			if html, _ := b.Data[MIMEHTML].(string); b.Text() != c.text || html != c.html {
				t.Errorf("got %q and %q, want %q and %q", b.Text(), html, c.text, c.html)
			}
		})
	}
	pic := OfValues([]any{image.NewGray(image.Rect(0, 0, 1, 1)), 1})
	if html, _ := pic.Data[MIMEHTML].(string); !strings.Contains(html, `<img src="data:image/png;base64,`) {
		t.Errorf("no picture in %q", html)
	}
}

func abs(n int) int { return max(n, -n) }

// A plain result of a cell, the commonest thing to show.
func BenchmarkOf(b *testing.B) {
	for b.Loop() {
		Of(2)
	}
}
