package diversity

import "math/bits"

// bitmap is the set of 2-grams of a small vocabulary: one bit for each pair.
// The pair (a, b) lies in partition a mod the number of partitions, which
// spreads the frequent words over all of them; in its partition, a has a row of
// vocab bits.
type bitmap struct {
	vocab     uint32
	shift     uint // log2 of the number of partitions
	size      int  // words of a partition
	keep      bool
	memory    []uint64 // of all partitions, when they are kept
	indexBits uint     // of an entry: the bit in the partition; the rest is the prompt
	group     int
}

const (
	// A partition should leave room in a core's second-level cache.
	partitionBytes = 256 << 10
	// bitmapRound makes the buckets 240 MB, when no bitmap is kept beside them.
	bitmapRound = 60 << 20
	// keptRound makes them 96 MB beside LLaMA's bitmap of 128 MB. A round reads and
	// writes all of the bitmap: 11 bytes a 2-gram.
	keptRound = 24 << 20
)

func newBitmap(vocab int, keep bool) *bitmap {
	m := &bitmap{vocab: uint32(vocab), keep: keep}
	all := uint(vocab) * uint(vocab) / 8
	m.shift = uint(bits.Len(min(maxPartitions/2, max(all/partitionBytes, 8)) - 1))
	partitions := 1 << m.shift
	rows := (vocab + partitions - 1) / partitions
	m.indexBits = uint(bits.Len(uint(rows*vocab - 1)))
	m.group = 1 << min(32-m.indexBits, 11)
	m.size = (rows*vocab + 63) / 64
	if keep {
		m.memory = hugeSlice[uint64](m.size * partitions)
	}
	return m
}

func (m *bitmap) partitions() int { return 1 << m.shift }

func (m *bitmap) passes() int { return 1 }

func (m *bitmap) roundGrams() int64 {
	if m.keep {
		return keptRound
	}
	return 1 << 40 // newBitmap was told that they are few enough
}

func (m *bitmap) groupSize() int { return m.group }

func (m *bitmap) expect(_, _ int64) {}

func (m *bitmap) scatter(r *round, _ *worker, run *run) {
	b := &run.narrow
	b.begin(m.partitions(), int(run.grams), narrowChunk)
	vocab, shift, mask := m.vocab, m.shift, uint32(m.partitions()-1)&(maxPartitions-1)
	memory, next := b.memory, &b.next
	for group := run.first; group < run.to; group += m.group {
		for i := group; i < min(group+m.group, run.to); i++ {
			s := r.prompt(i)
			if len(s) < 2 {
				continue
			}
			prompt := uint32(i-group) << m.indexBits
			a := uint32(s[0])
			for _, id := range s[1:] {
				p := a & mask & (maxPartitions - 1)
				at := next[p]
				memory[at] = prompt | (a>>shift*vocab + uint32(id))
				if at++; at&(narrowChunk-1) == 0 {
					at = b.turn(int(p))
					memory = b.memory
				}
				next[p] = at
				a = uint32(id)
			}
		}
		b.endGroup()
	}
}

func (m *bitmap) insert(partition int, runs []*run, w *worker) {
	entries := 0
	for _, run := range runs {
		entries += run.narrow.entries(partition)
	}
	if entries == 0 {
		return
	}
	var words []uint64
	if m.keep {
		words = m.memory[partition*m.size : (partition+1)*m.size]
		if entries*16 > len(words) {
			warm(words)
		}
	} else {
		w.words = resize(w.words, m.size)
		words = w.words
		clear(words)
	}
	index, indexBits := uint32(1)<<m.indexBits-1, m.indexBits
	for _, run := range runs {
		run.narrow.each(partition, run.first, m.group, func(prompt int, entries []uint32) {
			c := w.counts[prompt:min(prompt+m.group, len(w.counts))]
			for _, e := range entries {
				// No branch: whether a pair is new cannot be predicted.
				x := e & index
				word := words[x>>6]
				bit := uint64(1) << (x & 63)
				c[e>>indexBits] += int32(^word >> (x & 63) & 1)
				words[x>>6] = word | bit
			}
		})
	}
}

// warm reads a partition from end to end. The processor sees the stride and
// fetches ahead, so what follows finds in the cache what it would otherwise
// wait for, one line at a time. Inlined, the loop would be removed.
//
//go:noinline
func warm(words []uint64) uint64 {
	var t uint64
	for i := 0; i < len(words); i += 8 {
		t += words[i]
	}
	return t
}

// unigrams is the set of 1-grams. A vocabulary's bits fit the first-level cache,
// so each run finds its own first occurrences, and what is inserted is no more
// than a vocabulary a run.
type unigrams struct {
	words []uint64
}

func newUnigrams(vocab int) *unigrams { return &unigrams{words: make([]uint64, vocab/64+1)} }

func (u *unigrams) partitions() int { return 1 }

func (u *unigrams) passes() int { return 1 }

func (u *unigrams) roundGrams() int64 { return 1 << 40 }

func (u *unigrams) groupSize() int { return 1 }

func (u *unigrams) expect(_, _ int64) {}

func (u *unigrams) scatter(r *round, w *worker, run *run) {
	w.words = resize(w.words, len(u.words))
	clear(w.words)
	run.firsts = run.firsts[:0]
	words := w.words
	for i := run.first; i < run.to; i++ {
		for _, a := range r.prompt(i) {
			if bit := uint64(1) << (a & 63); words[a>>6]&bit == 0 {
				words[a>>6] |= bit
				run.firsts = append(run.firsts, uint64(i)<<32|uint64(uint32(a)))
			}
		}
	}
}

func (u *unigrams) insert(_ int, runs []*run, w *worker) {
	for _, run := range runs {
		for _, first := range run.firsts {
			if a := uint32(first); u.words[a>>6]&(1<<(a&63)) == 0 {
				u.words[a>>6] |= 1 << (a & 63)
				w.counts[first>>32]++
			}
		}
	}
}
