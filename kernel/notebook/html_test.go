package notebook

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestHTML(t *testing.T) {
	nb, err := Read("testdata/outputs.golden.ipynb")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "page.html")
	if err := nb.WriteHTML(path, "a <title>"); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	page := string(b)
	for _, want := range []string{
		"<title>a &lt;title&gt;</title>",
		"<h1>Outputs</h1>",
		`<pre>out a\n`,
		`<div class="prompt">[3]:</div>`,
		"<pre>100 %\ndone\n</pre>",
		`<img src="data:image/svg+xml;base64,PHN2Zz4K`,
		`<div class="prompt">[5]:</div><div class="body"><pre>42</pre></div>`,
		`<span class="a1">Panic</span>: index out of range`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if !strings.Contains(page, `content="default-src 'none';`) {
		t.Error("the page allows scripts")
	}
}

// What data and sources smuggle in stays text.
func TestHTMLEscapes(t *testing.T) {
	hostile := `<script>alert("x")</script><img src=x onerror=alert(1)>`
	nb := New()
	nb.Cells = append(nb.Cells,
		newCell("markdown", "m", hostile+"\n\n[x](javascript:alert(1)) `"+hostile+"` $"+hostile+"$"),
		newCell("raw", "r", hostile),
		newCell("code", "c", "s := `"+hostile+"` // "+hostile))
	nb.Cells[2].fields["outputs"] = []any{
		map[string]any{"output_type": "stream", "name": "stdout", "text": hostile + "\x1b[31m" + hostile},
		map[string]any{"output_type": "error", "ename": hostile, "evalue": hostile, "traceback": []any{hostile}},
		map[string]any{"output_type": "error", "ename": hostile, "evalue": hostile, "traceback": []any{}},
		map[string]any{"output_type": "display_data", "data": map[string]any{"text/plain": hostile}},
		map[string]any{"output_type": "display_data", "data": map[string]any{"text/markdown": hostile}},
		map[string]any{"output_type": "display_data", "data": map[string]any{"text/latex": hostile}},
		map[string]any{"output_type": "display_data", "data": map[string]any{"application/json": hostile}},
		map[string]any{"output_type": "display_data", "data": map[string]any{"image/svg+xml": hostile}},
		map[string]any{"output_type": "display_data",
			"data":     map[string]any{"image/png": `"><script>`},
			"metadata": map[string]any{"image/png": map[string]any{"width": `1" onload="x`}}},
	}
	b, err := nb.HTML(hostile)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<script", "<img src=x", "javascript:", `" onload=`} {
		if strings.Contains(string(b), bad) {
			t.Errorf("the page contains %s", bad)
		}
	}
}

func TestMarkdown(t *testing.T) {
	for source, want := range map[string]string{
		"*a*":                        "<p><em>a</em></p>\n",
		"$a_1 * b_2 * c$":            "<p><math title=\"$a_1 * b_2 * c$\"><mrow><msub><mi>a</mi><mn>1</mn></msub>",
		"$$x_1\n= 2_3$$":             "<p><math display=\"block\" title=\"$$x_1\n= 2_3$$\"><mrow><msub><mi>x</mi><mn>1</mn></msub>",
		"$\\x_1 * b_2 * c$":          "<p><span class=\"math\">$\\x_1 * b_2 * c$</span></p>\n",
		"it costs $5 and $6":         "<p>it costs $5 and $6</p>\n",
		"| a |\n|---|\n| 1 |":        "<table>",
		"![](attachment:a.png)":      `<img src="data:image/png;base64,AAAA"`,
		"<b>no HTML</b>":             "<p><!-- raw HTML omitted -->no HTML",
		"1. one\n2. two":             "<ol>",
		"```go\nif a < 1 {\n```":     `<code class="language-go"><span class="k">if</span> a &lt; <span class="n">1</span> {`,
		"```\nif a < 1 {\n```":       "<pre><code>if a &lt; 1 {",
		"\ue0000\ue001 in the input": "in the input",
	} {
		got, err := markdown(source, map[string]string{"a.png": "data:image/png;base64,AAAA"})
		if err != nil || !strings.Contains(string(got), want) {
			t.Errorf("%q: %q (%v), want %q in it", source, got, err, want)
		}
	}
}

func TestHighlight(t *testing.T) {
	for source, want := range map[string]string{
		"x := 1":             `x := <span class="n">1</span>`,
		"for range \"a<b\"":  `<span class="k">for</span> <span class="k">range</span> <span class="s">&#34;a&lt;b&#34;</span>`,
		"a // <c>\nb":        "a <span class=\"c\">// &lt;c&gt;</span>\nb",
		"%pkg add x @ # é":   "%pkg add x @ # é",
		"s := `a\r\nb`; if ": "s := `a\r\nb`; <span class=\"k\">if</span> ",
		"\"open":             `<span class="s">&#34;open</span>`,
		"":                   "",
	} {
		if got := string(highlight(source)); got != want {
			t.Errorf("%q:\n%s\nwant\n%s", source, got, want)
		}
	}
}

func TestANSI(t *testing.T) {
	for s, want := range map[string]string{
		"plain <b>":                  "plain &lt;b&gt;",
		"\x1b[31mred\x1b[0m on":      `<span class="a1">red</span> on`,
		"\x1b[1;94mx\x1b[22my\x1b[m": `<span class="a12 b">x</span><span class="a12">y</span>`,
		"\x1b[38;5;200mx\x1b[39my":   "xy",
		"\x1b[48;2;1;2;3;31mx":       `<span class="a1">x</span>`,
		"\x1b[2K\x1b[?25lx\x1b[1Ay":  "xy",
		"\x1b[33ma\x1b[33mb":         `<span class="a3">a</span><span class="a3">b</span>`,
	} {
		if got := string(ansiHTML(s)); got != want {
			t.Errorf("%q: %s, want %s", s, got, want)
		}
	}
}

// A picture says what its output says in text, to whoever does not see it.
func TestPicturesAreDescribed(t *testing.T) {
	got := renderBundle(map[string]any{"image/png": "AA\nAA", "text/plain": `figure: "a" <b>`}, nil)
	if want := `<img src="data:image/png;base64,AAAA" alt="figure: &#34;a&#34; &lt;b&gt;">`; string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A page shows the figure of a widget, and what its controls were set to.
func TestHTMLOfWidgets(t *testing.T) {
	nb := New()
	nb.Cells = append(nb.Cells, newCell("code", "c", "x"))
	nb.Cells[0].fields["outputs"] = []any{map[string]any{"output_type": "display_data", "data": map[string]any{
		widgetView: map[string]any{"model_id": "box"}, "image/png": "AAAA", "text/plain": "all"}}}
	state := func(s map[string]any) map[string]any { return map[string]any{"state": s} }
	nb.metadata()["widgets"] = map[string]any{"application/vnd.jupyter.widget-state+json": map[string]any{"state": map[string]any{
		"box":    state(map[string]any{"children": []any{"IPY_MODEL_slider", "IPY_MODEL_menu", "IPY_MODEL_lost", "IPY_MODEL_box", "IPY_MODEL_none"}}),
		"slider": state(map[string]any{"description": "p < 1", "value": 0.5}),
		"menu":   state(map[string]any{"description": "by", "index": 1.0, "_options_labels": []any{"PRO", "SFT"}}),
		"none":   state(map[string]any{"description": "", "value": 3}),
	}}}
	data := nb.Cells[0].fields["outputs"].([]any)[0].(map[string]any)["data"].(map[string]any)
	for _, view := range []any{data[widgetView], json.RawMessage(`{"model_id": "box"}`)} {
		data[widgetView] = view
		page, err := nb.HTML("")
		if err != nil {
			t.Fatal(err)
		}
		if want := `<div class="set">p &lt; 1: 0.5, by: SFT</div><img`; !strings.Contains(string(page), want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}
