package tokenize

import (
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// spaceMark is what SentencePiece writes for a space, U+2581.
const spaceMark = "▁"

// LLaMA reads a SentencePiece BPE model with byte fallback, which is what
// LLaMA's tokenizer.model is. The ids are those of sentencepiece, with BOS in
// front as transformers gives them and the paper counts them; WithBOS(false)
// leaves it out. "</s>" in a text is four characters, as to sentencepiece;
// transformers would make it the control id. A model that needs what is not implemented (another algorithm,
// normalisation rules, user-defined pieces) is refused with an error that says
// which.
func LLaMA(path string) (*Tokenizer, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("tokenize: reading a SentencePiece model: %w", err)
	}
	model, err := parseSentencePiece(data)
	if err != nil {
		return nil, fmt.Errorf("tokenize: SentencePiece model %s: %w", path, err)
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

// parseSentencePiece reads the protocol buffer sentencepiece_model.proto.
func parseSentencePiece(data []byte) (*sentencePiece, error) {
	spec := modelSpec{algorithm: 1, dummyPrefix: true, squeezeSpaces: true, escapeSpaces: true, bos: 1}
	var scores []float32
	m := &sentencePiece{ids: map[string]int32{}, bos: -1}
	err := eachField(data, func(f field) error {
		switch f.number {
		case 1:
			piece, score, kind, err := parsePiece(f.bytes)
			if err != nil {
				return fmt.Errorf("piece %d: %w", len(m.pieces), err)
			}
			if _, double := m.ids[piece]; double {
				return fmt.Errorf("piece %d: %q occurs twice", len(m.pieces), piece)
			}
			m.ids[piece] = int32(len(m.pieces))
			m.pieces, m.kinds, scores = append(m.pieces, piece), append(m.kinds, kind), append(scores, score)
		case 2:
			return spec.parseTrainer(f.bytes)
		case 3:
			return spec.parseNormalizer(f.bytes)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := errors.Join(spec.check(), m.check()); err != nil {
		return nil, err
	}
	m.dummyPrefix = spec.dummyPrefix
	if b := spec.bos; b >= 0 && int(b) < len(m.pieces) && m.kinds[b] == controlPiece {
		m.bos = b
	}
	m.prepare(scores)
	return m, nil
}

// modelSpec is what the trainer and normaliser specifications say that matters
// for encoding; the zero point is the defaults of the .proto file.
type modelSpec struct {
	algorithm     uint64 // 1 unigram, 2 BPE, 3 word, 4 char
	byteFallback  bool
	bos           int32
	charsMap      int // bytes of compiled normalisation rules
	dummyPrefix   bool
	squeezeSpaces bool
	escapeSpaces  bool
	spaceSuffix   bool
}

func (s *modelSpec) parseTrainer(data []byte) error {
	return eachField(data, func(f field) error {
		switch f.number {
		case 3:
			s.algorithm = f.value
		case 24:
			s.spaceSuffix = f.value != 0
		case 35:
			s.byteFallback = f.value != 0
		case 41:
			s.bos = int32(f.value)
		}
		return nil
	})
}

func (s *modelSpec) parseNormalizer(data []byte) error {
	return eachField(data, func(f field) error {
		switch f.number {
		case 2:
			s.charsMap = len(f.bytes)
		case 3:
			s.dummyPrefix = f.value != 0
		case 4:
			s.squeezeSpaces = f.value != 0
		case 5:
			s.escapeSpaces = f.value != 0
		}
		return nil
	})
}

// check names what the model asks for and this package does not do.
func (s *modelSpec) check() error {
	var missing []error
	refuse := func(yes bool, what string) {
		if yes {
			missing = append(missing, errors.New("not supported: "+what))
		}
	}
	refuse(s.algorithm != 2, fmt.Sprintf("model type %d (only BPE, 2, is)", s.algorithm))
	refuse(!s.byteFallback, "a model without byte fallback")
	refuse(s.charsMap > 0, "normalisation rules (precompiled_charsmap)")
	refuse(s.squeezeSpaces, "remove_extra_whitespaces")
	refuse(!s.escapeSpaces, "escape_whitespaces = false")
	refuse(s.spaceSuffix, "treat_whitespace_as_suffix")
	return errors.Join(missing...)
}

// check finds the byte pieces and refuses kinds of pieces that change the
// algorithm.
func (m *sentencePiece) check() error {
	found := 0
	for id, piece := range m.pieces {
		switch m.kinds[id] {
		case userDefinedPiece, unusedPiece:
			return fmt.Errorf("not supported: piece %d, %q, is user-defined or unused", id, piece)
		case bytePiece:
			b, err := strconv.ParseUint(strings.TrimSuffix(strings.TrimPrefix(piece, "<0x"), ">"), 16, 8)
			if err != nil {
				return fmt.Errorf("piece %d, %q, is no byte", id, piece)
			}
			m.bytes[b] = int32(id)
			found++
		}
	}
	if found != 256 {
		return fmt.Errorf("%d byte pieces, want 256", found)
	}
	return nil
}

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

// field is one field of a protocol buffer message: a number or bytes.
type field struct {
	number protowire.Number
	value  uint64
	bytes  []byte
}

// eachField walks the fields of a message.
func eachField(data []byte, visit func(field) error) error {
	for len(data) > 0 {
		number, kind, n := protowire.ConsumeTag(data)
		if n < 0 {
			return fmt.Errorf("not a protocol buffer: %w", protowire.ParseError(n))
		}
		data = data[n:]
		f := field{number: number}
		switch kind {
		case protowire.VarintType:
			f.value, n = protowire.ConsumeVarint(data)
		case protowire.Fixed32Type:
			var v uint32
			v, n = protowire.ConsumeFixed32(data)
			f.value = uint64(v)
		case protowire.BytesType:
			f.bytes, n = protowire.ConsumeBytes(data)
		default:
			n = protowire.ConsumeFieldValue(number, kind, data)
		}
		if n < 0 {
			return fmt.Errorf("field %d: %w", number, protowire.ParseError(n))
		}
		data = data[n:]
		if err := visit(f); err != nil {
			return err
		}
	}
	return nil
}

func parsePiece(data []byte) (piece string, score float32, kind pieceKind, err error) {
	kind = normalPiece
	err = eachField(data, func(f field) error {
		switch f.number {
		case 1:
			piece = string(f.bytes)
		case 2:
			score = math.Float32frombits(uint32(f.value))
		case 3:
			kind = pieceKind(f.value)
		}
		return nil
	})
	if err == nil && !utf8.ValidString(piece) {
		err = fmt.Errorf("%q is not UTF-8", piece)
	}
	return piece, score, kind, err
}
