package arrowio

import (
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// most text of one value that any display carries, in bytes: a longer one is cut
// and says so, lest one cell make the page unusable.
const mostText = 10_000

// valueText gives the value at i for display. Text stands as it is; inside lists
// and structs it is quoted.
func valueText(a arrow.Array, i int) string {
	switch a := a.(type) {
	case *array.String:
		return a.Value(i)
	case *array.LargeString:
		return a.Value(i)
	case *array.StringView:
		return a.Value(i)
	case *array.Dictionary:
		return valueText(a.Dictionary(), a.GetValueIndex(i))
	}
	var b strings.Builder
	writeValue(&b, a, i)
	return b.String()
}

// writeValue writes the value at i as it stands inside a list or struct, and
// stops when the text has become too long to be shown.
func writeValue(b *strings.Builder, a arrow.Array, i int) {
	if b.Len() > mostText {
		return
	}
	switch {
	case isNull(a, i):
		b.WriteString("null")
		return
	}
	switch a := a.(type) {
	case *array.Dictionary:
		writeValue(b, a.Dictionary(), a.GetValueIndex(i))
	case *array.Timestamp:
		t := a.DataType().(*arrow.TimestampType)
		b.WriteString(timeText(inZone(a.Value(i).ToTime(t.Unit), t.TimeZone)))
	case *array.Date32:
		b.WriteString(a.Value(i).ToTime().Format(time.DateOnly))
	case *array.Date64:
		b.WriteString(a.Value(i).ToTime().Format(time.DateOnly))
	case *array.Duration, *array.Time32, *array.Time64, *array.Decimal128, *array.Decimal256, *array.MonthDayNanoInterval:
		fmt.Fprint(b, goValue(a, i))
	case *array.Map:
		from, to := a.ValueOffsets(i)
		b.WriteByte('{')
		for j := int(from); j < int(to) && b.Len() <= mostText; j++ {
			separate(b, j > int(from))
			writeValue(b, a.Keys(), j)
			b.WriteString(": ")
			writeValue(b, a.Items(), j)
		}
		b.WriteByte('}')
	case *array.Struct:
		b.WriteByte('{')
		for j, f := range a.DataType().(*arrow.StructType).Fields() {
			separate(b, j > 0)
			b.WriteString(f.Name + ": ")
			writeValue(b, a.Field(j), i)
		}
		b.WriteByte('}')
	case array.ListLike:
		from, to := a.ValueOffsets(i)
		b.WriteByte('[')
		for j := int(from); j < int(to) && b.Len() <= mostText; j++ {
			separate(b, j > int(from))
			writeValue(b, a.ListValues(), j)
		}
		b.WriteByte(']')
	default:
		switch x := goValue(a, i).(type) {
		case string:
			b.WriteString(strconv.Quote(x))
		case []byte:
			b.WriteString("0x" + hex.EncodeToString(x[:min(len(x), 32)]))
			if len(x) > 32 {
				fmt.Fprintf(b, "… (%s)", plural(len(x), "byte"))
			}
		case float64:
			b.WriteString(strings.TrimPrefix(strconv.FormatFloat(x, 'g', 6, 64), "+"))
		default:
			fmt.Fprint(b, x)
		}
	}
}

func separate(b *strings.Builder, wanted bool) {
	if wanted {
		b.WriteString(", ")
	}
}

// inZone shows an instant in its column's zone; one that this machine does not
// know stays in UTC.
func inZone(t time.Time, zone string) time.Time {
	if zone != "" {
		if loc, err := time.LoadLocation(zone); err == nil {
			return t.In(loc)
		}
	}
	return t
}

// timeText leaves out a time of day that is midnight to the nanosecond.
func timeText(t time.Time) string {
	if h, m, s := t.Clock(); h+m+s+t.Nanosecond() == 0 {
		return t.Format(time.DateOnly)
	}
	return t.Format("2006-01-02 15:04:05.999999999")
}

// columnTexts gives the shown values of a column whose values are shown alike,
// as numbers with one number of decimals are, or nil for a column of another type.
func columnTexts(col arrow.Array, rows []int) []string {
	if stamps, ok := col.(*array.Timestamp); ok {
		return stampTexts(stamps, rows)
	}
	return floatTexts(col, rows)
}

// stampTexts leaves out the time of day where that of every shown value is
// midnight, and of the fraction of a second what none has.
func stampTexts(a *array.Timestamp, rows []int) []string {
	dt := a.DataType().(*arrow.TimestampType)
	times := make([]time.Time, len(rows))
	layout, fraction := time.DateOnly, 0
	for i, row := range rows {
		if row < 0 || isNull(a, row) {
			continue
		}
		t := inZone(a.Value(row).ToTime(dt.Unit), dt.TimeZone)
		times[i] = t
		if timeText(t) != t.Format(time.DateOnly) {
			layout = time.DateTime
		}
		for digits, unit := 9, 1; digits > fraction; digits, unit = digits-3, unit*1000 {
			if t.Nanosecond()/unit%1000 != 0 {
				fraction = digits
			}
		}
	}
	if fraction > 0 {
		layout += "." + strings.Repeat("0", fraction)
	}
	texts := make([]string, len(rows))
	for i, t := range times {
		texts[i] = t.Format(layout)
	}
	return texts
}

// floatTexts gives the shown values of a column of floats with one number of
// decimals, six significant digits of the largest, or nil for a column of another type.
func floatTexts(col arrow.Array, rows []int) []string {
	if !arrow.IsFloating(col.DataType().ID()) {
		return nil
	}
	values := make([]float64, len(rows))
	decimals, largest := 0, 0.0
	for i, row := range rows {
		if row < 0 || isNull(col, row) {
			continue
		}
		values[i], _ = goValue(col, row).(float64)
		if f := values[i]; isFinite(f) {
			decimals = max(decimals, decimalsOf(f))
			largest = max(largest, math.Abs(f))
		}
	}
	// Six digits of the largest, and of all lesser ones as many decimals.
	if largest >= 1e-4 {
		decimals = min(decimals, max(1, 5-int(math.Floor(math.Log10(largest)))))
	}
	texts := make([]string, len(rows))
	for i, f := range values {
		switch fixed := strconv.FormatFloat(f, 'f', decimals, 64); {
		case !isFinite(f):
			texts[i] = map[bool]string{true: "NaN", false: strings.TrimPrefix(fixed, "+")}[f != f]
		case largest >= 1e12, f != 0 && strings.Trim(fixed, "-0.") == "":
			texts[i] = strconv.FormatFloat(f, 'g', 6, 64)
		default:
			texts[i] = fixed
		}
	}
	return texts
}

// decimalsOf counts the decimals that f needs for six significant digits.
func decimalsOf(f float64) int {
	if f == 0 || math.Abs(f) < 1e-6 {
		return 1
	}
	s := strconv.FormatFloat(f, 'f', max(0, min(9, 5-int(math.Floor(math.Log10(math.Abs(f)))))), 64)
	_, frac, _ := strings.Cut(s, ".")
	return max(1, min(9, len(strings.TrimRight(frac, "0"))))
}

// Visible is a text of others for the eye: its lines as they are, and every
// character that commands a terminal, turns the direction of writing or cannot be
// seen replaced by one that can.
func Visible(text string) string {
	var b strings.Builder
	writeVisible(&b, text, func(g string, r rune) {
		if r == '\n' || r == '\t' {
			g = string(r)
		}
		b.WriteString(g)
	})
	return b.String()
}

// writeVisible writes text with everything that moves the cursor, turns the
// direction of writing or cannot be seen replaced by something that can, calling
// glyph for each such replacement. Bytes that are not UTF-8 become U+FFFD.
func writeVisible(b *strings.Builder, text string, glyph func(g string, r rune)) {
	for i, r := range text {
		switch {
		case r == utf8.RuneError:
			b.WriteString(string(utf8.RuneError))
		case r == '\n':
			glyph("↵", r)
		case r == '\t':
			glyph("⇥", r)
		case r < 0x20:
			glyph(string(0x2400+r), r)
		case r == 0x7f:
			glyph("␡", r)
		case invisible(r):
			glyph(fmt.Sprintf("⟨U+%04X⟩", r), r)
		default:
			b.WriteString(text[i : i+utf8.RuneLen(r)])
		}
	}
}

// invisible tells which characters are spelled out: controls, format characters
// (the marks of writing direction among them) except the joiners that scripts
// and emoji need, and the separators of lines and paragraphs.
func invisible(r rune) bool {
	if r < 0x80 || r == 0x200c || r == 0x200d {
		return false
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co)
}

// cut gives at most n characters of text, and how many bytes it left out.
func cut(text string, n int) (string, int) {
	count := 0
	for i := range text {
		if count == n {
			return text[:i], len(text) - i
		}
		count++
	}
	return text, 0
}
