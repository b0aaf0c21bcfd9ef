package notebook

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestMathML(t *testing.T) {
	for _, test := range []struct{ tex, want string }{
		{`$N$`, `<mi>N</mi>`},
		{`$2N/3$`, `<mn>2</mn><mi>N</mi><mo stretchy="false">/</mo><mn>3</mn>`},
		{`$p = \tfrac12$`, `<mi>p</mi><mo stretchy="false">=</mo><mfrac><mn>1</mn><mn>2</mn></mfrac>`},
		{`$d^p_i$`, `<msubsup><mi>d</mi><mi>i</mi><mi>p</mi></msubsup>`},
		{`$\sqrt{|D|}\cdot r$`, `<msqrt><mrow><mo stretchy="false" lspace="0" rspace="0">|</mo><mi>D</mi><mo stretchy="false" lspace="0" rspace="0">|</mo></mrow></msqrt><mo stretchy="false">·</mo><mi>r</mi>`},
		{`$\sum_{i=1}^n \alpha$`, `<munderover><mo largeop="true">∑</mo><mrow><mi>i</mi><mo stretchy="false">=</mo><mn>1</mn></mrow><mi>n</mi></munderover><mi>α</mi>`},
		{`$\frac{\text{unique 2-grams}}{\text{all <b>}}$`, `<mfrac><mrow><mtext>unique 2-grams</mtext></mrow><mrow><mtext>all &lt;b&gt;</mtext></mrow></mfrac>`},
		{`$\log x < 3.$`, `<mi>log</mi><mo>&#x2061;</mo><mi>x</mi><mo stretchy="false">&lt;</mo><mn>3</mn><mo stretchy="false">.</mo>`},
		{`$\left(x\right.$`, `<mo stretchy="false">(</mo><mi>x</mi>`},
	} {
		got, err := mathML(test.tex)
		if err != nil {
			t.Errorf("%s: %v", test.tex, err)
			continue
		}
		inner := string(got[strings.Index(string(got), ">")+1:])
		if want := "<mrow>" + test.want + "</mrow></math>"; inner != want {
			t.Errorf("%s:\n got %s\nwant %s", test.tex, inner, want)
		}
	}
	if got, err := mathML(`$$d = r,$$`); err != nil || !strings.HasPrefix(string(got), `<math display="block" title="$$d = r,$$">`) {
		t.Errorf("%s, %v", got, err)
	}
}

// What is not known stays TeX, and is never half translated.
func TestMathMLOutside(t *testing.T) {
	for _, tex := range []string{`$\begin{array}$`, `$x^$`, `$x^2^3$`, `${x$`, `$x}$`, `$a & b$`, `$\frac{1}$`, `$\text{a$b}$`, `$` + strings.Repeat("{", 200) + strings.Repeat("}", 200) + `$`, "$\x00$"} {
		if got, err := mathML(tex); err == nil {
			t.Errorf("%.40s: %s", tex, got)
		}
	}
	if got := formulaHTML(`$\x{<script>}$`); got != `<span class="math">$\x{&lt;script&gt;}$</span>` {
		t.Error(got)
	}
}

func FuzzMathML(f *testing.F) {
	f.Add(`$\frac{a}{b}^2 \text{x}<$`)
	f.Fuzz(func(t *testing.T, tex string) {
		got, err := mathML(tex)
		if err != nil {
			return
		}
		d := xml.NewDecoder(strings.NewReader(string(got)))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%q gives %s: %v", tex, got, err)
			}
		}
	})
}
