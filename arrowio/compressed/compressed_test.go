package compressed

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

func TestRoundTrip(t *testing.T) {
	for _, tt := range []struct{ name, magic, trimmed string }{
		{"a.csv", "text", "a.csv"}, {"a.csv.gz", "\x1f\x8b", "a.csv"}, {"a.jsonl.ZST", "\x28\xb5\x2f\xfd", "a.jsonl"}, {"x", "text", "x"},
	} {
		for _, text := range []string{"text text text", strings.Repeat("text", 100_000)} {
			var buf bytes.Buffer
			w, err := NewWriter(tt.name, &buf)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(w, text); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(buf.String(), tt.magic) {
				t.Errorf("%s begins with %q", tt.name, buf.Bytes()[:4])
			}
			r, err := NewReader(&buf)
			if err != nil {
				t.Fatal(err)
			}
			back, err := io.ReadAll(r)
			if err != nil || string(back) != text {
				t.Errorf("%s: %d bytes came back of %d, %v", tt.name, len(back), len(text), err)
			}
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		}
		if got := Trim(tt.name); got != tt.trimmed {
			t.Errorf("%s without its ending is %s", tt.name, got)
		}
	}
	for _, text := range []string{"", "x", "\x1f\x8b", "\x28\xb5\x2f\xfd"} {
		r, err := NewReader(strings.NewReader(text))
		if err == nil {
			_, err = io.ReadAll(r)
		}
		if (err != nil) != (len(text) > 1) {
			t.Errorf("%q: error %v", text, err)
		}
	}
}

// A file that was cut off is an error wherever it was cut, at the end of a line
// too.
func TestCutShort(t *testing.T) {
	for _, name := range []string{"a.gz", "a.zst"} {
		var buf bytes.Buffer
		w, err := NewWriter(name, &buf)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			io.WriteString(w, "a line\n")
			if err := w.(interface{ Flush() error }).Flush(); err != nil {
				t.Fatal(err)
			}
		}
		r, err := NewReader(&buf)
		if err != nil {
			t.Fatal(err)
		}
		p := make([]byte, 100)
		n, err := io.ReadFull(r, p)
		if string(p[:n]) != "a line\na line\na line\n" || err == nil || !strings.Contains(err.Error(), "cut short") {
			t.Errorf("%s: %q and %v", name, p[:n], err)
		}
	}
}
