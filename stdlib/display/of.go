package display

import (
	"fmt"
	"html"
	"reflect"
	"strings"
)

// Of makes a bundle of any value. It never panics: a method of v that does so
// costs the bundle one form, and the text says which.
func Of(v any) Bundle {
	if rv, ok := v.(reflect.Value); ok {
		if !rv.IsValid() {
			return plain("nil")
		}
		if rv.CanInterface() {
			v = rv.Interface()
		}
	}
	switch x := v.(type) {
	case nil:
		return plain("nil")
	case Bundle:
		return ofBundle(x)
	case string:
		return plain(Text(x))
	}
	if isNil(v) {
		text := fmt.Sprintf("(%T)(nil)", v)
		if _, rich := v.(interface{ MIMEBundle() map[string]any }); rich {
			text += ": there is nothing to show"
		}
		return plain(text)
	}
	return OfMethods(v, methodsOf(v))
}

// OfValues makes one bundle of the results of a call. A nil error at the end of
// several is left out, as is the parenthesis when one value remains; of nil pointers
// and an error, the error is shown.
func OfValues(vs []any) Bundle {
	if err, failed := failure(vs); failed {
		return Of(err)
	}
	if n := len(vs); n > 1 && vs[n-1] == nil {
		vs = vs[:n-1]
	}
	switch len(vs) {
	case 0:
		return Bundle{Data: map[string]any{}}
	case 1:
		return Of(vs[0])
	}
	var texts []string
	var page strings.Builder
	rich := false
	for _, v := range vs {
		b := Of(v)
		texts = append(texts, b.Text())
		part, isRich := asHTML(b)
		rich = rich || isRich
		page.WriteString("<div>" + part + "</div>\n")
	}
	b := plain(joinValues(texts))
	if rich {
		b.Data[MIMEHTML] = page.String()
	}
	return b
}

// failure gives the error of results that hold nothing else.
func failure(vs []any) (err error, failed bool) {
	if n := len(vs); n > 1 {
		if err, failed = vs[n-1].(error); !failed || isNil(err) {
			return nil, false
		}
		for _, v := range vs[:n-1] {
			if v != nil && (reflect.TypeOf(v).Kind() != reflect.Pointer || !isNil(v)) {
				return nil, false
			}
		}
	}
	return err, failed
}

// asHTML gives a bundle as a piece of a page, and whether that is more than text.
func asHTML(b Bundle) (string, bool) {
	if s, ok := b.Data[MIMEHTML].(string); ok {
		return s, true
	}
	for _, mime := range []string{MIMEPNG, MIMEJPEG} {
		if s, ok := b.Data[mime].(string); ok {
			size := ""
			if m, ok := b.Metadata[mime].(map[string]any); ok {
				size = fmt.Sprintf(` width="%v" height="%v"`, m["width"], m["height"])
			}
			return fmt.Sprintf(`<img src="data:%s;base64,%s"%s>`, mime, s, size), true
		}
	}
	return "<pre>" + html.EscapeString(b.Text()) + "</pre>", false
}

// joinValues writes several values in one line where they are short.
func joinValues(texts []string) string {
	line := "(" + strings.Join(texts, ", ") + ")"
	if len(line) <= lineWidth && !strings.Contains(line, "\n") {
		return line
	}
	return strings.Join(texts, "\n")
}

// ofBundle checks a bundle that someone else may have made.
func ofBundle(b Bundle) Bundle {
	out := Bundle{Data: make(map[string]any, len(b.Data)+1), Metadata: b.Metadata}
	addAll(&out, b.Data)
	if _, ok := out.Data[MIMEText]; !ok {
		out.Data[MIMEText] = ""
	}
	return out
}

// addAll puts parts into a bundle in their proper form, those that have none as
// a line of its text.
func addAll(b *Bundle, parts map[string]any) {
	var faults []string
	for _, mime := range sortedKeys(parts) {
		c, err := normal(mime, parts[mime])
		if err != nil {
			faults = append(faults, err.Error())
			continue
		}
		b.Data[mime] = c
	}
	if len(faults) > 0 {
		text := strings.Join(faults, "\n")
		if old := b.Text(); old != "" {
			text = old + "\n" + text
		}
		b.Data[MIMEText] = text
	}
}

// isNil tells whether v is a nil that has a type.
func isNil(v any) bool {
	switch rv := reflect.ValueOf(v); rv.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Func, reflect.Chan:
		return rv.IsNil()
	}
	return false
}
