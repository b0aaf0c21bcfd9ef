package display

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"io"
	"net/http"
	"reflect"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

	"divvy/arrowio"
)

// The size in points at which a plot is drawn that says nothing of its size,
// and the dots per CSS pixel, so that it is sharp on the screens of today.
const (
	plotWidth  = 5 * vg.Inch
	plotHeight = 3.4 * vg.Inch
	cssDPI     = 96
	pixelRatio = 2
)

// builtin shows the types of other packages that know nothing of method sets.
func builtin(v any) (b Bundle, ok bool) {
	defer func() {
		if p := recover(); p != nil {
			b, ok = plain(fmt.Sprintf("display: drawing %T: panic: %v", v, p)), true
		}
	}()
	switch x := v.(type) {
	case *plot.Plot:
		return ofPlot(x), true
	case image.Image:
		return ofImage(x), true
	case mat.Matrix:
		return plain(fmt.Sprint(mat.Formatted(x, mat.Squeeze(), mat.Excerpt(maxExcerpt(x))))), true
	case arrow.Record:
		return Of(arrowio.FromRecord(x)), true
	case arrow.Table:
		return ofTable(x), true
	case arrow.Array:
		return ofArray(x), true
	case io.Reader:
		// Written to somewhere, a reader is empty afterwards: looking at a value
		// must not change it.
		return Bundle{}, false
	case io.WriterTo:
		return ofWriter(x)
	}
	return ofStructs(v)
}

// maxExcerpt is how many rows and columns of a matrix are shown at either end: all
// of one that is not large.
func maxExcerpt(m mat.Matrix) int {
	if r, c := m.Dims(); r > 20 || c > 12 {
		return 5
	}
	return 0
}

func ofPlot(p *plot.Plot) Bundle {
	c := vgimg.NewWith(vgimg.UseWH(plotWidth, plotHeight), vgimg.UseDPI(cssDPI*pixelRatio))
	p.Draw(draw.New(c))
	b := ofImage(c.Image())
	b.Metadata = map[string]any{MIMEPNG: map[string]any{
		"width":  int(plotWidth.Points() / 72 * cssDPI),
		"height": int(plotHeight.Points() / 72 * cssDPI),
	}}
	b.Data[MIMEText] = "plot"
	if p.Title.Text != "" {
		b.Data[MIMEText] = "plot: " + clean(p.Title.Text)
	}
	return b
}

func ofImage(m image.Image) Bundle {
	var buf bytes.Buffer
	size := m.Bounds().Size()
	text := fmt.Sprintf("%T, %d x %d pixels", m, size.X, size.Y)
	enc := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := enc.Encode(&buf, m); err != nil {
		return plain(fmt.Sprintf("%s (display: encoding PNG: %v)", text, err))
	}
	b := PNG(buf.Bytes())
	b.Data[MIMEText] = text
	return b
}

// ofStructs shows a slice of structs as a table with a column a field, where its
// elements have no text of their own. The text stays Go's.
func ofStructs(v any) (Bundle, bool) {
	rv := reflect.ValueOf(v)
	if rv.Kind() != reflect.Slice || rv.Len() == 0 || rv.Type().Elem().Kind() != reflect.Struct {
		return Bundle{}, false
	}
	switch rv.Index(0).Interface().(type) {
	case error, fmt.Stringer:
		return Bundle{}, false
	}
	page, ok := StructsHTML(v)
	if !ok {
		return Bundle{}, false
	}
	b := plain(Text(v))
	b.Data[MIMEHTML] = page
	return b, true
}

// StructsHTML is a slice of structs as a table, with a column a field. ok is false
// for what is none, and where a field has a type that no column can hold.
func StructsHTML(v any) (page string, ok bool) {
	const most = 100000 // rows worth making a table of, to show a few
	rv := reflect.ValueOf(v)
	if rv.Kind() != reflect.Slice || rv.Len() == 0 || rv.Len() > most {
		return "", false
	}
	t, err := arrowio.FromStructs(v)
	if err != nil || t.NumCols() == 0 {
		return "", false
	}
	return t.HTML(), true
}

// ofWriter shows what writes itself as an image or a document: the canvases of
// gonum/plot, for example. Anything else it leaves to the printer.
func ofWriter(w io.WriterTo) (Bundle, bool) {
	var buf bytes.Buffer
	if _, err := w.WriteTo(&buf); err != nil {
		return plain(fmt.Sprintf("display: WriteTo of %T: %v", w, err)), true
	}
	content := buf.Bytes()
	mime, _, _ := strings.Cut(http.DetectContentType(content), ";")
	switch head := bytes.TrimSpace(content[:min(len(content), 512)]); {
	case isBinary(mime):
		return binary(mime, content), true
	case bytes.HasPrefix(head, []byte("<svg")), mime == "text/xml" && bytes.Contains(head, []byte("<svg")):
		return SVG(string(content)), true
	case mime == MIMEHTML:
		return HTML(string(content)), true
	}
	return Bundle{}, false
}

// ofTable shows the first piece of an Arrow table, whose columns may lie in
// several, and says when that is not all.
func ofTable(t arrow.Table) Bundle {
	pieces := array.NewTableReader(t, -1)
	defer pieces.Release()
	if !pieces.Next() {
		return plain(fmt.Sprintf("arrow table, 0 rows\n%v", t.Schema()))
	}
	rec := pieces.Record()
	b := Of(arrowio.FromRecord(rec))
	if rec.NumRows() < t.NumRows() {
		note := fmt.Sprintf("the first %d of %d rows", rec.NumRows(), t.NumRows())
		b.Data[MIMEText] = b.Text() + "\n" + note
		if page, ok := b.Data[MIMEHTML].(string); ok {
			b.Data[MIMEHTML] = page + "<p>" + note + "</p>"
		}
	}
	return b
}

// ofArray shows an Arrow array as a table of one column.
func ofArray(a arrow.Array) Bundle {
	t, err := arrowio.NewTable().Array("value", a).Build()
	if err != nil {
		return plain(fmt.Sprintf("%v (display: %v)", a, err))
	}
	return Of(t)
}
