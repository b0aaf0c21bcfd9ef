package diversity

import (
	"context"
	"fmt"

	"github.com/axiomhq/hyperloglog"

	"divvy/stdlib/tokenize"
)

// A Source gives prompts in batches, so that not all of them need to be in memory;
// dataset.Open gives one.
type Source interface {
	// Next reads the next batch. It gives false at the end and at an error.
	Next() bool
	// Prompts are those of the batch that Next read.
	Prompts() []string
	// Err is what ended the reading, nil for the end.
	Err() error
}

// StreamOptions are those of CurveOf.
type StreamOptions struct {
	Options
	// Every is how many prompts lie between two points of the curve; 0 gives a point
	// after each batch. The last point is always that of all prompts.
	Every int
	// Approximate estimates the distinct N-grams as CurveApproximate does, in 64 KB.
	// Without it they are counted: for N = 2 in a bitmap of vocabulary^2 bits (128 MB
	// for LLaMA's), for longer N-grams in a set that grows with them, some 12 bytes
	// each.
	Approximate bool
}

// CurveOf is Curve over prompts that are read and tokenized as it goes, and need not
// fit into memory:
//
//	r := dataset.Open(ctx, dataset.Options{}, "hundreds-of-gigabytes.jsonl.gz")
//	defer r.Close()
//	curve, err := diversity.CurveOf(ctx, r, tok, diversity.StreamOptions{Every: 10_000})
//
// What is held is a few batches, the counts, and 40 bytes a point. Beside an error,
// that of ctx too, it gives the curve as far as it came.
func CurveOf(ctx context.Context, src Source, tok *tokenize.Tokenizer, o StreamOptions) (*Series, error) {
	progress := o.Progress // that of whole batches would begin anew with each
	var err error
	if o.Options, err = o.Options.withDefaults(); err != nil {
		return nil, err
	}
	if o.Every < 0 {
		return nil, fmt.Errorf("diversity: a point every %d prompts", o.Every)
	}
	vocab := tok.VocabSize()
	if tok.Grows() {
		vocab = mostWords
	}
	count, err := newStreamCounter(o, vocab)
	if err != nil {
		return nil, err
	}
	defer count.release()
	c := &curveSoFar{options: o}
	for src.Next() {
		texts := src.Prompts()
		ids, err := tok.EncodeAll(ctx, texts, tokenize.Options{Workers: o.Workers})
		if err == nil {
			ids, err = ids.WithVocabSize(vocab)
		}
		if err != nil {
			return c.series(), fmt.Errorf("diversity: prompts from %d on: %w", c.prompts, err)
		}
		if err := count.add(ctx, ids, c.prompt); err != nil {
			return c.series(), err
		}
		if o.Every == 0 {
			c.point()
		}
		if progress != nil {
			progress(c.total, 0)
		}
	}
	if progress != nil && c.total > 0 {
		progress(c.total, c.total) // only now is the whole of it known
	}
	if err := src.Err(); err != nil {
		return c.series(), fmt.Errorf("diversity: after %d prompts: %w", c.prompts, err)
	}
	return c.series(), nil
}

// mostWords is how many different words a stream may have where the tokenizer makes
// ids of words as they come: five of them fit 128 bits.
const mostWords = 1 << 24

// curveSoFar is a curve that grows.
type curveSoFar struct {
	options       StreamOptions
	prompts       int
	unique, total int64
	sizes         []int
	uniques       []int64
	totals        []int64
}

// prompt adds one prompt, of so many N-grams, and how many different ones there are
// now.
func (c *curveSoFar) prompt(grams, unique int64) {
	c.prompts++
	c.total += grams
	c.unique = unique
	if c.options.Every > 0 && c.prompts%c.options.Every == 0 {
		c.point()
	}
}

// point ends a subset here, unless one ends here already.
func (c *curveSoFar) point() {
	if n := len(c.sizes); n > 0 && c.sizes[n-1] == c.prompts || c.prompts == 0 {
		return
	}
	c.sizes, c.uniques, c.totals = append(c.sizes, c.prompts), append(c.uniques, c.unique), append(c.totals, c.total)
}

func (c *curveSoFar) series() *Series {
	c.point()
	s := newSeries(c.sizes, c.options.Options)
	for i := range c.sizes {
		s.set(i, c.uniques[i], c.totals[i], c.options.Options)
	}
	return s
}

// A streamCounter tells for each prompt of its calls how many N-grams it has, and
// how many different ones all prompts up to it.
type streamCounter interface {
	add(ctx context.Context, ids *tokenize.IDs, prompt func(grams, unique int64)) error
	release()
}

func newStreamCounter(o StreamOptions, vocab int) (streamCounter, error) {
	if o.Approximate {
		keys, err := newGramKeys(o.Options, vocab)
		if err != nil {
			return nil, err
		}
		sketch, err := hyperloglog.NewSketch(16, false)
		if err != nil {
			return nil, fmt.Errorf("diversity: HyperLogLog: %w", err)
		}
		return &sketchCounter{options: o, keys: keys, sketch: sketch}, nil
	}
	e, err := newEngine(o.Options, vocab, 1<<40, true)
	if err != nil {
		return nil, err
	}
	e.expect = 0
	return &exactCounter{engine: e}, nil
}

type exactCounter struct {
	engine *engine
	unique int64
	fresh  []int32
}

func (c *exactCounter) add(ctx context.Context, ids *tokenize.IDs, prompt func(grams, unique int64)) error {
	c.fresh = resize(c.fresh, ids.Len())
	clear(c.fresh)
	if err := c.engine.add(ctx, ids, c.fresh, nil); err != nil {
		return err
	}
	for i, n := range c.fresh {
		c.unique += int64(n)
		prompt(grams(len(ids.At(i)), c.engine.options), c.unique)
	}
	return nil
}

func (c *exactCounter) release() { c.engine.release() }

type sketchCounter struct {
	options StreamOptions
	keys    *gramKeys
	sketch  *hyperloglog.Sketch
	prompts int
}

func (c *sketchCounter) add(ctx context.Context, ids *tokenize.IDs, prompt func(grams, unique int64)) error {
	for i := range ids.Len() {
		if i%1024 == 0 && ctx.Err() != nil {
			return fmt.Errorf("diversity: approximate curve at prompt %d: %w", c.prompts, context.Cause(ctx))
		}
		c.keys.eachHash(ids.At(i), func(hash uint64) { c.sketch.InsertHash(hash) })
		c.prompts++
		unique := int64(0)
		if last := i == ids.Len()-1; last || c.options.Every > 0 && c.prompts%c.options.Every == 0 {
			unique = int64(c.sketch.Estimate()) // which is not free
		}
		prompt(grams(len(ids.At(i)), c.options.Options), unique)
	}
	return nil
}

func (c *sketchCounter) release() {}
