package arrowio

import (
	"bytes"
	"encoding/json"
	"fmt"

	"divvy/arrowio/charset"
)

// textFault finds text that encoding/json would put U+FFFD in the place of: bytes
// that are not UTF-8, and halves of surrogate pairs.
func textFault(line []byte) error {
	if at := charset.InvalidAt(line); at >= 0 {
		return fmt.Errorf("key %q: %w", keyAt(line, at), charset.Check(line, encodingOption))
	}
	if at := loneSurrogate(line); at >= 0 {
		return fmt.Errorf("key %q: %s at byte %d is half of a surrogate pair, which no text in UTF-8 holds; take it out of the file", keyAt(line, at), line[at:at+6], at+1)
	}
	return nil
}

// loneSurrogate is where an escape stands that is half of a surrogate pair, -1 for
// nowhere.
func loneSurrogate(line []byte) int {
	surrogate := func(at int, first, last byte) bool { // \ud8…, the third digit up to the last
		if at+6 > len(line) || line[at] != '\\' || line[at+1] != 'u' || line[at+2]|0x20 != 'd' {
			return false
		}
		c := line[at+3] | 0x20
		return c >= first && c <= last
	}
	for at := bytes.IndexByte(line, '\\'); at >= 0 && at+1 < len(line); {
		switch high := surrogate(at, '8', 'b'); {
		case high && surrogate(at+6, 'c', 'f'):
			at += 12
		case high, surrogate(at, 'c', 'f'):
			return at
		default:
			at += 2
		}
		next := bytes.IndexByte(line[min(at, len(line)):], '\\')
		if next < 0 {
			break
		}
		at += next
	}
	return -1
}

// keyAt is the key of the value at a byte of an object, as far as it can be read.
func keyAt(line []byte, at int) string {
	dec := json.NewDecoder(bytes.NewReader(line[:at]))
	depth, isKey, key := 0, false, ""
	for {
		tok, err := dec.Token()
		if err != nil {
			return key
		}
		switch tok {
		case json.Delim('{'), json.Delim('['):
			depth++
			isKey = depth == 1
			continue
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth != 1 {
			continue
		}
		if isKey {
			key, _ = tok.(string)
		}
		isKey = !isKey
	}
}
