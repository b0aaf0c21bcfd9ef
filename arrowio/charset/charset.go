// Package charset reads text files in UTF-8 whatever they are encoded in: UTF-8 with
// or without a byte order mark, UTF-16 with one, and the encodings that the web
// knows by their names there. The tables are those of golang.org/x/text.
// It knows nothing of what is in the files.
package charset

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
)

var utf8Mark, utf16Big, utf16Little = []byte("\xef\xbb\xbf"), []byte{0xfe, 0xff}, []byte{0xff, 0xfe}

// NewReader gives the text of r in UTF-8 without a byte order mark. name is the
// encoding, "windows-1252" or "shift_jis" for example; "" means UTF-8, or UTF-16
// where its mark begins the text. What is not UTF-8 then is passed on as it is:
// see Check.
func NewReader(r io.Reader, name string) (io.Reader, error) {
	in := bufio.NewReaderSize(r, 1<<16)
	head, err := in.Peek(3)
	if err != nil && err != io.EOF {
		return nil, err
	}
	marked := bytes.HasPrefix(head, utf16Big) || bytes.HasPrefix(head, utf16Little)
	var e encoding.Encoding
	switch {
	case name != "":
		if e, err = htmlindex.Get(name); err != nil {
			return nil, fmt.Errorf("no text encoding is called %q; the names are those of the web, such as utf-8, utf-16le, windows-1252, iso-8859-2, shift_jis, gb18030", name)
		}
		if e == unicode.UTF8 { // whose decoder would put U+FFFD in the place of what is none
			e = nil
		}
	case marked:
		e = unicode.UTF16(unicode.BigEndian, unicode.ExpectBOM)
	}
	if e == nil {
		if bytes.HasPrefix(head, utf8Mark) {
			_, _ = in.Discard(len(utf8Mark))
		}
		return in, nil
	}
	if marked {
		e = unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
	}
	return e.NewDecoder().Reader(in), nil
}

// ErrNotUTF8 is what the errors of Check wrap.
var ErrNotUTF8 = errors.New("the text is not UTF-8")

// InvalidAt is where a text is not UTF-8, -1 for nowhere.
func InvalidAt(text []byte) int {
	if utf8.Valid(text) {
		return -1
	}
	at := 0
	for {
		r, size := utf8.DecodeRune(text[at:])
		if r == utf8.RuneError && size <= 1 {
			return at
		}
		at += size
	}
}

// Check says where a text is not UTF-8. option names what may say which encoding it
// is in.
func Check(text []byte, option string) error {
	at := InvalidAt(text)
	if at < 0 {
		return nil
	}
	return fmt.Errorf("%w: byte 0x%02x at %d of it; if it is in another encoding, name that in %s, \"windows-1252\" for example", ErrNotUTF8, text[at], at+1, option)
}

// LooksUTF16 tells whether a text without a mark is likely UTF-16, and which: half of
// its bytes are zero, where UTF-8 has none.
func LooksUTF16(text []byte) (name string, ok bool) {
	text = text[:min(len(text), 1000)&^1]
	zeros := [2]int{}
	for i, c := range text {
		if c == 0 {
			zeros[i&1]++
		}
	}
	switch least := len(text) / 4; {
	case len(text) < 8:
	case zeros[0] > least && zeros[1] == 0:
		return "utf-16be", true
	case zeros[1] > least && zeros[0] == 0:
		return "utf-16le", true
	}
	return "", false
}
