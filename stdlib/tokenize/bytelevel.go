package tokenize

import (
	"fmt"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// byteLevel is byte-level BPE, as GPT-2 introduced it: the text is cut into
// pieces by a fixed pattern, and the bytes of each piece are joined by merges.
type byteLevel struct {
	tokens      []string // id -> token as the vocabulary has it, "" for no token
	plain       []string // id -> the bytes that the token stands for
	ids         map[string]int32
	bytes       [256]int32
	merges      *mergeTable
	nfc         bool        // the text is normalised to NFC
	prefixSpace bool        // a space is put before a text that has none
	special     *addedTable // found before the text is normalised
	added       *addedTable // found after
}

// vocabulary is what the files of a byte-level BPE say.
type vocabulary struct {
	ids     map[string]int32
	merges  [][2]string
	special map[string]int32 // matched in the text as it is
	added   map[string]int32 // matched in the normalised text
}

func newByteLevel(v vocabulary) (*byteLevel, error) {
	size := int32(0)
	all := []map[string]int32{v.ids, v.special, v.added}
	for _, m := range all {
		for token, id := range m {
			if id < 0 || id > 1<<24 {
				return nil, fmt.Errorf("token %q has id %d", token, id)
			}
			size = max(size, id+1)
		}
	}
	t := &byteLevel{tokens: make([]string, size), plain: make([]string, size), ids: map[string]int32{}}
	toByte, toRune := byteRunes()
	for i, m := range all {
		for token, id := range m {
			t.tokens[id], t.plain[id], t.ids[token] = token, token, id
			if i == 0 {
				t.plain[id] = unmap(token, toByte)
			}
		}
	}
	for b, r := range toRune {
		id, ok := v.ids[string(r)]
		if never := b == 0xC0 || b == 0xC1 || b >= 0xF5; !ok && !never {
			// (Some bytes never occur in UTF-8, and NeoX has no token for them.)
			return nil, fmt.Errorf("no token for byte %#02x", b)
		}
		t.bytes[b] = id
	}
	t.merges = newMergeTable(len(v.merges))
	for rank, m := range v.merges {
		left, okLeft := v.ids[m[0]]
		right, okRight := v.ids[m[1]]
		joined, ok := v.ids[m[0]+m[1]]
		if !okLeft || !okRight || !ok {
			return nil, fmt.Errorf("merge %d joins %q and %q: not all of it is in the vocabulary", rank, m[0], m[1])
		}
		t.merges.add(left, right, uint32(rank), joined)
	}
	t.special, t.added = newAddedTable(v.special), newAddedTable(v.added)
	return t, nil
}

// byteRunes is GPT-2's mapping of bytes to printable characters, both ways.
func byteRunes() (toByte map[rune]byte, toRune [256]rune) {
	toByte = make(map[rune]byte, 256)
	moved := rune(256)
	for b := range 256 {
		r := rune(b)
		if !('!' <= r && r <= '~' || 0xA1 <= r && r <= 0xAC || 0xAE <= r && r <= 0xFF) {
			r = moved
			moved++
		}
		toRune[b], toByte[r] = r, byte(b)
	}
	return toByte, toRune
}

// unmap is the bytes of a token; a character that stands for no byte stays.
func unmap(token string, toByte map[rune]byte) string {
	var out []byte
	for _, r := range token {
		if b, ok := toByte[r]; ok {
			out = append(out, b)
		} else {
			out = append(out, string(r)...)
		}
	}
	return string(out)
}

func (t *byteLevel) encode(dst []int32, text string, s *scratch) []int32 {
	text = strings.ToValidUTF8(text, "\uFFFD")
	for len(text) > 0 {
		at, token, id := t.special.find(text)
		dst = t.normalised(dst, text[:at], s)
		if id >= 0 {
			dst = append(dst, id)
		}
		text = text[at+len(token):]
	}
	return dst
}

// normalised encodes text that has no special token.
func (t *byteLevel) normalised(dst []int32, text string, s *scratch) []int32 {
	if t.nfc && !norm.NFC.IsNormalString(text) {
		text = norm.NFC.String(text)
	}
	for len(text) > 0 {
		at, token, id := t.added.find(text)
		dst = t.pieces(dst, text[:at], s)
		if id >= 0 {
			dst = append(dst, id)
		}
		text = text[at+len(token):]
	}
	return dst
}

// pieces encodes text that has no added token, a piece at a time.
func (t *byteLevel) pieces(dst []int32, text string, s *scratch) []int32 {
	if t.prefixSpace && text != "" && class(text) != spaceClass {
		text = " " + text
	}
	for len(text) > 0 {
		n := nextPiece(text)
		dst = s.word(dst, text[:n], t)
		text = text[n:]
	}
	return dst
}

func (t *byteLevel) segment(dst []int32, text string, m *merger) []int32 {
	start := len(dst)
	for i := range len(text) {
		dst = append(dst, t.bytes[text[i]])
	}
	return dst[:start+len(m.apply(t.merges, dst[start:]))]
}

func (t *byteLevel) size() int { return len(t.tokens) }

func (t *byteLevel) token(id int32) string { return t.tokens[id] }

func (t *byteLevel) id(token string) (int32, bool) {
	id, ok := t.ids[token]
	return id, ok
}

func (t *byteLevel) decode(ids []int32) string {
	var b strings.Builder
	for _, id := range ids {
		b.WriteString(t.plain[id])
	}
	return strings.ToValidUTF8(b.String(), "\uFFFD")
}

// addedTable finds tokens that stand for themselves in a text, leftmost first
// and the longest of those that begin at one place.
type addedTable struct {
	byFirst [256]*addedGroup
	first   string // every byte that a token begins with
}

// addedGroup is the tokens that begin with one byte.
type addedGroup struct {
	common string   // what all of them begin with
	tokens []string // longest first
	ids    []int32
}

func newAddedTable(tokens map[string]int32) *addedTable {
	t := &addedTable{}
	for _, token := range longestFirst(tokens) {
		g := t.byFirst[token[0]]
		if g == nil {
			g = &addedGroup{common: token}
			t.byFirst[token[0]] = g
			t.first += token[:1]
		}
		for !strings.HasPrefix(token, g.common) {
			g.common = g.common[:len(g.common)-1]
		}
		g.tokens, g.ids = append(g.tokens, token), append(g.ids, tokens[token])
	}
	return t
}

// find is the first token in text. Without one, at is the end of the text and
// id is -1.
func (t *addedTable) find(text string) (at int, token string, id int32) {
	switch len(t.first) {
	case 0:
		return len(text), "", -1
	case 1:
		// One group: look for what its tokens have in common.
		g := t.byFirst[t.first[0]]
		for from := 0; ; {
			i := strings.Index(text[from:], g.common)
			if i < 0 {
				return len(text), "", -1
			}
			at = from + i
			if token, id = g.at(text[at:]); id >= 0 {
				return at, token, id
			}
			from = at + 1
		}
	}
	for at = 0; at < len(text); at++ {
		if g := t.byFirst[text[at]]; g != nil {
			if token, id = g.at(text[at:]); id >= 0 {
				return at, token, id
			}
		}
	}
	return len(text), "", -1
}

// at is the longest token that text begins with, id -1 for none.
func (g *addedGroup) at(text string) (token string, id int32) {
	if strings.HasPrefix(text, g.common) {
		for i, token := range g.tokens {
			if strings.HasPrefix(text, token) {
				return token, g.ids[i]
			}
		}
	}
	return "", -1
}
