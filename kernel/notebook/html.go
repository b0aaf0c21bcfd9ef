package notebook

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	stdhtml "html"
	"html/template"
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
)

//go:embed page.html
var pageSource string

var page = template.Must(template.New("page").Parse(pageSource))

// pageCell is a cell as the page shows it.
type pageCell struct {
	Kind    string // code, markdown or raw
	ID      string
	Count   string
	Source  template.HTML
	Outputs []pageOutput
}

// pageOutput is an output; Result is the n of Out[n] where it is one.
type pageOutput struct {
	Class  string
	Result string
	Body   template.HTML
}

// HTML returns the notebook as a web page that needs nothing else: no script, no
// other file, no network. The page forbids scripts, so what an output smuggles
// in does not run.
func (nb *Notebook) HTML(title string) ([]byte, error) {
	data := struct {
		Title string
		Cells []pageCell
	}{Title: title}
	for _, c := range nb.Cells {
		p := pageCell{Kind: c.Type(), ID: c.ID()}
		switch p.Kind {
		case "code":
			p.Source = highlight(c.Source())
			if n := c.fields["execution_count"]; n != nil {
				p.Count = fmt.Sprint(n)
			}
			outputs, _ := c.fields["outputs"].([]any)
			for _, v := range outputs {
				if o, ok := v.(map[string]any); ok {
					p.Outputs = append(p.Outputs, nb.renderOutput(o))
				}
			}
		case "markdown":
			html, err := markdown(c.Source(), attachments(c))
			if err != nil {
				return nil, fmt.Errorf("rendering the text cell %s: %w", c.ID(), err)
			}
			p.Source = html
		default:
			p.Source = escape(c.Source())
		}
		data.Cells = append(data.Cells, p)
	}
	var b bytes.Buffer
	if err := page.Execute(&b, data); err != nil {
		return nil, fmt.Errorf("rendering the page: %w", err)
	}
	return b.Bytes(), nil
}

// WriteHTML writes the page to a file, at once.
func (nb *Notebook) WriteHTML(path, title string) error {
	b, err := nb.HTML(title)
	if err == nil {
		err = writeFile(path, b)
	}
	if err != nil {
		return fmt.Errorf("writing the page %s: %w", path, err)
	}
	return nil
}

func escape(s string) template.HTML { return template.HTML(template.HTMLEscapeString(s)) }

func (nb *Notebook) renderOutput(o map[string]any) pageOutput {
	switch o["output_type"] {
	case "stream":
		name, _ := o["name"].(string)
		return pageOutput{Class: "stream " + name, Body: pre(joined(o["text"]))}
	case "error":
		lines, _ := o["traceback"].([]any)
		var trace []string
		for _, l := range lines {
			s, _ := l.(string)
			trace = append(trace, s)
		}
		if len(trace) == 0 {
			trace = []string{fmt.Sprintf("%v: %v", o["ename"], o["evalue"])}
		}
		return pageOutput{Class: "error", Body: pre(strings.Join(trace, "\n"))}
	}
	p := pageOutput{Class: "display"}
	if n := o["execution_count"]; n != nil {
		p.Result = fmt.Sprint(n)
	}
	data, _ := o["data"].(map[string]any)
	metadata, _ := o["metadata"].(map[string]any)
	p.Body = renderBundle(data, metadata)
	if set := nb.settings(data[widgetView]); set != "" && !strings.HasPrefix(string(p.Body), "<pre>") { // the text has it
		p.Body = `<div class="set">` + escape(set) + "</div>" + p.Body
	}
	return p
}

// pre shows text as a terminal would.
func pre(s string) template.HTML { return "<pre>" + ansiHTML(s) + "</pre>" }

// renderBundle shows the richest part of a bundle that a page without scripts
// can show.
func renderBundle(data, metadata map[string]any) template.HTML {
	text := func(mime string) (string, bool) {
		v, ok := data[mime]
		if !ok {
			return "", false
		}
		return joined(v), true
	}
	if s, ok := text("text/html"); ok {
		return template.HTML(s) // what the notebook itself would show; the page runs no scripts
	}
	if s, ok := text("text/markdown"); ok {
		if html, err := markdown(s, nil); err == nil {
			return html
		}
	}
	says, _ := text("text/plain")
	if s, ok := text("image/svg+xml"); ok { // as an image, an SVG has no scripts and no links
		return picture("image/svg+xml", base64.StdEncoding.EncodeToString([]byte(s)), says, metadata)
	}
	for _, mime := range []string{"image/png", "image/jpeg", "image/gif", "image/webp"} {
		if s, ok := text(mime); ok {
			return picture(mime, strings.Join(strings.Fields(s), ""), says, metadata)
		}
	}
	if s, ok := text("text/latex"); ok {
		return formulaHTML(s)
	}
	if s, ok := text("text/plain"); ok {
		return pre(s)
	}
	if v, ok := data["application/json"]; ok {
		if b, err := json.MarshalIndent(v, "", "  "); err == nil {
			return pre(string(b))
		}
	}
	return ""
}

// picture is an image with its data, in the size that its metadata ask for, and
// what it says to whoever does not see it.
func picture(mime, base64, says string, metadata map[string]any) template.HTML {
	size := ""
	if m, ok := metadata[mime].(map[string]any); ok {
		for _, side := range []string{"width", "height"} {
			if v := fmt.Sprint(m[side]); number.MatchString(v) {
				size += fmt.Sprintf(` %s="%s"`, side, v)
			}
		}
	}
	return template.HTML(fmt.Sprintf(`<img src="data:%s;base64,%s"%s alt="%s">`, mime, template.HTMLEscapeString(base64), size, template.HTMLEscapeString(says)))
}

var number = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)

// attachments are the pictures that a text cell brings along, by name.
func attachments(c *Cell) map[string]string {
	list, _ := c.fields["attachments"].(map[string]any)
	urls := map[string]string{}
	for name, v := range list {
		bundle, _ := v.(map[string]any)
		for mime, data := range bundle {
			if strings.HasPrefix(mime, "image/") {
				urls[name] = "data:" + mime + ";base64," + joined(data)
			}
		}
	}
	return urls
}

// formula is TeX between dollars, as Jupyter has it.
var formula = regexp.MustCompile(`(?s)\$\$.+?\$\$|\$[^\s$](?:[^$\n]*[^\s$])?\$`)

// goBlock is what goldmark makes of a fenced block of Go, up to its end.
var goBlock = regexp.MustCompile(regexp.QuoteMeta(goBlockStart) + `[^<]*`)

const goBlockStart = `<pre><code class="language-go">`

// markdown renders a text cell. HTML in it is left out, as goldmark does unless
// told otherwise. Formulas are kept from Markdown's reading of _ and *.
func markdown(source string, attached map[string]string) (template.HTML, error) {
	var formulas []string
	source = formula.ReplaceAllStringFunc(source, func(f string) string {
		formulas = append(formulas, f)
		return fmt.Sprintf("\ue000%d\ue001", len(formulas)-1) // private-use characters, which no text has
	})
	for name, url := range attached {
		source = strings.ReplaceAll(source, "(attachment:"+name+")", "("+url+")")
	}
	var b bytes.Buffer
	if err := goldmark.New(goldmark.WithExtensions(extension.GFM)).Convert([]byte(source), &b); err != nil {
		return "", err
	}
	html := goBlock.ReplaceAllStringFunc(b.String(), func(block string) string {
		return goBlockStart + string(highlight(stdhtml.UnescapeString(block[len(goBlockStart):])))
	})
	for i, f := range formulas {
		html = strings.ReplaceAll(html, fmt.Sprintf("\ue000%d\ue001", i),
			string(formulaHTML(f)))
	}
	return template.HTML(html), nil
}

// formulaHTML is a formula as MathML, or as TeX where that cannot be had.
func formulaHTML(tex string) template.HTML {
	if math, err := mathML(tex); err == nil {
		return math
	}
	return `<span class="math">` + escape(tex) + "</span>"
}
