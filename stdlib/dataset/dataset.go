package dataset

import (
	"fmt"
	"math"
	"sort"

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
	c, j := d.place(i)
	return Render(stringList(c.prefix, c.prefixText, j))
}

// Prompts is the rendered prompt of every row.
func (d *Dataset) Prompts() []string {
	out := make([]string, d.n)
	for i := range out {
		out[i] = d.Prompt(i)
	}
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
// ordered are copied. A string column holds at most two gigabytes; Record panics
// where that is not enough, and Records always works.
func (d *Dataset) Record() arrow.Record {
	records := d.records(math.MaxInt32)
	if len(records) > 1 {
		panic("dataset: the text is more than the two gigabytes of one Arrow record: use Records")
	}
	return records[0]
}

// Records is the rows as Arrow records of Schema, as many as it takes. Rows that
// nobody selected or ordered are not copied.
func (d *Dataset) Records() []arrow.Record {
	if d.rows == nil && len(d.chunks) > 0 {
		records := make([]arrow.Record, len(d.chunks))
		for i, c := range d.chunks {
			records[i] = c.rec
		}
		return records
	}
	return d.records(chunkBytes)
}

// records copies the rows into records of at most so many bytes, at least one.
func (d *Dataset) records(limit int) []arrow.Record {
	if d.rows == nil && len(d.chunks) == 1 {
		return []arrow.Record{d.chunks[0].rec}
	}
	var records []arrow.Record
	b := newBuilder()
	for i := range d.n {
		r := d.Row(i)
		if b.rows > 0 && b.bytes+r.size() > limit {
			records = append(records, b.record())
		}
		b.append(&r)
	}
	if b.rows > 0 || len(records) == 0 {
		records = append(records, b.record())
	}
	return records
}

// Prefix is the first n rows, or all when there are fewer.
func (d *Dataset) Prefix(n int) *Dataset { return d.Slice(0, min(n, d.n)) }

// Slice is the rows from up to, not including, to.
func (d *Dataset) Slice(from, to int) *Dataset {
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
		s += fmt.Sprintf(", %d lines rejected", n)
	}
	return s
}
