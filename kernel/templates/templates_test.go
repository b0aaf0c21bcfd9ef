package templates_test

import (
	"errors"
	"fmt"
	html "html/template"
	"reflect"
	"strings"
	"testing"
	"text/template"
	"time"

	"divvy/kernel/symbols/box"
	"divvy/kernel/templates"
)

type day int

func (d day) String() string { return [...]string{"Mon", "Tue"}[d] }

type row struct {
	Name string
	Day  day
	Tags []string
	Meta map[string]any
	Kids []*row
	Up   *row
	Any  any
	F    func(int) int
	note string
}

func (r row) Upper() string                { return strings.ToUpper(r.Name) }
func (r *row) First() *row                 { return r.Kids[0] }
func (r row) Sum(ns ...int) (n int)        { return n + len(ns) + len(r.Tags) }
func (r row) Half(f float64) float64       { return f / 2 }
func (r row) Either(b bool, x any) any     { return map[bool]any{true: x, false: r.Name}[b] }
func (r row) Fails() (string, error)       { return "", errors.New("failed") }
func (r row) Is(o *row) bool               { return o != nil && o.Name == r.Name }
func (r row) Each(yield func(string) bool) { _ = yield(r.Name) && yield("2") }

// TestPlain compares templates over values of compiled code with what the
// packages give for them.
func TestPlain(t *testing.T) {
	env := templates.Env{
		Implements: func(any, *box.Type) bool { return false },
		Adapt:      func(any, reflect.Type) (reflect.Value, bool) { return reflect.Value{}, false },
		Sprint:     func(a ...any) string { return fmt.Sprint(a...) },
	}
	kid := &row{Name: "k<i>d", Day: 1}
	data := &row{Name: "top", Tags: []string{"a", "b"}, Meta: map[string]any{"n": 3, "r": kid, "t": time.Duration(1500) * time.Millisecond, "nil": nil},
		Kids: []*row{kid}, Any: *kid, F: func(n int) int { return n + 1 }}
	funcs := map[string]any{"up": strings.ToUpper, "add": func(a, b int) int { return a + b }, "give": func() *row { return kid }}
	for _, text := range []string{
		"{{.Name}} {{.Upper}} {{.Day}} {{.Tags}} {{len .Tags}} {{.Meta.n}} {{.Meta.r.Name}} {{.Meta.none}} {{.Meta.t.Seconds}} {{.Any.Upper}}",
		"{{.First.Name}} {{.First.Day}} {{(.First).Upper}} {{.Sum}} {{.Sum 1 2}} {{.Half 3}} {{.Half 2.5}} {{.Either true 4}} {{.Either false nil}} {{.Is .First}} {{.Is .}}",
		"{{range $i, $k := .Kids}}{{$i}}{{$k.Name}}{{$k.Upper}}{{end}}{{range .Tags}}[{{.}}]{{else}}none{{end}}{{range .Up.Tags}}x{{end}}",
		"{{range .Tags}}{{.}}{{break}}{{end}}{{range $k, $v := .Meta}}{{$k}}={{$v}} {{end}}{{range 3}}{{.}}{{end}}{{range .Each}}{{.}}{{end}}",
		"{{with .First}}{{.Name}}{{else}}-{{end}}{{with .Up}}x{{else}}none{{end}}{{if and .Tags .Name}}both{{end}}{{or .Up .Name}}{{not .Day}}{{if $x := .Day}}{{$x}}{{else}}zero{{$x}}{{end}}",
		"{{index .Tags 1}} {{index .Meta \"n\"}} {{(index .Kids 0).Name}} {{slice .Name 1 2}} {{slice .Tags 1}} {{call .F 3}} {{eq .Day 0}} {{lt (len .Tags) 3}} {{eq .Name \"top\" \"x\"}}",
		"{{.Name | up | printf \"%q\"}} {{add 1 (len .Tags)}} {{give.Name}} {{give.Upper}} {{print .Name 1 2}} {{println .Day}} {{html .First.Name}} {{.First.Name | js}} {{urlquery .Meta.r.Name}}",
		"{{$x := .}}{{$x.Name}}{{$y := $x.First.Upper}}{{$y}}{{$y = \"z\"}}{{$y}}{{define \"t\"}}<{{.Name}}>{{end}}{{template \"t\" .First}}{{block \"b\" .Tags}}{{len .}}{{end}}",
		"{{.Nope}}", "{{.note}}", "{{.Up.Name}}", "{{.Up.Upper}}", "{{.Fails}}", "{{.Sum 1 \"a\"}}", "{{.Half}}", "{{.Name.Foo}}", "{{.Name 1}}", "{{index .Tags 5}}", "{{index .Nope 1}}",
		"{{len 3}}", "{{call .Name}}", "{{add 1}}", "{{.Meta.nil.X}}", "{{.Meta.n.X}}", "{{.Meta.n 3}}", "{{slice .Tags 3}}", "{{range .Name}}{{end}}", "{{.F}}", "{{nil}}", "{{eq .Tags .Tags}}",
	} {
		for _, mode := range []string{"default", "zero", "error"} {
			run := func(do func(*template.Template, *strings.Builder) error) string {
				p, err := template.New("x").Option("missingkey=" + mode).Funcs(funcs).Parse(text)
				if err != nil {
					return err.Error()
				}
				var sb strings.Builder
				if err := do(p, &sb); err != nil {
					return sb.String() + " error " + cause(err)
				}
				return sb.String()
			}
			want := run(func(p *template.Template, sb *strings.Builder) error { return p.Execute(sb, data) })
			for range 2 { // the template itself stays as it is
				if got := run(func(p *template.Template, sb *strings.Builder) error { return env.Text(p, sb, "", data) }); got != want {
					t.Errorf("%s (missingkey=%s)\ngot  %s\nwant %s", text, mode, got, want)
				}
			}
		}
		run := func(do func(*html.Template, *strings.Builder) error) string {
			p, err := html.New("x").Funcs(funcs).Parse("<p title='" + text + "'>" + strings.ReplaceAll(text, "define", "define") + "</p>")
			if err != nil {
				return err.Error()
			}
			var sb strings.Builder
			if err := do(p, &sb); err != nil {
				return sb.String() + " error " + cause(err)
			}
			return sb.String()
		}
		if strings.Contains(text, "define") { // it can be defined once
			continue
		}
		want := run(func(p *html.Template, sb *strings.Builder) error { return p.Execute(sb, data) })
		if got := run(func(p *html.Template, sb *strings.Builder) error { return env.HTML(p, sb, "", data) }); got != want {
			t.Errorf("html %s\ngot  %s\nwant %s", text, got, want)
		}
	}
}

// cause is what an error says after the place.
func cause(err error) string {
	s := err.Error()
	if i := strings.LastIndex(s, ">: "); i >= 0 {
		s = s[i+3:]
	}
	return strings.TrimPrefix(s, "error calling call: ")
}
