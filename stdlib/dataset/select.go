package dataset

import (
	"context"
	"crypto/sha256"
	"fmt"
)

// Take is the given rows in the given order; a row may come twice.
func (d *Dataset) Take(rows []int) (*Dataset, error) {
	out := make([]int, len(rows))
	for i, r := range rows {
		if r < 0 || r >= d.n {
			return nil, fmt.Errorf("dataset: take: row %d of %d", r, d.n)
		}
		out[i] = d.base(r)
	}
	return d.view(out), nil
}

// Where is the rows at which mask is true; mask has an element for each row.
func (d *Dataset) Where(mask []bool) (*Dataset, error) {
	if len(mask) != d.n {
		return nil, fmt.Errorf("dataset: where: a mask of %d for %d rows", len(mask), d.n)
	}
	rows := []int{}
	for i, keep := range mask {
		if keep {
			rows = append(rows, d.base(i))
		}
	}
	return d.view(rows), nil
}

// Filter is the rows for which keep gives true. keep is called for one row after
// the other. The error is that of ctx.
func (d *Dataset) Filter(ctx context.Context, keep func(Row) bool) (*Dataset, error) {
	rows := []int{}
	err := d.each(ctx, "Filtering", 1, func(from, to int) error {
		for i := from; i < to; i++ {
			if keep(d.Row(i)) {
				rows = append(rows, d.base(i))
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return d.view(rows), nil
}

// Shuffle is all rows in random order, from NewRandom(seed).
func (d *Dataset) Shuffle(seed uint64) *Dataset { return d.ShuffleWith(NewRandom(seed)) }

// ShuffleWith is Shuffle from a generator of the caller: ShuffleWith(PythonRandom(42))
// is the order that Python's random.seed(42); random.shuffle(rows) gives. It is
// a Fisher-Yates shuffle from the last row to the second.
func (d *Dataset) ShuffleWith(r Random) *Dataset {
	p := permutation(d.n, r)
	for i := range p {
		p[i] = d.base(p[i])
	}
	return d.view(p)
}

// Sample is n different rows in random order, from NewRandom(seed).
func (d *Dataset) Sample(n int, seed uint64) (*Dataset, error) {
	return d.SampleWith(n, NewRandom(seed))
}

// SampleWith is Sample from a generator of the caller; with PythonRandom it is
// Python's random.sample.
func (d *Dataset) SampleWith(n int, r Random) (*Dataset, error) {
	if n < 0 || n > d.n {
		return nil, fmt.Errorf("dataset: a sample of %d rows of %d", n, d.n)
	}
	return d.Take(sample(d.n, n, r))
}

// Split cuts the rows, in their order, into parts of the given fractions. When
// they sum to less than 1 the last rows belong to no part. Shuffle first for
// parts that are alike.
func (d *Dataset) Split(fractions ...float64) ([]*Dataset, error) {
	parts := make([]*Dataset, len(fractions))
	sum, from := 0.0, 0
	for i, f := range fractions {
		if sum += f; !(f >= 0) || sum > 1+1e-9 {
			return nil, fmt.Errorf("dataset: split: fractions %v: each must be at least 0 and their sum at most 1", fractions)
		}
		to := min(d.n, int(sum*float64(d.n)+0.5))
		parts[i] = d.Slice(from, to)
		from = to
	}
	return parts, nil
}

// Dedup is the rows without those whose rendered prompt an earlier row has. How
// many it drops is the difference of the two Lens. Prompts are told apart by
// their SHA-256. The error is that of ctx.
func (d *Dataset) Dedup(ctx context.Context) (*Dataset, error) {
	digests := make([][sha256.Size]byte, d.n)
	err := d.each(ctx, "Comparing prompts", cores(), func(from, to int) error {
		var prompt []byte
		for i := from; i < to; i++ {
			prompt = d.appendPrompt(prompt[:0], i)
			digests[i] = sha256.Sum256(prompt)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	seen := make(map[[sha256.Size]byte]bool, d.n)
	rows := []int{}
	for i, digest := range digests {
		if !seen[digest] {
			seen[digest] = true
			rows = append(rows, d.base(i))
		}
	}
	return d.view(rows), nil
}

// Concat is the rows of several Datasets, one after the other.
func Concat(parts ...*Dataset) *Dataset {
	all := &Dataset{rows: []int{}}
	start := 0
	for _, p := range parts {
		for _, c := range p.chunks {
			all.chunks = append(all.chunks, newChunk(c.rec, start+c.start))
		}
		for i := range p.n {
			all.rows = append(all.rows, start+p.base(i))
		}
		all.rejects = append(all.rejects, p.rejects...)
		if n := len(p.chunks); n > 0 {
			start += p.chunks[n-1].start + int(p.chunks[n-1].rec.NumRows())
		}
	}
	all.n = len(all.rows)
	return all
}
