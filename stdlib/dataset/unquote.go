package dataset

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// appendUnquote appends the text of a valid JSON string. It is what
// jsontext.AppendUnquote gives, several times as fast: runs without an escape,
// which most of a text are, are copied at once.
func appendUnquote(b []byte, quoted []byte) ([]byte, error) {
	start, text := len(b), quoted[1:len(quoted)-1]
	for {
		at := bytes.IndexByte(text, '\\')
		if at < 0 {
			return append(b, text...), nil
		}
		b, text = append(b, text[:at]...), text[at:]
		switch c := text[1]; c {
		case 'n':
			b, text = append(b, '\n'), text[2:]
		case 't':
			b, text = append(b, '\t'), text[2:]
		case 'r':
			b, text = append(b, '\r'), text[2:]
		case 'b':
			b, text = append(b, '\b'), text[2:]
		case 'f':
			b, text = append(b, '\f'), text[2:]
		case 'u':
			r, n := escaped(text)
			if n == 0 {
				return jsontext.AppendUnquote(b[:start], quoted) // it names the fault
			}
			b, text = utf8.AppendRune(b, r), text[n:]
		default: // a quotation mark or a slash
			b, text = append(b, c), text[2:]
		}
	}
}

// escaped is the character that an escape \uXXXX, or two that are a surrogate
// pair, stands for, and its length; 0 where it stands for none.
func escaped(text []byte) (r rune, n int) {
	unit := func(text []byte) (rune, bool) {
		if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
			return 0, false
		}
		var out [2]byte
		_, err := hex.Decode(out[:], text[2:6])
		return rune(binary.BigEndian.Uint16(out[:])), err == nil
	}
	r, ok := unit(text)
	if !ok || !utf16.IsSurrogate(r) {
		if !ok {
			return 0, 0
		}
		return r, 6
	}
	low, ok := unit(text[6:])
	if r = utf16.DecodeRune(r, low); !ok || r == utf8.RuneError {
		return 0, 0
	}
	return r, 12
}
