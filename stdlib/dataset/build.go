package dataset

import (
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// Schema is the columns of every Dataset. rewards is null for a row that was
// never scored; an element of it is null for a response without a score.
func Schema() *arrow.Schema {
	return arrow.NewSchema([]arrow.Field{
		{Name: "prefix", Type: arrow.ListOf(arrow.BinaryTypes.String)},
		{Name: "responses", Type: arrow.ListOf(arrow.BinaryTypes.String)},
		{Name: "rewards", Type: arrow.ListOf(arrow.PrimitiveTypes.Float64), Nullable: true},
		{Name: "sft_index", Type: arrow.PrimitiveTypes.Int32},
		{Name: "meta", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "extra", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "file", Type: arrow.BinaryTypes.String},
		{Name: "line", Type: arrow.PrimitiveTypes.Int64},
	}, nil)
}

// The places of Schema's columns.
const (
	colPrefix = iota
	colResponses
	colRewards
	colSFTIndex
	colMeta
	colExtra
	colFile
	colLine
)

// builder gathers rows into Arrow records. A record's text stays far below the
// two gigabytes that a string column's 32-bit offsets can hold.
type builder struct {
	b                 *array.RecordBuilder
	prefix, responses *array.ListBuilder
	prefixText, text  *array.StringBuilder
	rewards           *array.ListBuilder
	reward            *array.Float64Builder
	sft               *array.Int32Builder
	meta, extra, file *array.StringBuilder
	line              *array.Int64Builder
	rows, bytes       int
}

func newBuilder() *builder {
	b := array.NewRecordBuilder(memory.DefaultAllocator, Schema())
	w := &builder{
		b:         b,
		prefix:    b.Field(colPrefix).(*array.ListBuilder),
		responses: b.Field(colResponses).(*array.ListBuilder),
		rewards:   b.Field(colRewards).(*array.ListBuilder),
		sft:       b.Field(colSFTIndex).(*array.Int32Builder),
		meta:      b.Field(colMeta).(*array.StringBuilder),
		extra:     b.Field(colExtra).(*array.StringBuilder),
		file:      b.Field(colFile).(*array.StringBuilder),
		line:      b.Field(colLine).(*array.Int64Builder),
	}
	w.prefixText = w.prefix.ValueBuilder().(*array.StringBuilder)
	w.text = w.responses.ValueBuilder().(*array.StringBuilder)
	w.reward = w.rewards.ValueBuilder().(*array.Float64Builder)
	return w
}

func (w *builder) append(r *Row) {
	w.rows++
	w.prefix.Append(true)
	for _, t := range r.Prefix {
		w.prefixText.Append(t)
		w.bytes += len(t)
	}
	w.responses.Append(true)
	for _, t := range r.Responses {
		w.text.Append(t)
		w.bytes += len(t)
	}
	if r.Rewards == nil {
		w.rewards.AppendNull()
	} else {
		w.rewards.Append(true)
	}
	for _, v := range r.Rewards {
		if math.IsNaN(v) {
			w.reward.AppendNull()
		} else {
			w.reward.Append(v)
		}
	}
	w.sft.Append(int32(r.SFTIndex))
	optional(w.meta, r.Meta)
	optional(w.extra, r.Extra)
	w.file.Append(r.File)
	w.line.Append(r.Line)
	w.bytes += len(r.Meta) + len(r.Extra) + len(r.File)
}

func optional(b *array.StringBuilder, s string) {
	if s == "" {
		b.AppendNull()
	} else {
		b.Append(s)
	}
}

// record is the rows gathered since the last call.
func (w *builder) record() arrow.Record {
	w.rows, w.bytes = 0, 0
	return w.b.NewRecord()
}

// chunk is a record with its columns at hand.
type chunk struct {
	rec               arrow.Record
	start             int // the number of rows in the chunks before it
	prefix, responses *array.List
	prefixText, text  *array.String
	rewards           *array.List
	reward            *array.Float64
	sft               *array.Int32
	meta, extra, file *array.String
	line              *array.Int64
}

// newChunk wraps a record of Schema.
func newChunk(rec arrow.Record, start int) *chunk {
	c := &chunk{
		rec: rec, start: start,
		prefix:    rec.Column(colPrefix).(*array.List),
		responses: rec.Column(colResponses).(*array.List),
		rewards:   rec.Column(colRewards).(*array.List),
		sft:       rec.Column(colSFTIndex).(*array.Int32),
		meta:      rec.Column(colMeta).(*array.String),
		extra:     rec.Column(colExtra).(*array.String),
		file:      rec.Column(colFile).(*array.String),
		line:      rec.Column(colLine).(*array.Int64),
	}
	c.prefixText = c.prefix.ListValues().(*array.String)
	c.text = c.responses.ListValues().(*array.String)
	c.reward = c.rewards.ListValues().(*array.Float64)
	return c
}

// strings is one list of a list-of-strings column. The strings share the
// column's memory.
func stringList(list *array.List, values *array.String, i int) []string {
	from, to := list.ValueOffsets(i)
	out := make([]string, 0, to-from)
	for j := from; j < to; j++ {
		out = append(out, values.Value(int(j)))
	}
	return out
}

func (c *chunk) rewardList(i int) []float64 {
	if c.rewards.IsNull(i) {
		return nil
	}
	from, to := c.rewards.ValueOffsets(i)
	out := make([]float64, 0, to-from)
	for j := int(from); j < int(to); j++ {
		if c.reward.IsNull(j) {
			out = append(out, math.NaN())
		} else {
			out = append(out, c.reward.Value(j))
		}
	}
	return out
}

func (c *chunk) row(i int) Row {
	r := Row{
		Prefix:    stringList(c.prefix, c.prefixText, i),
		Responses: stringList(c.responses, c.text, i),
		Rewards:   c.rewardList(i),
		SFTIndex:  int(c.sft.Value(i)),
		File:      c.file.Value(i),
		Line:      c.line.Value(i),
	}
	if c.meta.IsValid(i) {
		r.Meta = c.meta.Value(i)
	}
	if c.extra.IsValid(i) {
		r.Extra = c.extra.Value(i)
	}
	return r
}
