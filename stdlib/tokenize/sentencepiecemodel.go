package tokenize

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
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
