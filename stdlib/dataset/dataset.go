package dataset

import (
	"context"
	"fmt"
	"math"
	"sort"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"
)

// Dataset is rows of prompts with ranked responses. It never changes: every
// method that selects or orders gives another Dataset, which shares the rows'
// memory. It is safe for concurrent use.
type Dataset struct {
	chunks  []*chunk
	rows    []int // the rows in order, as places in chunks; nil for all of them
	n       int
	rejects []Reject
}

func newDataset(chunks []*chunk, rows []int) *Dataset {
	d := &Dataset{chunks: chunks, rows: rows, n: len(rows)}
	if rows == nil && len(chunks) > 0 {
		last := chunks[len(chunks)-1]
		d.n = last.start + int(last.rec.NumRows())
	}
	return d
}

// view is another selection of the same rows.
func (d *Dataset) view(rows []int) *Dataset {
	v := newDataset(d.chunks, rows)
	v.rejects = d.rejects
	if rows == nil {
		v.rows, v.n = []int{}, 0
	}
	return v
}

// Len is the number of rows.
func (d *Dataset) Len() int { return d.n }

// place is where row i lies.
func (d *Dataset) place(i int) (*chunk, int) {
	if i < 0 || i >= d.n {
		panic(fmt.Sprintf("dataset: row %d of a Dataset of %d rows", i, d.n))
	}
	if d.rows != nil {
		i = d.rows[i]
	}
	c := sort.Search(len(d.chunks), func(c int) bool { return d.chunks[c].start > i }) - 1
	return d.chunks[c], i - d.chunks[c].start
}

// Row is row i, counted from 0. It panics when there is none, as a slice does.
func (d *Dataset) Row(i int) Row {
	c, j := d.place(i)
	return c.row(j)
}

// Prompt is the rendered prompt of row i, see Render.
func (d *Dataset) Prompt(i int) string {
	return string(d.appendPrompt(nil, i))
}

// appendPrompt appends the rendered prompt of row i.
func (d *Dataset) appendPrompt(b []byte, i int) []byte {
	c, j := d.place(i)
	start := len(b)
	from, to := c.prefix.ValueOffsets(j)
	for k := from; k < to; k++ {
		b = append(b, c.prefixText.Value(int(k))...)
	}
	return b[:start+len(render(b[start:]))]
}

// Prompts is the rendered prompt of every row. It takes no context: a million
// prompts, half a gigabyte, take a fifth of a second on two cores.
func (d *Dataset) Prompts() []string {
	out := make([]string, d.n)
	scratch := sync.Pool{New: func() any { return new([]byte) }}
	// Without a context and with no row that can fail there is no error.
	_ = d.each(context.Background(), "Rendering prompts", cores(), func(from, to int) error {
		text := scratch.Get().(*[]byte)
		defer scratch.Put(text)
		*text = (*text)[:0]
		var ends [blockRows]int
		for i := from; i < to; i++ {
			*text = d.appendPrompt(*text, i)
			ends[i-from] = len(*text)
		}
		all, start := string(*text), 0
		for i := from; i < to; i++ {
			out[i], start = all[start:ends[i-from]], ends[i-from]
		}
		return nil
	})
	return out
}

// Responses is the responses to row i.
func (d *Dataset) Responses(i int) []string {
	c, j := d.place(i)
	return stringList(c.responses, c.text, j)
}

// Rewards is the rewards of row i's responses: nil when it was never scored, NaN
// for a response without a score.
func (d *Dataset) Rewards(i int) []float64 {
	c, j := d.place(i)
	return c.rewardList(j)
}

// Rejects is the lines that gave no row when the files were read: good lines
// that the preprocessing excludes and, with Options.Collect, malformed ones.
// Every selection of the Dataset still has all of them.
func (d *Dataset) Rejects() []Reject { return d.rejects }

// Record is the rows as one Arrow record of Schema. Rows that are selected or
// ordered are copied. A string column holds at most two gigabytes: more text than
// that is an error, and Records always works.
func (d *Dataset) Record(ctx context.Context) (arrow.Record, error) {
	if records := d.uncopied(); len(records) == 1 {
		return records[0], nil
	}
	bytes := 0
	err := d.each(ctx, "Measuring rows", 1, func(from, to int) error {
		for i := from; i < to; i++ {
			row := d.Row(i)
			if bytes += row.size(); bytes > math.MaxInt32 {
				return fmt.Errorf("dataset: the text of the first %d rows is more than the two gigabytes of one Arrow record: use Records", i+1)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	w := newBuilder()
	err = d.each(ctx, "Copying rows", 1, func(from, to int) error {
		for i := from; i < to; i++ {
			row := d.Row(i)
			w.append(&row)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return w.record(), nil
}

// Records is the rows as Arrow records of Schema, as many as it takes. Rows that
// nobody selected or ordered are not copied.
func (d *Dataset) Records(ctx context.Context) ([]arrow.Record, error) {
	if records := d.uncopied(); records != nil {
		return records, nil
	}
	copied, err := d.rebuilt(ctx, "Copying rows", func(int, *Row) error { return nil })
	if err != nil {
		return nil, err
	}
	if records := copied.uncopied(); records != nil {
		return records, nil
	}
	return []arrow.Record{newBuilder().record()}, nil
}

// uncopied is the records in which the rows lie already, nil when the rows were
// selected or ordered, or when there are none.
func (d *Dataset) uncopied() []arrow.Record {
	if d.rows != nil {
		return nil
	}
	var records []arrow.Record
	for _, c := range d.chunks {
		records = append(records, c.rec)
	}
	return records
}

// Prefix is the first n rows, or all when there are fewer.
func (d *Dataset) Prefix(n int) *Dataset { return d.Slice(0, max(0, min(n, d.n))) }

// Slice is the rows from up to, not including, to. It panics when there are not
// as many, as a slice does.
func (d *Dataset) Slice(from, to int) *Dataset {
	if from < 0 || to < from || to > d.n {
		panic(fmt.Sprintf("dataset: rows %d to %d of a Dataset of %d rows", from, to, d.n))
	}
	rows := make([]int, 0, to-from)
	for i := from; i < to; i++ {
		rows = append(rows, d.base(i))
	}
	return d.view(rows)
}

// base is row i's place in the chunks.
func (d *Dataset) base(i int) int {
	if d.rows != nil {
		return d.rows[i]
	}
	return i
}

// String says what the Dataset holds.
func (d *Dataset) String() string {
	s := fmt.Sprintf("%d prompts", d.n)
	if n := len(d.rejects); n > 0 {
		s += fmt.Sprintf(", %d rejected", n)
	}
	return s
}
