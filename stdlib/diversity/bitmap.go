package diversity

import "math/bits"

// bitmap is the set of 2-grams of a small vocabulary: one bit for each pair.
// The pair (a, b) lies in partition a mod the number of partitions, which
// spreads the frequent words over all of them; in its partition, a has a row of
// vocab bits.
type bitmap struct {
	vocab     uint32
	shift     uint     // log2 of the number of partitions
	memory    []uint64 // of all partitions
	words     [][]uint64
	indexBits uint // of an entry: the bit in the partition; the rest is the prompt
	group     int
	found     []int64 // by partition
}

const (
	// A partition should fit well into a core's second-level cache.
	partitionBytes = 256 << 10
	maxPartitions  = 1 << 10
)

func newBitmap(vocab int) *bitmap {
	m := &bitmap{vocab: uint32(vocab)}
	all := uint(vocab) * uint(vocab) / 8
	m.shift = uint(bits.Len(min(maxPartitions, max(all/partitionBytes, 8)) - 1))
	partitions := 1 << m.shift
	rows := (vocab + partitions - 1) / partitions
	m.indexBits = uint(bits.Len(uint(rows*vocab - 1)))
	m.group = 1 << min(32-m.indexBits, 11)
	size := (rows*vocab + 63) / 64
	m.words = make([][]uint64, partitions)
	m.memory = clearBits(size * partitions)
	for p := range m.words {
		m.words[p] = m.memory[p*size : (p+1)*size : (p+1)*size]
	}
	m.found = make([]int64, partitions)
	return m
}

func (m *bitmap) partitions() int { return len(m.words) }

// roundGrams makes the buckets 40 MB: a third of LLaMA's bitmap.
func (m *bitmap) roundGrams() int64 { return 10 << 20 }

func (m *bitmap) groupSize() int { return m.group }

func (m *bitmap) expect(_, _ int64) {}

func (m *bitmap) unique() int64 { return sum(m.found) }

func (m *bitmap) scatter(r *round, w *worker, from, to int) {
	mask := uint32(len(m.words) - 1)
	w.next = resize(w.next, len(m.words))
	clear(w.next)
	next := w.next
	for i := from; i < to; i++ {
		if s := r.prompt(i); len(s) > 1 {
			for _, a := range s[:len(s)-1] {
				next[uint32(a)&mask]++
			}
		}
	}
	w.narrow = resize(w.narrow, w.buckets())
	entries, vocab, shift := w.narrow, m.vocab, m.shift
	for group := from; group < to; group += m.group {
		for i := group; i < min(group+m.group, to); i++ {
			s := r.prompt(i)
			if len(s) < 2 {
				continue
			}
			prompt := uint32(i-group) << m.indexBits
			a := uint32(s[0])
			for _, b := range s[1:] {
				p := a & mask
				at := next[p]
				entries[at] = prompt | (a>>shift*vocab + uint32(b))
				next[p] = at + 1
				a = uint32(b)
			}
		}
		w.endGroup()
	}
}

func (m *bitmap) insert(partition int, workers []*worker, counts []int32) {
	words := m.words[partition]
	entries := 0
	for _, w := range workers {
		entries += w.entries(partition, len(m.words))
	}
	if entries*16 > len(words) {
		warm(words)
	}
	index := uint32(1)<<m.indexBits - 1
	before := int64(0)
	for _, w := range workers {
		w.each(partition, len(m.words), m.group, func(prompt int, from, to int32) {
			c := counts[prompt:min(prompt+m.group, len(counts))]
			for _, e := range w.narrow[from:to] {
				// No branch: whether a pair is new cannot be predicted.
				x := e & index
				word := words[x>>6]
				isNew := ^word >> (x & 63) & 1
				c[e>>m.indexBits] += int32(isNew)
				before += int64(isNew)
				words[x>>6] = word | 1<<(x&63)
			}
		})
	}
	m.found[partition] += before
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

func sum(counts []int64) (total int64) {
	for _, n := range counts {
		total += n
	}
	return total
}

// unigrams is the set of 1-grams: one partition, because a vocabulary's bits fit
// the first-level cache.
type unigrams struct {
	words []uint64
	found int64
}

func newUnigrams(vocab int) *unigrams { return &unigrams{words: make([]uint64, vocab/64+1)} }

func (u *unigrams) partitions() int { return 1 }

func (u *unigrams) roundGrams() int64 { return 10 << 20 }

func (u *unigrams) groupSize() int { return 1 << 30 }

func (u *unigrams) expect(_, _ int64) {}

func (u *unigrams) unique() int64 { return u.found }

// scatter only remembers the prompts: insert reads them where they are.
func (u *unigrams) scatter(r *round, w *worker, _, _ int) { w.round = r }

func (u *unigrams) insert(_ int, workers []*worker, counts []int32) {
	for _, w := range workers {
		for i := w.first; i < w.to; i++ {
			for _, a := range w.round.prompt(i) {
				if bit := uint64(1) << (a & 63); u.words[a>>6]&bit == 0 {
					u.words[a>>6] |= bit
					u.found++
					counts[i]++
				}
			}
		}
	}
}
