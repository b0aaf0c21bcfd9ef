package figure

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
)

// A Vega-Lite chart carries its data as JSON; above this many points the PNG
// alone is smaller and draws faster.
const vegaPoints = 5000

// vegaSchema is the version that JupyterLab 4 draws; it does not know version 6.
const vegaSchema = "https://vega.github.io/schema/vega-lite/v5.json"

// vegaFits tells whether the figure is shown as Vega-Lite too.
func (f *Figure) vegaFits() bool {
	points := 0
	for _, s := range f.Series {
		points += len(s.Y)
	}
	// What Customize does to the plot has no counterpart.
	return !f.Static && f.Customize == nil && points > 0 && points <= vegaPoints
}

// VegaLite gives the figure as a Vega-Lite 5 specification, which answers to the
// mouse: points tell their values, and a click in the legend picks out a series.
func (f *Figure) VegaLite() map[string]any {
	_, h := f.size()
	spec := obj{"width": f.plotWidth(), "height": h - 150}
	switch {
	case f.Categories == nil:
		spec["layer"] = f.vegaSeries()
	case f.Layout == Dots:
		spec["layer"] = f.vegaDots()
		spec["height"] = obj{"step": 24}
	default:
		spec["layer"] = f.vegaBars()
	}
	// Titles stand about concatenations of one chart: only so does the title
	// come above the legend, and is there a place for a caption.
	if f.Caption != "" {
		spec = obj{"vconcat": []any{spec}, "title": obj{
			"text": f.Caption, "orient": "bottom", "anchor": "start", "frame": "bounds", "offset": 12,
			"fontSize": sizeCaption, "fontWeight": "normal", "color": hex(inkFaint),
		}}
	}
	if f.Title != "" || f.Subtitle != "" {
		title := obj{
			"text": f.Title, "anchor": "start", "frame": "bounds", "offset": 8,
			"fontSize": sizeTitle, "color": hex(inkTitle),
		}
		if f.Subtitle != "" {
			title["subtitle"] = f.Subtitle
			title["subtitleFontSize"], title["subtitleColor"], title["subtitlePadding"] = sizeText, hex(inkText), 4
		}
		spec = obj{"vconcat": []any{spec}, "title": title}
	}
	config := vegaConfig()
	if f.hasRuleLabels() { // the legend leaves room for them
		legend := config["legend"].(obj)
		legend["offset"] = legend["offset"].(int) + ruleLabel
	}
	spec["description"] = f.Describe()
	spec["$schema"], spec["config"] = vegaSchema, config
	spec["padding"], spec["background"] = margin, hex(white)
	return spec
}

// plotWidth is the width of the plot within the chart: the rest is for its axis.
func (f *Figure) plotWidth() float64 {
	w, _ := f.size()
	if f.Categories != nil && f.Layout == Dots {
		return w - 300
	}
	return w - 110
}

// obj is a JSON object.
type obj = map[string]any

func vegaConfig() obj {
	font := "Liberation Sans, Arial, Helvetica, sans-serif"
	return obj{
		"font": font,
		"view": obj{"stroke": nil},
		"axis": obj{
			"labelFontSize": sizeTick, "titleFontSize": sizeText, "titleFontWeight": "normal",
			"labelColor": hex(inkText), "titleColor": hex(inkText), "titlePadding": 10,
			"gridColor": hex(inkGrid), "domainColor": hex(inkAxis), "tickColor": hex(inkAxis), "tickCount": 6,
		},
		"axisY": obj{"domain": false, "ticks": false, "labelPadding": 8},
		"legend": obj{
			"orient": "top", "title": nil, "labelFontSize": sizeText, "labelColor": hex(inkText),
			"symbolSize": 90, "symbolOpacity": 1, "offset": 6, "columnPadding": 18, "labelLimit": 400,
		},
	}
}

// scales gives colours and shapes to the names of the series.
func (f *Figure) scales() (names, colors, shapes []any) {
	for i, s := range f.Series {
		if f.first(i) != i {
			continue
		}
		look := palette[f.look(i)]
		names = append(names, f.seriesName(i, s))
		colors = append(colors, hex(look.color))
		shapes = append(shapes, look.shape.svg())
	}
	return names, colors, shapes
}

func (f *Figure) seriesName(i int, s Series) string {
	if s.Name == "" {
		return fmt.Sprintf("series %d", i+1)
	}
	return s.Name
}

func (f *Figure) color() obj {
	names, colors, _ := f.scales()
	c := obj{"field": "series", "type": "nominal", "scale": obj{"domain": names, "range": colors}}
	if !f.hasLegend() {
		c["legend"] = nil
	}
	return c
}

func (f *Figure) shape() obj {
	names, _, shapes := f.scales()
	c := obj{"field": "series", "type": "nominal", "scale": obj{"domain": names, "range": shapes}}
	if !f.hasLegend() {
		c["legend"] = nil
	}
	return c
}

// dim fades the series that are not picked in the legend.
func dim(opacity float64) obj {
	return obj{"condition": obj{"param": "pick", "value": opacity}, "value": opacity * 0.15}
}

func pick() []any {
	return []any{obj{"name": "pick", "select": obj{"type": "point", "fields": []any{"series"}}, "bind": "legend"}}
}

// channel describes an axis with the range that the picture has too.
func (f *Figure) channel(field, label string, a plot.Axis, log bool, ticks []float64) obj {
	scale := obj{"domain": []any{a.Min, a.Max}, "nice": false, "zero": false}
	if log {
		scale["type"] = "log"
	}
	axis := obj{}
	if label == "" {
		axis["title"] = nil
	} else {
		axis["title"] = label
	}
	if log && ticks == nil {
		for _, t := range (logTicks{}).Ticks(a.Min, a.Max) {
			ticks = append(ticks, t.Value)
		}
	}
	if ticks != nil {
		axis["values"], axis["tickCount"] = ticks, len(ticks) // a lower count would thin them out
	}
	return obj{"field": field, "type": "quantitative", "scale": scale, "axis": axis}
}

func (f *Figure) vegaSeries() []any {
	p, err := f.plot()
	if err != nil {
		return nil
	}
	x := f.channel("x", f.XLabel, p.X, f.XLog, f.XTicks)
	y := f.channel("y", f.YLabel, p.Y, false, nil)
	data := f.vegaData()
	xy := func(more obj) obj {
		e := obj{"x": x, "y": y, "color": f.color()}
		for k, v := range more {
			e[k] = v
		}
		return e
	}
	var out []any
	layer := func(data []any, mark, encoding obj) {
		if len(data) == 0 {
			return
		}
		l := obj{"data": obj{"values": data}, "mark": mark, "encoding": encoding}
		if len(out) == 0 && f.hasLegend() {
			l["params"] = pick()
		}
		out = append(out, l)
	}
	opacity := func(o float64) obj {
		if f.hasLegend() {
			return dim(o)
		}
		return obj{"value": o}
	}
	layer(data.bands, obj{"type": "area"}, xy(obj{"y2": obj{"field": "y2"}, "opacity": opacity(bandOpacity)}))
	layer(data.lines, obj{"type": "line", "strokeWidth": lineWidth, "clip": true}, xy(obj{"order": obj{"value": nil}, "opacity": opacity(1)}))
	fit := func(width float64, color any) {
		e := xy(obj{"tooltip": tips("series", "", "line", "fit"), "opacity": opacity(1)})
		if color != nil {
			e["detail"], e["color"] = obj{"field": "series"}, obj{"value": color}
		}
		layer(data.fits, obj{"type": "line", "strokeWidth": width, "clip": true}, e)
	}
	layer(data.bars, obj{"type": "errorbar", "ticks": obj{"width": errorCap}, "rule": obj{"strokeWidth": errorWidth}}, xy(obj{"y2": obj{"field": "y2"}, "opacity": opacity(1)}))
	tell := obj{"tooltip": tips("series", "", "x", f.XLabel, "y", f.YLabel)}
	if f.clouded() {
		tell["opacity"] = opacity(cloudOpacity)
		layer(data.points, obj{"type": "point", "filled": true, "size": 18}, xy(tell))
		fit(lineWidth+2*cloudEdge, hex(white))
		fit(lineWidth, nil)
	} else {
		fit(lineWidth, nil)
		tell["shape"], tell["opacity"] = f.shape(), opacity(1)
		layer(data.points, obj{"type": "point", "filled": true, "size": 80, "stroke": "white", "strokeWidth": 0.8}, xy(tell))
	}
	return append(out, f.vegaRules(x, y)...)
}

// vegaData are the rows of the layers.
type vegaData struct{ points, lines, bands, bars, fits []any }

func (f *Figure) vegaData() (d vegaData) {
	for i, s := range f.Series {
		name := f.seriesName(i, s)
		for j := range s.Y {
			at := obj{"series": name, "x": s.X[j], "y": s.Y[j]}
			if s.Mark != Line {
				d.points = append(d.points, at)
			}
			if s.Mark != Points {
				d.lines = append(d.lines, at)
			}
			if s.Lo == nil {
				continue
			}
			between := obj{"series": name, "x": s.X[j], "y": s.Lo[j], "y2": s.Hi[j]}
			if s.Mark == Points {
				d.bars = append(d.bars, between)
			} else {
				d.bands = append(d.bands, between)
			}
		}
		if !s.Fit {
			continue
		}
		if fit, err := OLS(s.X, s.Y); err == nil {
			lo, hi := slices.Min(s.X), slices.Max(s.X)
			const pieces = 16 // straight ones, but for a logarithmic axis
			for k := range pieces + 1 {
				v := lo + (hi-lo)*float64(k)/pieces
				d.fits = append(d.fits, obj{"series": name, "x": v, "y": fit.At(v), "line": fit.String()})
			}
		}
	}
	return d
}

// tips lists what a point tells: pairs of field and title.
func tips(pairs ...string) []any {
	var out []any
	for i := 0; i < len(pairs); i += 2 {
		title := pairs[i+1]
		if title == "" {
			title = pairs[i]
		}
		out = append(out, obj{"field": pairs[i], "title": title})
	}
	return out
}

// vegaRules are the layers of the rules; without a channel for its axis a rule is
// left out.
func (f *Figure) vegaRules(x, y obj) []any {
	var out []any
	var aligns []text.XAlignment
	if x != nil {
		lo, hi := domain(x)
		width := f.plotWidth()
		aligns = f.ruleAligns(func(v float64) float64 {
			if f.XLog {
				return math.Log(v/lo) / math.Log(hi/lo) * width
			}
			return (v - lo) / (hi - lo) * width
		}, width)
	}
	for i, r := range f.Rules {
		text := obj{"type": "text", "baseline": "bottom", "color": hex(r.ink()), "fontSize": sizeTick}
		var axis, encoding, where obj
		if r.Horizontal {
			axis, encoding = y, obj{"y": y}
			text["align"], text["dx"], text["dy"] = "left", 4, -3
			where = obj{"y": y, "x": obj{"value": 0}, "text": obj{"field": "label"}}
		} else {
			axis, encoding = x, obj{"x": x}
			where = obj{"x": x, "y": obj{"value": 0}, "text": obj{"field": "label"}}
		}
		if axis == nil {
			continue
		}
		if lo, hi := domain(axis); r.At < lo || r.At > hi {
			continue
		}
		data := obj{"values": []any{obj{axis["field"].(string): r.At, "label": r.Label}}}
		if !r.Horizontal {
			text["dx"], text["dy"] = -3*ruleSide(aligns[i]), -3
			text["align"] = map[float64]string{-1: "left", 0: "center", 1: "right"}[ruleSide(aligns[i])]
		}
		out = append(out,
			obj{"data": data, "mark": obj{"type": "rule", "strokeDash": []any{5, 4}, "strokeWidth": 1.2, "color": hex(r.ink())}, "encoding": encoding},
			obj{"data": data, "mark": text, "encoding": where})
	}
	return out
}

func domain(channel obj) (lo, hi float64) {
	d := channel["scale"].(obj)["domain"].([]any)
	return d[0].(float64), d[1].(float64)
}

// categoryValues lists the values of a figure with categories.
func (f *Figure) categoryValues() []any {
	var out []any
	for i, s := range f.Series {
		for j, v := range s.Y {
			out = append(out, obj{"series": f.seriesName(i, s), "category": f.Categories[j], "value": v, "at": j})
		}
	}
	return out
}

func (f *Figure) vegaBars() []any {
	p, err := f.plot()
	if err != nil {
		return nil
	}
	names, _, _ := f.scales()
	padding := max(1-groupWidth, 1-barWidth*float64(len(f.Series)))
	y := f.channel("value", f.YLabel, p.Y, false, nil)
	return append([]any{obj{
		"params": pick(),
		"data":   obj{"values": f.categoryValues()},
		"mark":   obj{"type": "bar", "stroke": "white", "strokeWidth": 1},
		"encoding": obj{
			"x":       obj{"field": "category", "type": "nominal", "sort": nil, "title": orNil(f.XLabel), "scale": obj{"padding": padding}, "axis": obj{"labelAngle": 0, "ticks": false, "labelPadding": 6}},
			"xOffset": obj{"field": "series", "sort": names},
			"y":       y,
			"color":   f.color(), "opacity": dim(1),
			"tooltip": tips("series", "", "category", "", "value", f.YLabel),
		},
	}}, f.vegaRules(nil, y)...)
}

func (f *Figure) vegaDots() []any {
	p, err := f.plot()
	if err != nil {
		return nil
	}
	y := obj{"field": "category", "type": "nominal", "sort": nil, "title": orNil(f.YLabel), "axis": obj{"labelLimit": 400, "ticks": false, "domain": false}}
	var spans []any
	for j, c := range f.Categories {
		lo, hi := math.Inf(1), math.Inf(-1)
		for _, s := range f.Series {
			lo, hi = min(lo, s.Y[j]), max(hi, s.Y[j])
		}
		spans = append(spans, obj{"category": c, "value": lo, "hi": hi})
	}
	x := f.channel("value", f.XLabel, p.X, false, f.XTicks)
	return append([]any{
		obj{
			"data":     obj{"values": spans},
			"mark":     obj{"type": "rule", "strokeWidth": 3, "color": hex(inkGridDark)},
			"encoding": obj{"y": y, "x": x, "x2": obj{"field": "hi"}},
		},
		obj{
			"params": pick(),
			"data":   obj{"values": f.categoryValues()},
			"mark":   obj{"type": "point", "filled": true, "size": 110, "stroke": "white", "strokeWidth": 0.8},
			"encoding": obj{
				"y": y, "x": x, "color": f.color(), "shape": f.shape(), "opacity": dim(1),
				"tooltip": tips("category", "", "series", "", "value", f.XLabel),
			},
		},
	}, f.vegaRules(x, nil)...)
}

// orNil gives an axis without a label none, where Vega-Lite would put the field's name.
func orNil(label string) any {
	if label == "" {
		return nil
	}
	return label
}

func hex(c interface{ RGBA() (r, g, b, a uint32) }) string {
	r, g, b, _ := c.RGBA()
	return fmt.Sprintf("#%02x%02x%02x", r>>8, g>>8, b>>8)
}
