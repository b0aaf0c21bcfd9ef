package train

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"divvy/stdlib/display"
	"divvy/stdlib/tokenize"
)

// BPE is a byte-level BPE tokenizer trained here, in GPT-2's form.
type BPE struct {
	Tokenizer *tokenize.Tokenizer
	// JSON is the tokenizer.json, which Hugging Face's tokenizers read too.
	JSON []byte
	// EndOfText is the id of "<|endoftext|>", which begins and ends texts.
	EndOfText int32
}

const endOfText = "<|endoftext|>"

// words is GPT-2's pattern up to its look-ahead: merges learnt within these
// words are within GPT-2's too, except across runs of white space.
var words = regexp.MustCompile(`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s`)

// NewBPE trains a tokenizer on texts: starting from the 256 bytes, the pair of
// neighbouring tokens that is most frequent within words becomes a token, until
// there are vocab of them (Sennrich et al. 2016). Equal frequencies are decided
// by the smaller ids, so the result does not depend on chance. Where no pair comes
// twice any more there are fewer tokens than vocab.
func NewBPE(ctx context.Context, texts []string, vocab int) (*BPE, error) {
	if vocab < 257 {
		return nil, fmt.Errorf("training a tokenizer: a vocabulary of %d is less than the bytes and the end mark, 257", vocab)
	}
	letters := byteLetters()
	tokens := make([]string, 256, vocab)
	for b, r := range letters {
		tokens[b] = string(r)
	}
	stopped := func() error {
		return fmt.Errorf("training a tokenizer: %d of %d tokens: %w", len(tokens), vocab, context.Cause(ctx))
	}
	t := newMerger(ctx, texts)
	tell := display.AutoFunc("Training a tokenizer", "tokens")
	var merges [][2]string
	for len(tokens) < vocab-1 {
		if ctx.Err() != nil {
			return nil, stopped()
		}
		if tell != nil {
			tell(int64(len(tokens)), int64(vocab))
		}
		pair, ok := t.best()
		if !ok {
			break // every word is a token
		}
		merges = append(merges, [2]string{tokens[pair[0]], tokens[pair[1]]})
		t.merge(pair, int32(len(tokens)))
		tokens = append(tokens, tokens[pair[0]]+tokens[pair[1]])
	}
	if ctx.Err() != nil { // before the first pair
		return nil, stopped()
	}
	if tell != nil {
		tell(int64(vocab), int64(vocab))
	}
	return buildBPE(tokens, merges)
}

// buildBPE writes the tokenizer.json and reads it back by package tokenize.
func buildBPE(tokens []string, merges [][2]string) (*BPE, error) {
	ids := make(map[string]int, len(tokens)+1)
	for i, t := range tokens {
		ids[t] = i
	}
	end := len(tokens)
	ids[endOfText] = end
	level := map[string]any{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}
	data, err := json.Marshal(map[string]any{
		"version": "1.0", "truncation": nil, "padding": nil, "normalizer": nil,
		"added_tokens": []any{map[string]any{
			"id": end, "content": endOfText, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true,
		}},
		"pre_tokenizer": level, "post_processor": nil, "decoder": level,
		"model": map[string]any{
			"type": "BPE", "dropout": nil, "unk_token": nil, "continuing_subword_prefix": nil, "end_of_word_suffix": nil,
			"fuse_unk": false, "byte_fallback": false, "ignore_merges": false, "vocab": ids, "merges": merges,
		},
	})
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "bpe")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "tokenizer.json")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		return nil, err
	}
	tok, err := tokenize.HuggingFace(path)
	if err != nil {
		return nil, fmt.Errorf("training a tokenizer: %w", err)
	}
	return &BPE{tok, data, int32(end)}, nil
}

// byteLetters is GPT-2's printable letter for each byte.
func byteLetters() (letters [256]rune) {
	next := rune(256)
	for b := range letters {
		if b >= '!' && b <= '~' || b >= 0xa1 && b <= 0xac || b >= 0xae {
			letters[b] = rune(b)
		} else {
			letters[b] = next
			next++
		}
	}
	return letters
}

// merger counts pairs within words.
type merger struct {
	words  [][]int32
	count  []int
	pairs  map[[2]int32]int
	within map[[2]int32]map[int]bool // words that have, or had, the pair
}

// newMerger counts the words of texts, and their pairs; of as many as it comes to
// before ctx ends.
func newMerger(ctx context.Context, texts []string) *merger {
	freq := map[string]int{}
	for _, t := range texts {
		if ctx.Err() != nil {
			break
		}
		for _, w := range words.FindAllString(t, -1) {
			freq[w]++
		}
	}
	list := make([]string, 0, len(freq))
	for w := range freq {
		list = append(list, w)
	}
	slices.Sort(list)
	m := &merger{pairs: map[[2]int32]int{}, within: map[[2]int32]map[int]bool{}}
	for i, w := range list {
		ids := make([]int32, len(w))
		for j := range len(w) {
			ids[j] = int32(w[j])
		}
		m.words, m.count = append(m.words, ids), append(m.count, freq[w])
		m.add(i, 1)
	}
	return m
}

// add counts a word's pairs, or uncounts them with sign -1.
func (m *merger) add(word, sign int) {
	ids := m.words[word]
	for i := 1; i < len(ids); i++ {
		p := [2]int32{ids[i-1], ids[i]}
		if m.pairs[p] += sign * m.count[word]; m.pairs[p] == 0 {
			delete(m.pairs, p)
		}
		if sign > 0 {
			if m.within[p] == nil {
				m.within[p] = map[int]bool{}
			}
			m.within[p][word] = true
		}
	}
}

// best is the most frequent pair that occurs at least twice.
func (m *merger) best() (best [2]int32, ok bool) {
	top := 1
	for p, n := range m.pairs {
		if n > top || n == top && ok && cmp.Or(cmp.Compare(p[0], best[0]), cmp.Compare(p[1], best[1])) < 0 {
			best, top, ok = p, n, true
		}
	}
	return best, ok
}

// merge replaces a pair by a new token everywhere.
func (m *merger) merge(pair [2]int32, id int32) {
	for word := range m.within[pair] {
		m.add(word, -1)
		old := m.words[word]
		ids := old[:0]
		for i := 0; i < len(old); i++ {
			if i+1 < len(old) && old[i] == pair[0] && old[i+1] == pair[1] {
				ids = append(ids, id)
				i++
				continue
			}
			ids = append(ids, old[i])
		}
		m.words[word] = ids
		m.add(word, 1)
	}
	delete(m.within, pair)
}
