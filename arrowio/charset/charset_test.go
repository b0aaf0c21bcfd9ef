package charset

import (
	"errors"
	"io"
	"strings"
	"testing"
)

func TestReader(t *testing.T) {
	const word = "żółć 漢"
	for _, tt := range []struct{ in, name, want string }{
		{"", "", ""},
		{"a", "", "a"},
		{word, "", word},
		{word, "utf-8", word},
		{"\xef\xbb\xbf" + word, "", word},
		{"\xef\xbb\xbf" + word, "UTF-8", word},
		{"\xff\xfea\x00\x22\x6f", "", "a漢"},
		{"\xfe\xff\x00a\x6f\x22", "", "a漢"},
		{"a\x00\x22\x6f", "utf-16le", "a漢"},
		{"\xff\xfea\x00\x22\x6f", "utf-16le", "a漢"},
		{"\x00a\x6f\x22", "utf-16be", "a漢"},
		{"caf\xe9 \x80", "latin1", "café €"}, // as the web reads it
		{"caf\xe9 \x80", "windows-1252", "café €"},
		{"\xbf\xf3\xb3\xe6", "iso-8859-2", "żółć"},
		{"\x8a\xbf", "shift_jis", "漢"},
		{"caf\xe9", "", "caf\xe9"},
		{"caf\xe9", "utf-8", "caf\xe9"},
	} {
		r, err := NewReader(strings.NewReader(tt.in), tt.name)
		if err != nil {
			t.Errorf("%q as %s: %v", tt.in, tt.name, err)
			continue
		}
		if got, err := io.ReadAll(r); err != nil || string(got) != tt.want {
			t.Errorf("%q as %s: %q, %v; want %q", tt.in, tt.name, got, err, tt.want)
		}
	}
	if _, err := NewReader(strings.NewReader("a"), "klingon"); err == nil || !strings.Contains(err.Error(), `"klingon"`) {
		t.Error(err)
	}
}

func TestCheck(t *testing.T) {
	for text, want := range map[string]string{"": "", "żółć": "", "a\x00": "", "\ufffd": "",
		"żaf\xe9": `byte 0xe9 at 5 of it; if it is in another encoding, name that in Options.Encoding, "windows-1252" for example`} {
		err := Check([]byte(text), "Options.Encoding")
		if want == "" && err != nil || want != "" && (!errors.Is(err, ErrNotUTF8) || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestLooksUTF16(t *testing.T) {
	for text, want := range map[string]string{"": "", "a\x00": "", "a\x00b\x00c\x00,\x00": "utf-16le", "\x00a\x00b\x00c\x00,": "utf-16be", "abcdefgh\x00\x00": "",
		"a\x00b\x00\x22\x6f,\x00": "utf-16le", "\x00\x00\x00\x00\x00\x00\x00\x00": ""} {
		if got, ok := LooksUTF16([]byte(text)); got != want || ok != (want != "") {
			t.Errorf("%q looks like %q", text, got)
		}
	}
}
