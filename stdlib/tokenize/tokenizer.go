package tokenize

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"divvy/stdlib/display"
)

// Tokenizer turns texts into ids. It is safe for use from many goroutines, and
// does not change: the With methods return a changed copy.
type Tokenizer struct {
	name  string
	model model
	bos   int32 // the id put in front of every text, -1 for none
	addB  bool
	pool  *sync.Pool // of *scratch: each holds a cache of words
}

// model is one family of tokenizers.
type model interface {
	// encode appends the ids of a whole text, without BOS.
	encode(dst []int32, text string, s *scratch) []int32
	// segment appends the ids of a piece of text on which s.word may be called.
	segment(dst []int32, text string, m *merger) []int32
	size() int
	token(id int32) string
	id(token string) (int32, bool)
	decode(ids []int32) string
}

func newTokenizer(name string, m model, bos int32) *Tokenizer {
	return &Tokenizer{name: name, model: m, bos: bos, addB: bos >= 0,
		pool: &sync.Pool{New: func() any { return newScratch() }}}
}

// WithBOS is the same tokenizer that puts the beginning-of-sequence id in front
// of every text, or does not. A tokenizer that has no such id stays as it is.
func (t *Tokenizer) WithBOS(on bool) *Tokenizer {
	c := *t
	c.addB = on && t.bos >= 0
	return &c
}

// BOS is the beginning-of-sequence id, -1 where the model has none.
func (t *Tokenizer) BOS() int32 { return t.bos }

// Name says which tokenizer it is.
func (t *Tokenizer) Name() string { return t.name }

// String names the tokenizer and tells the size of its vocabulary.
func (t *Tokenizer) String() string {
	if _, grows := t.model.(*whiteSpace); grows {
		return fmt.Sprintf("tokenizer: %s, %d words so far", t.name, t.VocabSize())
	}
	return fmt.Sprintf("tokenizer: %s, %d tokens", t.name, t.VocabSize())
}

// VocabSize is the number of ids: all are below it. A white-space tokenizer's
// grows with the texts that it has seen.
func (t *Tokenizer) VocabSize() int { return t.model.size() }

// Grows tells whether the vocabulary grows with the texts that are encoded.
func (t *Tokenizer) Grows() bool {
	_, grows := t.model.(*whiteSpace)
	return grows
}

// Token is the text of an id as the vocabulary writes it ("▁Human", "Ġthe",
// "<0x0A>"). It is empty for an id outside the vocabulary.
func (t *Tokenizer) Token(id int32) string {
	if id < 0 || int(id) >= t.model.size() {
		return ""
	}
	return t.model.token(id)
}

// Tokens is Token for each of ids.
func (t *Tokenizer) Tokens(ids []int32) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = t.Token(id)
	}
	return out
}

// ID is the id of a token as the vocabulary writes it.
func (t *Tokenizer) ID(token string) (id int32, ok bool) { return t.model.id(token) }

// Encode is the ids of one text.
func (t *Tokenizer) Encode(text string) []int32 {
	s := t.pool.Get().(*scratch)
	defer t.pool.Put(s)
	return t.encode(nil, text, s)
}

func (t *Tokenizer) encode(dst []int32, text string, s *scratch) []int32 {
	if t.addB {
		dst = append(dst, t.bos)
	}
	return t.model.encode(dst, text, s)
}

// Decode is the text of ids. Ids outside the vocabulary are an error.
func (t *Tokenizer) Decode(ids []int32) (string, error) {
	for i, id := range ids {
		if id < 0 || int(id) >= t.model.size() {
			return "", fmt.Errorf("tokenize: id %d at %d is outside the vocabulary of %d", id, i, t.model.size())
		}
	}
	return t.model.decode(ids), nil
}

// Options of EncodeAll. The zero value uses all cores.
type Options struct {
	// Workers is the number of goroutines, 0 for as many as there are cores.
	Workers int
	// Progress, when set, is called now and then with the number of texts done
	// and of all texts, from one goroutine at a time. Without one a notebook shows
	// a bar when a call takes more than a second.
	Progress func(done, total int64)
}

// batchTexts is how many texts a worker takes at a time: enough to make taking
// them cheap, few enough to share the work evenly and to stop soon.
const batchTexts = 256

// EncodeAll is the ids of every text, in order. It ends early with ctx's error
// when ctx is cancelled.
func (t *Tokenizer) EncodeAll(ctx context.Context, texts []string, o Options) (*IDs, error) {
	if o.Progress == nil {
		o.Progress = display.AutoFunc("Tokenizing", "texts")
	}
	if w, ok := t.model.(*whiteSpace); ok {
		return w.encodeAll(ctx, texts, o)
	}
	batches := make([][]int32, (len(texts)+batchTexts-1)/batchTexts)
	lengths := make([]int64, len(texts)+1)
	err := inBatches(ctx, len(texts), o, func(batch, from, to int) {
		s := t.pool.Get().(*scratch)
		defer t.pool.Put(s)
		size := 0
		for _, text := range texts[from:to] {
			size += len(text)
		}
		ids := make([]int32, 0, size/3)
		for i, text := range texts[from:to] {
			before := len(ids)
			ids = t.encode(ids, text, s)
			lengths[from+i+1] = int64(len(ids) - before)
		}
		batches[batch] = ids
	})
	if err != nil {
		return nil, err
	}
	return joinBatches(batches, lengths, t.model.size()), nil
}

// joinBatches makes lengths (one a text, after a leading 0) into offsets and
// lays the batches end to end.
func joinBatches(batches [][]int32, lengths []int64, vocab int) *IDs {
	for i := 1; i < len(lengths); i++ {
		lengths[i] += lengths[i-1]
	}
	flat := make([]int32, 0, lengths[len(lengths)-1])
	for i, b := range batches {
		flat = append(flat, b...)
		batches[i] = nil // let go of it: two copies of all ids are one too many
	}
	return &IDs{flat: flat, offsets: lengths, vocab: vocab}
}

// inBatches calls work for each batch of n texts, from several goroutines.
func inBatches(ctx context.Context, n int, o Options, work func(batch, from, to int)) error {
	workers := o.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	batches := (n + batchTexts - 1) / batchTexts
	var next atomic.Int64
	var done int64
	var report sync.Mutex
	var wait sync.WaitGroup
	for range min(workers, batches) {
		wait.Go(func() {
			for ctx.Err() == nil {
				b := int(next.Add(1)) - 1
				if b >= batches {
					return
				}
				from, to := b*batchTexts, min(n, (b+1)*batchTexts)
				work(b, from, to)
				if o.Progress != nil {
					report.Lock()
					done += int64(to - from)
					o.Progress(done, int64(n))
					report.Unlock()
				}
			}
		})
	}
	wait.Wait()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("tokenize: encoding %d texts: %w", n, context.Cause(ctx))
	}
	return nil
}
