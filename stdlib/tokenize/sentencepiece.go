package tokenize

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"divvy/arrowio/files"
)

// spaceMark is what SentencePiece writes for a space, U+2581.
const spaceMark = "▁"

// LLaMA reads a SentencePiece BPE model with byte fallback, which is what
// LLaMA's tokenizer.model is. The ids are those of sentencepiece, with BOS in
// front as transformers gives them and the paper counts them; WithBOS(false)
// leaves it out. "</s>" in a text is four characters, as to sentencepiece;
// transformers would make it the control id. A model that needs what is not
// implemented (another algorithm, normalisation rules, user-defined pieces) is
// refused with an error that says which.
func LLaMA(path string) (*Tokenizer, error) {
	data, err := files.Read(path)
	if err != nil {
		return nil, fmt.Errorf("tokenize: reading a SentencePiece model: %w", err)
	}
	model, err := parseSentencePiece(data)
	if err != nil {
		return nil, fmt.Errorf("tokenize: %s as a SentencePiece model (tokenizer.model; HuggingFace reads tokenizer.json, GPT2 encoder.json and vocab.bpe): %w", path, err)
	}
	return newTokenizer("LLaMA SentencePiece", model, model.bos), nil
}

// sentencePiece is a SentencePiece BPE model, ready to encode.
type sentencePiece struct {
	pieces []string // id -> piece, as the model file has it
	ids    map[string]int32
	kinds  []pieceKind
	bytes  [256]int32 // the byte pieces <0x00> to <0xFF>
	bos    int32      // -1 when the model has none

	symbols map[rune]int32 // a character -> the symbol it starts as
	chars   []rune         // symbol - len(pieces) -> a character that is no piece
	merges  *mergeTable

	dummyPrefix bool // a space is put before the text
	cutSpace    bool // no piece has a space after another character
	cutNewline  bool // no piece of several characters has a newline
	newline     []int32
}

// pieceKind is SentencePiece's ModelProto.SentencePiece.Type.
type pieceKind uint8

const (
	normalPiece      pieceKind = 1
	unknownPiece     pieceKind = 2
	controlPiece     pieceKind = 3
	userDefinedPiece pieceKind = 4
	unusedPiece      pieceKind = 5
	bytePiece        pieceKind = 6
)

// prepare builds the merge table: every way to cut a piece into two symbols is
// a merge, and its rank is the place of the piece's score. SentencePiece takes
// the best score first and the leftmost pair among equal scores; ranks that are
// equal for equal scores keep that.
func (m *sentencePiece) prepare(scores []float32) {
	ranks := rankScores(scores)
	m.symbols = map[rune]int32{}
	m.cutSpace, m.cutNewline = true, true
	for id, piece := range m.pieces {
		if m.kinds[id] != normalPiece {
			continue
		}
		for i, r := range piece {
			if _, known := m.symbols[r]; !known {
				m.symbols[r] = m.symbolOf(r)
			}
			if r == '\n' && len(piece) > 1 {
				m.cutNewline = false
			}
			if strings.HasPrefix(piece[i:], spaceMark) && i > 0 && !strings.HasSuffix(piece[:i], spaceMark) {
				m.cutSpace = false
			}
		}
	}
	m.merges = newMergeTable(4 * len(m.pieces))
	part := func(s string) (int32, bool) {
		if id, ok := m.ids[s]; ok && m.kinds[id] == normalPiece {
			return id, true
		}
		r, n := utf8.DecodeRuneInString(s)
		id, ok := m.symbols[r]
		return id, ok && n == len(s)
	}
	for id, piece := range m.pieces {
		if m.kinds[id] != normalPiece {
			continue
		}
		for i := range piece {
			if i == 0 {
				continue
			}
			left, okLeft := part(piece[:i])
			right, okRight := part(piece[i:])
			if okLeft && okRight {
				m.merges.add(left, right, ranks[id], int32(id))
			}
		}
	}
	var b merger
	m.newline = m.segment(nil, "\n", &b)
}

// symbolOf gives a character its first symbol: the piece of that one character,
// or a number above all pieces when there is none.
func (m *sentencePiece) symbolOf(r rune) int32 {
	if id, ok := m.ids[string(r)]; ok && m.kinds[id] == normalPiece {
		return id
	}
	m.chars = append(m.chars, r)
	return int32(len(m.pieces) + len(m.chars) - 1)
}

// rankScores numbers the distinct scores, highest first.
func rankScores(scores []float32) []uint32 {
	sorted := slices.Clone(scores)
	slices.SortFunc(sorted, func(a, b float32) int {
		switch {
		case a > b:
			return -1
		case a < b:
			return 1
		}
		return 0
	})
	sorted = slices.Compact(sorted)
	place := make(map[float32]uint32, len(sorted))
	for i, s := range sorted {
		place[s] = uint32(i)
	}
	ranks := make([]uint32, len(scores))
	for i, s := range scores {
		ranks[i] = place[s]
	}
	return ranks
}

// encode appends the ids of text. It cuts the text into words, each a run of
// spaces and what follows it up to the next space or newline, wherever the
// vocabulary proves that no merge crosses.
func (m *sentencePiece) encode(dst []int32, text string, s *scratch) []int32 {
	if text == "" {
		return dst
	}
	// A space mark that stands in the text is a space to the model. Writing it
	// as one keeps a word, which ends where a space follows anything else, from
	// ending inside a run of spaces.
	text = strings.ReplaceAll(text, spaceMark, " ")
	prefix := ""
	if m.dummyPrefix {
		prefix = " "
	}
	if !m.cutSpace {
		return m.segment(dst, prefix+text, &s.merger)
	}
	if m.dummyPrefix {
		// The first word is looked up with its prefix.
		end := m.wordEnd(text, 0)
		s.text = append(append(s.text[:0], ' '), text[:end]...)
		dst = s.word(dst, string(s.text), m)
		text = text[end:]
	}
	for i := 0; i < len(text); {
		if text[i] == '\n' && m.cutNewline {
			dst = append(dst, m.newline...)
			i++
			continue
		}
		end := m.wordEnd(text, i)
		dst = s.word(dst, text[i:end], m)
		i = end
	}
	return dst
}

// wordEnd is where the word that begins at i ends.
func (m *sentencePiece) wordEnd(text string, i int) int {
	for i < len(text) && text[i] == ' ' {
		i++
	}
	for i < len(text) && text[i] != ' ' && (text[i] != '\n' || !m.cutNewline) {
		i++
	}
	return i
}

// segment appends the ids of a text that is encoded as a whole.
func (m *sentencePiece) segment(dst []int32, text string, b *merger) []int32 {
	start := len(dst)
	for _, r := range text { // an invalid byte is U+FFFD here, as in sentencepiece
		if r == ' ' {
			r = '▁'
		}
		id, ok := m.symbols[r]
		if !ok {
			id = -2 - r // no piece has it: it joins nothing and becomes bytes
		}
		dst = append(dst, id)
	}
	symbols := b.apply(m.merges, dst[start:])
	dst = dst[:start+len(symbols)]
	if !slices.ContainsFunc(symbols, func(id int32) bool { return id < 0 || int(id) >= len(m.pieces) }) {
		return dst
	}
	whole := append(b.spare[:0], symbols...)
	b.spare = whole
	dst = dst[:start]
	for _, id := range whole {
		r := rune(-2 - id)
		switch {
		case id >= 0 && int(id) < len(m.pieces):
			dst = append(dst, id)
			continue
		case id >= 0:
			r = m.chars[int(id)-len(m.pieces)]
		}
		var utf [utf8.UTFMax]byte
		for _, c := range utf[:utf8.EncodeRune(utf[:], r)] {
			dst = append(dst, m.bytes[c])
		}
	}
	return dst
}

func (m *sentencePiece) size() int { return len(m.pieces) }

func (m *sentencePiece) token(id int32) string { return m.pieces[id] }

func (m *sentencePiece) id(token string) (int32, bool) {
	id, ok := m.ids[token]
	return id, ok
}

// decode is sentencepiece's Decode: control pieces are silent, byte pieces are
// bytes, and the one space that the dummy prefix added is taken away.
func (m *sentencePiece) decode(ids []int32) string {
	var out []byte
	first := true
	for _, id := range ids {
		switch m.kinds[id] {
		case controlPiece:
			continue
		case bytePiece:
			b, _ := strconv.ParseUint(m.pieces[id][3:5], 16, 8) // checked when loaded
			out = append(out, byte(b))
		case unknownPiece:
			out = append(out, " ⁇ "...)
		default:
			piece := strings.ReplaceAll(m.pieces[id], spaceMark, " ")
			if first && m.dummyPrefix {
				piece = strings.TrimPrefix(piece, " ")
			}
			out = append(out, piece...)
		}
		first = false
	}
	return strings.ToValidUTF8(string(out), "\uFFFD")
}
