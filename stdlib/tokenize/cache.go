package tokenize

import "hash/maphash"

// scratch is the memory of one goroutine that encodes: a cache of words and
// buffers. It is not safe for concurrent use; Tokenizer keeps a pool of them.
type scratch struct {
	merger
	cache wordCache
	text  []byte
}

func newScratch() *scratch { return &scratch{cache: newWordCache()} }

// word appends the ids of one word, from the cache when it is there.
func (s *scratch) word(dst []int32, w string, m model) []int32 {
	if len(w) > maxCachedWord {
		return m.segment(dst, w, &s.merger)
	}
	slot, ids := s.cache.find(w)
	if ids != nil {
		return append(dst, ids...)
	}
	before := len(dst)
	dst = m.segment(dst, w, &s.merger)
	s.cache.put(slot, w, dst[before:])
	return dst
}

const (
	maxCachedWord = 64      // bytes; longer words are rare and seldom repeat
	cacheSlots    = 1 << 16 // of which at most half are used
)

// wordCache maps words to their ids. Keys and ids lie in two arenas, so that the
// garbage collector sees three slices and no pointers, and a hit touches two
// cache lines. A full cache starts again empty: the words of the text at hand
// are back within a page of it.
type wordCache struct {
	seed  maphash.Seed
	slots []wordSlot
	used  int
	words []byte
	ids   []int32
}

type wordSlot struct {
	hash     uint32 // 0 is an empty slot
	word     uint32 // offset in words
	ids      uint32 // offset in ids
	wordLen  uint16
	idsCount uint16
}

func newWordCache() wordCache {
	return wordCache{seed: maphash.MakeSeed(), slots: make([]wordSlot, cacheSlots)}
}

// find is the ids of w, or nil and the free slot for it. A word has at least
// one id, so nil is never a hit.
func (c *wordCache) find(w string) (slot *wordSlot, ids []int32) {
	h := uint32(maphash.String(c.seed, w)) | 1
	for i := h >> 1; ; i++ {
		s := &c.slots[i%cacheSlots]
		if s.hash == 0 {
			s.hash = h // claimed; put completes it
			return s, nil
		}
		if s.hash == h && string(c.words[s.word:s.word+uint32(s.wordLen)]) == w {
			return s, c.ids[s.ids : s.ids+uint32(s.idsCount)]
		}
	}
}

// put fills a slot that find has just claimed.
func (c *wordCache) put(s *wordSlot, w string, ids []int32) {
	s.word, s.wordLen = uint32(len(c.words)), uint16(len(w))
	s.ids, s.idsCount = uint32(len(c.ids)), uint16(len(ids))
	c.words = append(c.words, w...)
	c.ids = append(c.ids, ids...)
	if c.used++; c.used > cacheSlots/2 {
		clear(c.slots)
		c.used, c.words, c.ids = 0, c.words[:0], c.ids[:0]
	}
}
