package diversity

import (
	"math"
	"math/bits"
)

// hashSet is a set of N-grams that fit 64 bits, 64/N bits an id: open
// addressing with linear probing, cut into partitions by the key's hash.
//
// The hash is a bijection of the key, so it stands for the key and nothing else
// is stored. Its top bits say the partition and need no storing either; an
// entry has in their place, shifted down to the bottom, the prompt's number in
// its group.
type hashSet struct {
	n     int
	width uint    // bits an id
	shift uint    // log2 of the number of partitions
	round int64   // N-grams a round has at most
	rise  float64 // by how much the set is expected to grow
	parts []hashPart
}

// hashPart is one partition. A slot holds a hash shifted up by the partition's
// bits; 0 is an empty slot, and whether the hash 0 is in the set is hasZero.
type hashPart struct {
	slots   []uint64
	used    int
	hasZero bool
}

// hashPartitions is the number of partitions for so many N-grams: enough that
// one part of the set fits the second-level cache, and that cores share well.
func hashPartitions(expect int64) uint {
	const slotsPerPart = 1 << 14
	return uint(bits.Len64(uint64(min(max(expect/slotsPerPart, 16), maxPartitions) - 1)))
}

// hashRound is the size of a round: with few N-grams the buckets are what
// memory must be found for, with many it is the passes over the set that cost.
func hashRound(expect int64) int64 { return min(max(expect/8, 1<<19), 6<<20) }

// rise is by how much a set grows between seen and total N-grams. The number of
// distinct ones grows more slowly than their number (Heaps' law); 0.85 is a
// usual exponent for words and small N-grams.
func rise(seen, total int64) float64 {
	return math.Pow(float64(max(total, 1))/float64(max(seen, 1)), 0.85)
}

// newSlots is the size of a table for used entries and those that are expected:
// two thirds full in the end. Growing once to about the right size costs half
// the memory of doubling again and again.
func newSlots(used int, rise float64) int {
	return int(float64(used)*min(max(rise, 1.2), 32)*3/2) + 8
}

func newHashSet(n int, expect int64) *hashSet {
	s := &hashSet{n: n, width: uint(64 / n), shift: hashPartitions(expect), round: hashRound(expect)}
	s.parts = make([]hashPart, 1<<s.shift)
	return s
}

func (s *hashSet) partitions() int { return len(s.parts) }

func (s *hashSet) roundGrams() int64 { return s.round }

func (s *hashSet) expect(seen, total int64) { s.rise = rise(seen, total) }

func (s *hashSet) groupSize() int { return 1 << s.shift }

func (s *hashSet) unique() int64 {
	total := int64(0)
	for i := range s.parts {
		total += int64(s.parts[i].used)
		if s.parts[i].hasZero {
			total++
		}
	}
	return total
}

// mix is a bijection of 64-bit words whose upper bits depend on every bit of x:
// two rounds of multiply and shift, as in MurmurHash's finaliser.
func mix(x uint64) uint64 {
	x *= 0x9E3779B97F4A7C15
	x ^= x >> 32
	return x * 0xD6E8FEB86659FD93
}

func (s *hashSet) scatter(r *round, w *worker, from, to int) {
	w.next = resize(w.next, len(s.parts))
	clear(w.next)
	next, down := w.next, 64-s.shift
	width, keep := s.width, ^uint64(0)>>(64-uint(s.n)*s.width)
	total := 0
	for i := from; i < to; i++ {
		total += max(0, len(r.prompt(i))-s.n+1)
	}
	// The hashes are computed once, counted, and then moved to their buckets.
	w.hashes = resize(w.hashes, total)
	at := 0
	for i := from; i < to; i++ {
		ids := r.prompt(i)
		if len(ids) < s.n {
			continue
		}
		key := uint64(0)
		for _, id := range ids[:s.n-1] {
			key = key<<width | uint64(uint32(id))
		}
		for _, id := range ids[s.n-1:] {
			key = (key<<width | uint64(uint32(id))) & keep
			h := mix(key)
			next[h>>down]++
			w.hashes[at] = h
			at++
		}
	}
	w.wide = resize(w.wide, w.buckets())
	at = 0
	for group := from; group < to; group += s.groupSize() {
		for i := group; i < min(group+s.groupSize(), to); i++ {
			prompt := uint64(i - group)
			n := max(0, len(r.prompt(i))-s.n+1)
			for _, h := range w.hashes[at : at+n] {
				p := h >> down
				w.wide[next[p]] = h<<s.shift | prompt
				next[p]++
			}
			at += n
		}
		w.endGroup()
	}
}

func (s *hashSet) insert(partition int, workers []*worker, counts []int32) {
	part := &s.parts[partition]
	entries := 0
	for _, w := range workers {
		entries += w.entries(partition, len(s.parts))
	}
	if entries*16 > len(part.slots) {
		warm(part.slots)
	}
	mask := uint64(len(s.parts) - 1)
	for _, w := range workers {
		w.each(partition, len(s.parts), s.groupSize(), func(prompt int, from, to int32) {
			part.room(int(to-from), s.rise)
			c := counts[prompt:min(prompt+s.groupSize(), len(counts))]
			for _, e := range w.wide[from:to] {
				if part.add(e &^ mask) {
					c[e&mask]++
				}
			}
		})
	}
}

// room makes room for n more hashes.
func (p *hashPart) room(n int, rise float64) {
	if (p.used+n)*5 <= len(p.slots)*4 {
		return
	}
	old := p.slots
	p.slots = make([]uint64, newSlots(p.used+n, rise))
	for _, h := range old {
		if h != 0 {
			i, _ := bits.Mul64(h, uint64(len(p.slots)))
			for p.slots[i] != 0 {
				if i++; i == uint64(len(p.slots)) {
					i = 0
				}
			}
			p.slots[i] = h
		}
	}
}

// add puts a shifted hash in and says whether it is new. There must be room.
func (p *hashPart) add(h uint64) bool {
	if h == 0 {
		isNew := !p.hasZero
		p.hasZero = true
		return isNew
	}
	slots := p.slots
	// The upper half of h times the size is a place in proportion to h: no
	// division, and any size will do.
	i, _ := bits.Mul64(h, uint64(len(slots)))
	for {
		switch slots[i] {
		case h:
			return false
		case 0:
			slots[i] = h
			p.used++
			return true
		}
		if i++; i == uint64(len(slots)) {
			i = 0
		}
	}
}
