package tokenize

import (
	"context"
	"strings"
	"sync"
	"unicode"
)

// WhiteSpace splits a text into words as Python's str.split() does and numbers
// the words in the order of their first occurrence, the same whatever the
// number of cores. There is no BOS. Its vocabulary grows: two tokenizers number
// words differently, one tokenizer never does.
func WhiteSpace() *Tokenizer {
	return newTokenizer("white space", &whiteSpace{ids: map[string]int32{}}, -1)
}

// whiteSpace is a vocabulary that learns words as they come.
type whiteSpace struct {
	lock  sync.RWMutex
	ids   map[string]int32
	words []string
}

// isPythonSpace is Python's str.isspace for one character: Unicode's White_Space
// and the four information separators U+001C to U+001F.
func isPythonSpace(r rune) bool { return unicode.IsSpace(r) || 0x1c <= r && r <= 0x1f }

func (w *whiteSpace) encode(dst []int32, text string, _ *scratch) []int32 {
	return w.intern(dst, strings.FieldsFunc(text, isPythonSpace))
}

func (w *whiteSpace) segment(dst []int32, text string, _ *merger) []int32 {
	return w.encode(dst, text, nil)
}

// intern appends the ids of words, new ones for new words.
func (w *whiteSpace) intern(dst []int32, words []string) []int32 {
	w.lock.Lock()
	defer w.lock.Unlock()
	for _, word := range words {
		id, ok := w.ids[word]
		if !ok {
			id = int32(len(w.words))
			word = strings.Clone(word) // keep the word, not the text around it
			w.ids[word] = id
			w.words = append(w.words, word)
		}
		dst = append(dst, id)
	}
	return dst
}

// encodeAll numbers the words of each batch by themselves, on all cores, then
// gives each batch's new words their place, in order.
func (w *whiteSpace) encodeAll(ctx context.Context, texts []string, o Options) (*IDs, error) {
	type local struct {
		words []string // in the order of their first occurrence in the batch
		ids   []int32  // places in words
	}
	n := (len(texts) + batchTexts - 1) / batchTexts
	locals := make([]local, n)
	lengths := make([]int64, len(texts)+1)
	err := inBatches(ctx, len(texts), o, func(batch, from, to int) {
		var l local
		seen := map[string]int32{}
		for i, text := range texts[from:to] {
			words := strings.FieldsFunc(text, isPythonSpace)
			for _, word := range words {
				id, ok := seen[word]
				if !ok {
					id = int32(len(l.words))
					seen[word] = id
					l.words = append(l.words, word)
				}
				l.ids = append(l.ids, id)
			}
			lengths[from+i+1] = int64(len(words))
		}
		locals[batch] = l
	})
	if err != nil {
		return nil, err
	}
	batches := make([][]int32, n)
	for b, l := range locals {
		global := w.intern(make([]int32, 0, len(l.words)), l.words)
		for i, id := range l.ids {
			l.ids[i] = global[id]
		}
		batches[b] = l.ids
	}
	return joinBatches(batches, lengths, w.size()), nil
}

func (w *whiteSpace) size() int {
	w.lock.RLock()
	defer w.lock.RUnlock()
	return len(w.words)
}

func (w *whiteSpace) token(id int32) string {
	w.lock.RLock()
	defer w.lock.RUnlock()
	return w.words[id]
}

func (w *whiteSpace) id(token string) (int32, bool) {
	w.lock.RLock()
	defer w.lock.RUnlock()
	id, ok := w.ids[token]
	return id, ok
}

// decode joins the words with single spaces: which white space stood between
// them is not known any more.
func (w *whiteSpace) decode(ids []int32) string {
	words := make([]string, len(ids))
	for i, id := range ids {
		words[i] = w.token(id)
	}
	return strings.Join(words, " ")
}
