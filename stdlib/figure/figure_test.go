package figure

import (
	"bytes"
	"encoding/json"
	"errors"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg/draw"

	"divvy/stdlib/display"
	"divvy/stdlib/paper"
)

// The published lines, to the digits that are known.
func TestPublishedLines(t *testing.T) {
	for _, c := range []struct {
		name   string
		series []Series
		mse    float64
		digits float64 // the unit of mse's last digit
		lines  [][2]float64
	}{
		{"a", BySamples(paper.Figure4a()), 1.2306e-4, 1e-8, nil},
		{"c", ByDiversity(paper.Figure4c()), 2.580e-5, 1e-8, [][2]float64{{7.3174e-3, 0.38830}, {6.4528e-3, 0.42109}, {4.2583e-3, 0.47194}}},
		{"d", ByDiversity(paper.Figure4d()), 9.327e-6, 1e-9, [][2]float64{{4.6520e-3, 0.43481}, {4.5237e-3, 0.45235}, {5.3581e-3, 0.44973}}},
	} {
		mse, err := PooledMSE(c.series)
		if err != nil || math.Abs(mse-c.mse) > c.digits/2*1.001 {
			t.Errorf("(%s): pooled MSE %v, want %v (%v)", c.name, mse, c.mse, err)
		}
		fits, err := FitAll(c.series)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range c.lines {
			if math.Abs(fits[i].Slope-want[0]) > 0.51e-7 || math.Abs(fits[i].Intercept-want[1]) > 0.51e-5 {
				t.Errorf("(%s) %s: %v, want slope %v and intercept %v", c.name, c.series[i].Name, fits[i], want[0], want[1])
			}
		}
	}
	for _, want := range []float64{paper.MSE4a, paper.MSE4c, paper.MSE4d} {
		if s := scientific(want); !strings.Contains(Figure4a().Subtitle+Figure4c().Subtitle+Figure4d().Subtitle, s) {
			t.Errorf("no panel says %s", s)
		}
	}
}

func TestOLSFaults(t *testing.T) {
	for name, xy := range map[string][2][]float64{
		"lengths": {{1, 2}, {1}}, "one point": {{1}, {1}}, "equal x": {{2, 2}, {1, 3}},
		// Their mean is not any of them, so that deviations from it are not zero.
		"equal x that round": {{12.6974, 12.6974, 12.6974}, {1, 3, 2}}, "equal but for rounding": {{.3, .1 + .2}, {1, 2}},
		"infinite": {{1, 2}, {1, math.Inf(1)}}, "NaN": {{1, math.NaN()}, {1, 2}},
	} {
		if l, err := OLS(xy[0], xy[1]); err == nil {
			t.Errorf("%s: got %v", name, l)
		}
	}
	if _, err := PooledMSE(nil); !errors.Is(err, ErrEmpty) {
		t.Errorf("no series: %v", err)
	}
	if _, err := PooledMSE([]Series{{Name: "short", X: []float64{1}, Y: []float64{1}}}); err == nil || !strings.Contains(err.Error(), "short") {
		t.Errorf("the error does not name the series: %v", err)
	}
}

// What statsmodels gives for the same points.
func TestOLSErrors(t *testing.T) {
	l, err := OLS([]float64{1, 2, 4, 4.5, 7}, []float64{2, 3.1, 2.9, 4.2, 5.5})
	if err != nil {
		t.Fatal(err)
	}
	low, high := l.Band(3, 0.95)
	for name, v := range map[string][2]float64{
		"slope": {l.Slope, 0.53715596}, "intercept": {l.Intercept, 1.55252294}, "slope's error": {l.SlopeError(), 0.12127657},
		"R2": {l.R2, 0.8673602220456742}, "scatter": {l.Scatter(), 0.5662460212442323}, "error at 10": {l.MeanError(10), 0.80491473},
		"low": {low, 2.3140105}, "high": {high, 4.01397115}, "leave-one-out": {l.LOO(), 0.4062463682545811},
	} {
		if math.Abs(v[0]-v[1]) > 1e-7 {
			t.Errorf("%s: %v, want %v", name, v[0], v[1])
		}
	}
	// The third point alone has another x: without it there is no line.
	if l, err := OLS([]float64{.1, .1, .7}, []float64{1, 2, 3}); err != nil || !math.IsInf(l.LOO(), 1) {
		t.Errorf("leave-one-out error %v, %v", l.LOO(), err)
	}
	l, err = OLS([]float64{1, 2}, []float64{1, 1})
	if low, high := l.Band(1, 0.95); err != nil || !math.IsInf(low, -1) || !math.IsInf(high, 1) || !math.IsNaN(l.SlopeError()) || !math.IsNaN(l.R2) {
		t.Errorf("two points: %+v, %v to %v, %v", l, low, high, err)
	}
}

func TestFaultsAreErrors(t *testing.T) {
	good := Series{Name: "s", X: []float64{1, 2}, Y: []float64{3, 4}}
	for _, c := range []struct {
		name string
		f    Figure
		want string
	}{
		{"empty", Figure{}, "no data"},
		{"lengths", Figure{Series: []Series{{Name: "s", X: []float64{1}, Y: nil}}}, `series 0 "s": 1 x and 0 y`},
		{"NaN", Figure{Series: []Series{{Name: "s", X: []float64{1, 2}, Y: []float64{1, math.NaN()}}}}, "y[1] is NaN"},
		{"band", Figure{Series: []Series{{X: []float64{1}, Y: []float64{1}, Lo: []float64{0}}}}, "1 lower and 0 upper"},
		{"log of zero", Figure{XLog: true, Series: []Series{{X: []float64{0}, Y: []float64{1}}}}, "x[0] is 0 on a logarithmic axis"},
		{"categories", Figure{Categories: []string{"a"}, Series: []Series{good}}, "2 values for 1 categories"},
		{"colour", Figure{Series: []Series{{X: []float64{1}, Y: []float64{1}, Color: 9}}}, "colour 9"},
		{"line through one point", Figure{Series: []Series{{X: []float64{1}, Y: []float64{1}, Fit: true}}}, "1 points"},
		{"too large", Figure{Width: 1e6, Series: []Series{good}}, "1e+06 by 420 pixels"},
		{"panic in drawing", Figure{Series: []Series{good}, Customize: func(p *plot.Plot) { p.Add(panicker{}) }}, "cannot draw"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := c.f.PNG(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("PNG: %v, want %q", err, c.want)
			}
			if _, err := c.f.SVG(); err == nil {
				t.Error("SVG: no error")
			}
			b := display.Of(&c.f)
			if len(b.Data) != 1 || !strings.Contains(b.Text(), c.want) {
				t.Errorf("shown as %v", b.Data)
			}
		})
	}
}

type panicker struct{}

func (panicker) Plot(draw.Canvas, *plot.Plot) { panic("cannot draw") }

// Hard but valid data is drawn in every layout.
func TestHardData(t *testing.T) {
	one := []Series{{X: []float64{5}, Y: []float64{0}}}
	many := make([]Series, 20)
	for i := range many {
		many[i] = Series{Name: strings.Repeat("<&\"$ ", 20), X: []float64{1e-12, 1e12}, Y: []float64{-1e-300, 1e300}, Mark: LinePoints}
	}
	negative := []Series{{Name: "−", Y: []float64{-3, 2}}, {Name: "+", Y: []float64{0, 0}}}
	for name, f := range map[string]*Figure{
		"one point":       {Series: one},
		"one category":    BarChart([]string{"x"}, []Series{{Y: []float64{0}}}),
		"many series":     {Series: many, XLog: true, Title: strings.Repeat("long title ", 30)},
		"negative bars":   BarChart([]string{"a", "b"}, negative),
		"dots":            DotChart([]string{"a", "b"}, negative),
		"narrow":          {Series: one, Width: 60, Height: 40, Title: "t", XLabel: "x"},
		"empty series":    {Series: append(one, Series{Name: "none", Mark: LinePoints})},
		"rules only near": {Series: one, Rules: []Rule{{At: 5}, {At: 7, Horizontal: true, Label: "y"}}},
	} {
		b := display.Of(f)
		if _, ok := b.Data[display.MIMEPNG]; !ok {
			t.Errorf("%s: %s", name, b.Text())
		}
		if _, err := f.SVG(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBundle(t *testing.T) {
	f := Figure4c()
	b := display.Of(f)
	raw, err := f.PNG()
	if err != nil {
		t.Fatal(err)
	}
	m, err := png.DecodeConfig(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	meta := b.Metadata[display.MIMEPNG].(map[string]any)
	if m.Width != 2*meta["width"].(int) || m.Height != 2*meta["height"].(int) || m.Width != 1280 {
		t.Errorf("%d x %d dots to be shown at %v", m.Width, m.Height, meta)
	}
	if b.Text() != "figure: (c) PRO: reward against diversity (640 x 420)" {
		t.Errorf("text %q", b.Text())
	}
	if _, ok := b.Data[display.MIMEVegaLite]; !ok {
		t.Error("no Vega-Lite")
	}
	if _, ok := b.Data[display.MIMESVG]; ok {
		t.Error("an SVG part would win over the PNG and is not shown in untrusted notebooks")
	}
	f.Static = true
	if _, ok := display.Of(f).Data[display.MIMEVegaLite]; ok {
		t.Error("a static figure has Vega-Lite")
	}
	large := Scatter([]Series{{X: make([]float64, vegaPoints+1), Y: make([]float64, vegaPoints+1)}})
	large.Series[0].Fit = false
	if b := display.Of(large); b.Data[display.MIMEVegaLite] != nil || b.Data[display.MIMEPNG] == nil {
		t.Error("a large figure is to be a PNG alone")
	}
	if b := display.Of(Figure4()); b.Data[display.MIMEPNG] == nil {
		t.Errorf("panels: %s", b.Text())
	}
}

// Vega-Lite gets every value, and text of others as data, never as markup.
func TestVegaLite(t *testing.T) {
	for name, c := range map[string]struct {
		f    *Figure
		want []string
	}{
		"described": {Figure4c(), []string{`"description":"(c) PRO: reward against diversity. One least-squares line per ranking, pooled MSE 2.58e-5. Reward against Diversity d. Series: \"2 responses\"`}},
		"scatter":   {Figure4c(), []string{vegaSchema, `"x":12.6974,"y":0.4764`, "#0072b2", `"bind":"legend"`, "y = 0.0073174 x +0.3883"}},
		"dots":      {EqualBudget(), []string{`"category":"PRO OPT-1.3B Harmless, N = 24,000"`, `"value":59.24`}},
		"bars":      {BarChart([]string{"<b>"}, []Series{{Name: "s", Y: []float64{2}}}), []string{`\u003cb\u003e`, `"xOffset"`}},
		"rules on dots": {&Figure{Categories: []string{"a"}, Layout: Dots, Series: []Series{{Y: []float64{2}}}, Rules: []Rule{{At: 2, Label: "here"}}},
			[]string{`"label":"here","value":2`, `"strokeDash"`}},
		"rules on bars": {&Figure{Categories: []string{"a"}, Series: []Series{{Y: []float64{2}}}, Rules: []Rule{{At: 1, Label: "there", Horizontal: true}, {At: 1}}},
			[]string{`"label":"there","value":1`}},
		"one name": {&Figure{Series: []Series{{Name: "a", X: []float64{1}, Y: []float64{1}, Mark: Line}, {Name: "a", X: []float64{2}, Y: []float64{2}}, {Name: "b", X: []float64{2}, Y: []float64{2}}}},
			[]string{`"domain":["a","b"],"range":["#0072b2","#d55e00"]`}},
		"rules": {&Figure{Series: []Series{{X: []float64{1, 2}, Y: []float64{1, 2}}}, Rules: []Rule{{At: 1.5, Label: "here"}, {At: 1, Horizontal: true}}}, []string{`"label":"here"`, `"strokeDash"`}},
	} {
		raw, err := json.Marshal(c.f.VegaLite())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, want := range c.want {
			if !bytes.Contains(raw, []byte(want)) {
				t.Errorf("%s: no %s in %s", name, want, raw)
			}
		}
	}
}

func TestSave(t *testing.T) {
	dir := t.TempDir()
	for ext, magic := range map[string]string{"png": "\x89PNG", "svg": "<?xml"} {
		path := filepath.Join(dir, "a new folder", "f."+ext)
		if err := Figure4b().Save(path); err != nil {
			t.Error(err)
			continue
		}
		if raw, _ := os.ReadFile(path); !strings.HasPrefix(string(raw), magic) {
			t.Errorf("%s begins with %q", ext, raw[:min(len(raw), 8)])
		}
	}
	if err := Figure4b().Save(filepath.Join(dir, "f.pdf")); err == nil || !strings.Contains(err.Error(), ".pdf") {
		t.Errorf("pdf: %v", err)
	}
	svg, err := Figure4b().SVG()
	if err != nil || !strings.Contains(svg, "Arial,Helvetica,sans-serif") || strings.Contains(svg, "font-family:Liberation Sans;") {
		t.Errorf("SVG names no face to stand in (%v)", err)
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		min, max float64
		want     string
	}{
		{0, 36000, "0 5,000 10,000 15,000 20,000 25,000 30,000 35,000"},
		{0.472, 0.564, "0.48 0.50 0.52 0.54 0.56"},
		{-1, 1, "−1.0 −0.5 0.0 0.5 1.0"},
		{12.3, 21.2, "14 16 18 20"},
		{0, 3e-5, "0 5e-06 1e-05 1.5e-05 2e-05 2.5e-05 3e-05"},
		{5, 5, "5"},
	} {
		var labels []string
		for _, tick := range (Ticks{}).Ticks(c.min, c.max) {
			labels = append(labels, tick.Label)
		}
		if got := strings.Join(labels, " "); got != c.want {
			t.Errorf("%v to %v: %s, want %s", c.min, c.max, got, c.want)
		}
	}
}

// The lightness of neighbours and the shapes differ, so that a series is told
// from the next without colour; and each colour stands out from the paper.
func TestPalette(t *testing.T) {
	luminance := func(s style) float64 {
		lin := func(v uint8) float64 {
			x := float64(v) / 255
			if x <= 0.03928 {
				return x / 12.92
			}
			return math.Pow((x+0.055)/1.055, 2.4)
		}
		return 0.2126*lin(s.color.R) + 0.7152*lin(s.color.G) + 0.0722*lin(s.color.B)
	}
	for i, s := range palette {
		if contrast := 1.05 / (luminance(s) + 0.05); contrast < 2 {
			t.Errorf("colour %d has contrast %.2f with the paper", i+1, contrast)
		}
		if next := palette[(i+1)%len(palette)]; next.shape == s.shape {
			t.Errorf("colours %d and %d share a marker", i+1, i+2)
		}
	}
}

func BenchmarkPNG(b *testing.B) {
	f := Figure4c()
	for b.Loop() {
		if _, err := f.PNG(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSVG(b *testing.B) {
	f := Figure4c()
	for b.Loop() {
		if _, err := f.SVG(); err != nil {
			b.Fatal(err)
		}
	}
}

// The decay index p whose d gives the lowest pooled MSE, and the logarithm of N
// as a rival of d: better for SFT, worse for PRO.
func TestDecayIndex(t *testing.T) {
	for _, c := range []struct {
		name   string
		points []paper.Point
		best   float64
		ln     float64
		better bool
	}{
		{"PRO", paper.Figure4c(), 0.444, 3.51e-5, false},
		{"SFT", paper.Figure4d(), 0.568, 8.85e-6, true},
	} {
		mse := func(x func(paper.Point) float64) float64 {
			moved := slices.Clone(c.points)
			for i, p := range moved {
				moved[i].Diversity = x(p)
			}
			v, err := PooledMSE(ByDiversity(moved))
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		best, lowest := 0., math.Inf(1)
		for k := 300; k < 700; k++ {
			p := float64(k) / 1000
			if v := mse(func(q paper.Point) float64 { return q.Diversity * math.Pow(float64(q.Samples), p-paper.DecayIndex) }); v < lowest {
				best, lowest = p, v
			}
		}
		ln := mse(func(q paper.Point) float64 { return math.Log(float64(q.Samples)) })
		half := mse(diversity)
		if best != c.best || math.Abs(ln-c.ln) > 0.006*c.ln || (ln < half) != c.better {
			t.Errorf("%s: best p %.3f, MSE with ln N %.3g and with d %.3g; want %.3f and %.3g", c.name, best, ln, half, c.best, c.ln)
		}
	}
}

// Labels stand above their rules, and to the side where they would meet.
func TestRuleLabels(t *testing.T) {
	f := &Figure{Rules: []Rule{{At: 300, Label: "alone"}, {At: 100, Label: "left one"}, {At: 120, Label: "right one"}, {At: 500, Label: "at the end of the plot"}, {At: 1, Horizontal: true}}}
	got := f.ruleAligns(func(v float64) float64 { return v }, 500)
	want := []text.XAlignment{draw.XCenter, draw.XRight, draw.XLeft, draw.XRight, 0}
	if !slices.Equal(got, want) {
		t.Errorf("aligned %v, want %v", got, want)
	}
	if !f.hasRuleLabels() || (&Figure{Rules: f.Rules[4:]}).hasRuleLabels() {
		t.Error("room for labels where there are none, or none where there are some")
	}
}
