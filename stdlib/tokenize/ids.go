package tokenize

import (
	"fmt"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// IDs is the token ids of a list of texts: one flat array, and where each text
// begins in it. It is the memory layout of an Arrow large list of int32, and
// Record hands it over without a copy. IDs never change once made; slices that
// its methods return must not be written to.
type IDs struct {
	flat    []int32
	offsets []int64 // len = number of texts + 1
	vocab   int     // every id is in [0, vocab)
}

// NewIDs makes IDs of sequences, for example of ids that come from elsewhere.
// vocab is the size of the vocabulary; 0 means the largest id plus one. It is
// an error for an id to be negative or not below vocab.
func NewIDs(sequences [][]int32, vocab int) (*IDs, error) {
	total := 0
	for _, s := range sequences {
		total += len(s)
	}
	flat := make([]int32, 0, total)
	offsets := make([]int64, 1, len(sequences)+1)
	for _, s := range sequences {
		flat = append(flat, s...)
		offsets = append(offsets, int64(len(flat)))
	}
	return FlatIDs(flat, offsets, vocab)
}

// FlatIDs makes IDs of one flat array and len(texts)+1 rising offsets into it,
// the first 0 and the last len(flat). It keeps both slices: the caller must not
// write to them afterwards. vocab is as for NewIDs.
func FlatIDs(flat []int32, offsets []int64, vocab int) (*IDs, error) {
	if len(offsets) == 0 || offsets[0] != 0 || offsets[len(offsets)-1] != int64(len(flat)) {
		return nil, fmt.Errorf("tokenize: offsets must begin with 0 and end with %d, the number of ids", len(flat))
	}
	if !slices.IsSorted(offsets) {
		return nil, fmt.Errorf("tokenize: offsets must rise")
	}
	low, high := int32(0), int32(-1)
	for _, id := range flat {
		low, high = min(low, id), max(high, id)
	}
	switch {
	case low < 0:
		return nil, fmt.Errorf("tokenize: id %d is negative", low)
	case vocab == 0:
		vocab = int(high) + 1
	case int(high) >= vocab:
		return nil, fmt.Errorf("tokenize: id %d is outside a vocabulary of %d", high, vocab)
	}
	return &IDs{flat: flat, offsets: offsets, vocab: vocab}, nil
}

// Len is the number of texts.
func (s *IDs) Len() int { return len(s.offsets) - 1 }

// Tokens is the number of ids in all texts together.
func (s *IDs) Tokens() int64 { return s.offsets[len(s.offsets)-1] - s.offsets[0] }

// VocabSize is the size of the vocabulary: every id is below it.
func (s *IDs) VocabSize() int { return s.vocab }

// WithVocabSize is the same ids under a vocabulary of another size, as of a tokenizer
// whose vocabulary has grown since; it copies nothing. All ids must be below it.
func (s *IDs) WithVocabSize(vocab int) (*IDs, error) {
	if vocab < s.vocab {
		for _, id := range s.flat[s.offsets[0]:s.offsets[len(s.offsets)-1]] {
			if int(id) >= vocab {
				return nil, fmt.Errorf("tokenize: id %d is outside a vocabulary of %d", id, vocab)
			}
		}
	}
	return &IDs{flat: s.flat, offsets: s.offsets, vocab: vocab}, nil
}

// At is the ids of text i, not a copy.
func (s *IDs) At(i int) []int32 {
	from, to := s.offsets[i], s.offsets[i+1]
	return s.flat[from:to:to]
}

// Prefix is the first n texts (all of them when there are fewer), not a copy.
func (s *IDs) Prefix(n int) *IDs { return s.Slice(0, min(n, s.Len())) }

// Slice is the texts from up to, not including, to; it copies nothing.
func (s *IDs) Slice(from, to int) *IDs {
	return &IDs{flat: s.flat, offsets: s.offsets[from : to+1 : to+1], vocab: s.vocab}
}

// Take is the texts of the given rows in the given order, copied.
func (s *IDs) Take(rows []int) *IDs {
	total := 0
	for _, r := range rows {
		total += len(s.At(r))
	}
	t := &IDs{flat: make([]int32, 0, total), offsets: make([]int64, 1, len(rows)+1), vocab: s.vocab}
	for _, r := range rows {
		t.flat = append(t.flat, s.At(r)...)
		t.offsets = append(t.offsets, int64(len(t.flat)))
	}
	return t
}

// Sequences is the ids as a slice of slices, one a text, not copied.
func (s *IDs) Sequences() [][]int32 {
	out := make([][]int32, s.Len())
	for i := range out {
		out[i] = s.At(i)
	}
	return out
}

// Flat gives the layout itself: all ids of all texts, and the n+1 offsets at
// which texts begin and end. Text i is ids[offsets[i]:offsets[i+1]]; the first
// offset need not be 0. Neither slice may be written to.
func (s *IDs) Flat() (ids []int32, offsets []int64) { return s.flat, s.offsets }

// Record is the ids as an Arrow record of one column, "ids", a large list of
// int32. It shares memory with s.
func (s *IDs) Record() arrow.Record {
	kind := arrow.LargeListOf(arrow.PrimitiveTypes.Int32)
	values := array.NewInt32Data(array.NewData(arrow.PrimitiveTypes.Int32, len(s.flat),
		[]*memory.Buffer{nil, memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(s.flat))}, nil, 0, 0))
	data := array.NewData(kind, s.Len(),
		[]*memory.Buffer{nil, memory.NewBufferBytes(arrow.Int64Traits.CastToBytes(s.offsets))},
		[]arrow.ArrayData{values.Data()}, 0, 0)
	schema := arrow.NewSchema([]arrow.Field{{Name: "ids", Type: kind}}, nil)
	return array.NewRecord(schema, []arrow.Array{array.NewLargeListData(data)}, int64(s.Len()))
}

// IDsFromArrow reads the ids of an Arrow list column of int32, as Record wrote
// it, copying nothing. vocab is as for NewIDs. Null lists and null ids are
// errors.
func IDsFromArrow(column arrow.Array, vocab int) (*IDs, error) {
	list, ok := column.(array.ListLike)
	if !ok {
		return nil, fmt.Errorf("tokenize: column of ids is %s, want a list of int32", column.DataType())
	}
	values, ok := list.ListValues().(*array.Int32)
	if !ok {
		return nil, fmt.Errorf("tokenize: column of ids is %s, want a list of int32", column.DataType())
	}
	if column.NullN() > 0 || values.NullN() > 0 {
		return nil, fmt.Errorf("tokenize: column of ids has nulls")
	}
	offsets := make([]int64, 1, column.Len()+1)
	base := int64(0)
	for i := range column.Len() {
		from, to := list.ValueOffsets(i)
		if i == 0 {
			base = from
		}
		if from-base != offsets[i] {
			return nil, fmt.Errorf("tokenize: row %d: list of ids does not follow the one before it", i)
		}
		offsets = append(offsets, to-base)
	}
	flat := values.Int32Values()[base : base+offsets[column.Len()]]
	return FlatIDs(flat, offsets, vocab)
}

// String says how many texts and ids there are.
func (s *IDs) String() string {
	return fmt.Sprintf("%d texts, %d ids, vocabulary %d", s.Len(), s.Tokens(), s.vocab)
}
