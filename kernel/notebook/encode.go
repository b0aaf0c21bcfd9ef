package notebook

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"divvy/arrowio/atomicfile"
)

// Encode returns the notebook as nbformat writes it: keys sorted, an indent of
// one space, no escapes but those that JSON requires, multi-line text as a list
// of lines. So a notebook that Jupyter saves next differs only in what changed.
func (nb *Notebook) Encode() ([]byte, error) {
	cells := make([]any, len(nb.Cells))
	for i, c := range nb.Cells {
		cells[i] = stored(c)
	}
	fields := maps.Clone(nb.fields)
	fields["cells"] = cells
	if m, ok := fields["metadata"].(map[string]any); ok {
		m = maps.Clone(m)
		for _, transient := range []string{"orig_nbformat", "orig_nbformat_minor", "signature"} {
			delete(m, transient)
		}
		fields["metadata"] = m
	}
	var w writer
	w.value(fields, 0)
	w.WriteByte('\n')
	return w.Bytes(), w.err
}

// stored returns a cell's fields in the form in which they are stored.
func stored(c *Cell) map[string]any {
	f := maps.Clone(c.fields)
	if s, ok := f["source"].(string); ok {
		f["source"] = splitLines(s)
	}
	if m, ok := f["metadata"].(map[string]any); ok {
		m = maps.Clone(m)
		delete(m, "trusted")
		f["metadata"] = m
	}
	if a, ok := f["attachments"].(map[string]any); ok {
		a = maps.Clone(a)
		for name, bundle := range a {
			a[name] = storedBundle(bundle)
		}
		f["attachments"] = a
	}
	outputs, ok := f["outputs"].([]any)
	if !ok || c.Type() != "code" {
		return f
	}
	list := make([]any, len(outputs))
	for i, v := range outputs {
		list[i] = v
		o, ok := v.(map[string]any)
		if !ok {
			continue
		}
		o = maps.Clone(o)
		switch o["output_type"] {
		case "stream":
			if s, ok := o["text"].(string); ok {
				o["text"] = splitLines(s)
			}
		case "display_data", "execute_result":
			o["data"] = storedBundle(o["data"])
		}
		list[i] = o
	}
	f["outputs"] = list
	return f
}

func storedBundle(v any) any {
	b, ok := v.(map[string]any)
	if !ok {
		return v
	}
	b = maps.Clone(b)
	for mime, v := range b {
		if s, ok := v.(string); ok && isText(mime) {
			b[mime] = splitLines(s)
		}
	}
	return b
}

// isText tells which parts of a bundle nbformat stores as lines.
func isText(mime string) bool {
	return strings.HasPrefix(mime, "text/") || mime == "application/javascript" || mime == "image/svg+xml"
}

// splitLines cuts text after each line boundary, by the rules of Python's
// str.splitlines, which nbformat uses.
func splitLines(s string) []any {
	lines := []any{}
	start := 0
	for i, r := range s {
		switch r {
		case '\n', '\v', '\f', 0x1c, 0x1d, 0x1e, 0x85, 0x2028, 0x2029:
		case '\r':
			if strings.HasPrefix(s[i+1:], "\n") {
				continue
			}
		default:
			continue
		}
		end := i + utf8.RuneLen(r)
		lines = append(lines, s[start:end])
		start = end
	}
	if start < len(s) {
		lines = append(lines, s[start:])
	}
	return lines
}

// Write writes the notebook to a file, at once: a reader sees the old file or
// the whole new one.
func (nb *Notebook) Write(path string) error {
	b, err := nb.Encode()
	if err == nil {
		err = writeFile(path, b)
	}
	if err != nil {
		return fmt.Errorf("writing the notebook %s: %w", path, err)
	}
	return nil
}

// writeFile replaces a file atomically; a pipe, or /dev/stdout, is written to.
func writeFile(path string, b []byte) error {
	if st, err := os.Stat(path); err == nil && !st.Mode().IsRegular() {
		return os.WriteFile(path, b, 0o666)
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	})
}

// writer writes JSON as Python's json.dumps(indent=1, sort_keys=True,
// ensure_ascii=False) does.
type writer struct {
	bytes.Buffer
	err error
}

func (w *writer) value(v any, depth int) {
	switch v := v.(type) {
	case nil:
		w.WriteString("null")
	case bool:
		w.WriteString(strconv.FormatBool(v))
	case string:
		w.text(v)
	case json.Number:
		w.WriteString(string(v))
	case int:
		w.WriteString(strconv.Itoa(v))
	case []any:
		w.list(v, depth)
	case map[string]any:
		w.object(v, depth)
	default: // a part of a display: any JSON value
		plain, err := generic(v)
		if err != nil {
			w.err = err
			return
		}
		w.value(plain, depth)
	}
}

func (w *writer) list(v []any, depth int) {
	if len(v) == 0 {
		w.WriteString("[]")
		return
	}
	w.WriteByte('[')
	for i, e := range v {
		w.next(i, depth)
		w.value(e, depth+1)
	}
	w.line(depth)
	w.WriteByte(']')
}

func (w *writer) object(v map[string]any, depth int) {
	if len(v) == 0 {
		w.WriteString("{}")
		return
	}
	w.WriteByte('{')
	for i, k := range slices.Sorted(maps.Keys(v)) {
		w.next(i, depth)
		w.text(k)
		w.WriteString(": ")
		w.value(v[k], depth+1)
	}
	w.line(depth)
	w.WriteByte('}')
}

// next begins element i of a list or an object.
func (w *writer) next(i, depth int) {
	if i > 0 {
		w.WriteByte(',')
	}
	w.line(depth + 1)
}

func (w *writer) line(depth int) {
	w.WriteByte('\n')
	for range depth {
		w.WriteByte(' ')
	}
}

func (w *writer) text(s string) {
	w.WriteByte('"')
	for _, r := range s { // invalid UTF-8 becomes U+FFFD here
		switch {
		case r == '"' || r == '\\':
			w.WriteByte('\\')
			w.WriteRune(r)
		case r >= ' ':
			w.WriteRune(r)
		case r == '\n':
			w.WriteString(`\n`)
		case r == '\r':
			w.WriteString(`\r`)
		case r == '\t':
			w.WriteString(`\t`)
		case r == '\b':
			w.WriteString(`\b`)
		case r == '\f':
			w.WriteString(`\f`)
		default:
			fmt.Fprintf(w, `\u%04x`, r)
		}
	}
	w.WriteByte('"')
}

// generic turns any value into what a JSON decoder makes of its encoding.
func generic(v any) (any, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var plain any
	err = d.Decode(&plain)
	return plain, err
}
