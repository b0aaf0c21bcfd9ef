package tokenize

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// nextPiece is the length of the first piece of a text that is not empty, as
// GPT-2's pattern cuts it:
//
//	's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
func nextPiece(text string) int {
	if text[0] == '\'' {
		if n := contraction(text); n > 0 {
			return n
		}
	}
	i := 0
	if text[0] == ' ' && len(text) > 1 {
		i = 1
	}
	if c := class(text[i:]); c != spaceClass {
		return run(text, i, c)
	}
	n := run(text, 0, spaceClass)
	if n == len(text) {
		return n
	}
	// \s+(?!\S) leaves the last space to the word that follows, if it is not the
	// only one.
	if _, width := utf8.DecodeLastRuneInString(text[:n]); width < n {
		return n - width
	}
	return n
}

// contraction is the length of the English contraction that text begins with.
func contraction(text string) int {
	if len(text) < 2 {
		return 0
	}
	switch text[1] {
	case 's', 't', 'm', 'd':
		return 2
	}
	for _, c := range [...]string{"'re", "'ve", "'ll"} {
		if strings.HasPrefix(text, c) {
			return 3
		}
	}
	return 0
}

// run is where the run of characters of class c that begins at i ends.
func run(text string, i int, c uint8) int {
	for i < len(text) {
		if b := text[i]; b < utf8.RuneSelf {
			if asciiClass[b] != c {
				return i
			}
			i++
			continue
		}
		r, width := utf8.DecodeRuneInString(text[i:])
		if runeClass(r) != c {
			return i
		}
		i += width
	}
	return i
}

// The classes of characters that the pattern tells apart.
const (
	otherClass uint8 = iota
	letterClass
	numberClass
	spaceClass
)

// asciiClass is the class of each ASCII character.
var asciiClass = func() (t [utf8.RuneSelf]uint8) {
	for b := range t {
		t[b] = runeClass(rune(b))
	}
	return t
}()

// class is that of the first character of a text that is not empty.
func class(text string) uint8 {
	if text[0] < utf8.RuneSelf {
		return asciiClass[text[0]]
	}
	r, _ := utf8.DecodeRuneInString(text)
	return runeClass(r)
}

func runeClass(r rune) uint8 {
	switch {
	case unicode.IsLetter(r), unicode.Is(newLetters, r):
		return letterClass
	case unicode.IsNumber(r), unicode.Is(newNumbers, r):
		return numberClass
	case unicode.IsSpace(r):
		return spaceClass
	}
	return otherClass
}

// newLetters and newNumbers are the letters and numbers of Unicode 16 that
// package unicode (15.0) does not know yet and Hugging Face tokenizers 0.23
// does; testdata/make.py compares every code point.
var (
	newLetters = &unicode.RangeTable{
		R16: []unicode.Range16{
			{Lo: 0x1c89, Hi: 0x1c8a, Stride: 1},
			{Lo: 0xa7cb, Hi: 0xa7cd, Stride: 1},
			{Lo: 0xa7da, Hi: 0xa7dc, Stride: 1},
		},
		R32: []unicode.Range32{
			{Lo: 0x105c0, Hi: 0x105f3, Stride: 1},
			{Lo: 0x10d4a, Hi: 0x10d65, Stride: 1},
			{Lo: 0x10d6f, Hi: 0x10d85, Stride: 1},
			{Lo: 0x10ec2, Hi: 0x10ec4, Stride: 1},
			{Lo: 0x11380, Hi: 0x11389, Stride: 1},
			{Lo: 0x1138b, Hi: 0x1138b, Stride: 1},
			{Lo: 0x1138e, Hi: 0x1138e, Stride: 1},
			{Lo: 0x11390, Hi: 0x113b5, Stride: 1},
			{Lo: 0x113b7, Hi: 0x113b7, Stride: 1},
			{Lo: 0x113d1, Hi: 0x113d1, Stride: 1},
			{Lo: 0x113d3, Hi: 0x113d3, Stride: 1},
			{Lo: 0x11bc0, Hi: 0x11be0, Stride: 1},
			{Lo: 0x13460, Hi: 0x143fa, Stride: 1},
			{Lo: 0x16100, Hi: 0x1611d, Stride: 1},
			{Lo: 0x16d40, Hi: 0x16d6c, Stride: 1},
			{Lo: 0x18cff, Hi: 0x18cff, Stride: 1},
			{Lo: 0x1e5d0, Hi: 0x1e5ed, Stride: 1},
			{Lo: 0x1e5f0, Hi: 0x1e5f0, Stride: 1},
			{Lo: 0x2ebf0, Hi: 0x2ee5d, Stride: 1},
		},
	}
	newNumbers = &unicode.RangeTable{
		R32: []unicode.Range32{
			{Lo: 0x10d40, Hi: 0x10d49, Stride: 1},
			{Lo: 0x116d0, Hi: 0x116e3, Stride: 1},
			{Lo: 0x11bf0, Hi: 0x11bf9, Stride: 1},
			{Lo: 0x16130, Hi: 0x16139, Stride: 1},
			{Lo: 0x16d70, Hi: 0x16d79, Stride: 1},
			{Lo: 0x1ccf0, Hi: 0x1ccf9, Stride: 1},
			{Lo: 0x1e5f1, Hi: 0x1e5fa, Stride: 1},
		},
	}
)
