package diversity

import (
	"math"
	"math/bits"
)

// hashSet is a set of N-grams that fit 64 bits, 64/N bits an id: open
// addressing with linear probing, cut into partitions by the key's hash.
//
// The hash is a bijection of the key, so it stands for the key and nothing else
// is stored. Its top bits say the pass and the partition and need no storing
// either; an entry has in their place, shifted down to the bottom, the prompt's
// number in its group.
type hashSet struct {
	n     int
	width uint // bits an id
	keep  bool
	shape hashShape
	round int64   // N-grams a round has at most
	rise  float64 // by how much the set is expected to grow
	parts []hashPart
}

// hashShape is how a hash is cut: passes, then partitions.
type hashShape struct{ passBits, partBits uint }

// top is the number of bits that need no storing.
func (s hashShape) top() uint { return s.passBits + s.partBits }

// hashPart is one partition. A slot holds a hash shifted up by the bits that
// all of the partition share, and 1 to tell it from an empty one.
type hashPart struct {
	slots []uint64
	used  int
}

// Buckets of so many N-grams are held at once, 8 bytes each, where a set that is
// thrown away can choose: the passes over more are cheaper than the memory.
const passGrams = 36 << 20

// newShape is the shape for so many N-grams: enough partitions that one of them
// fits the second-level cache and that cores share well.
func newShape(expect int64, keep bool) hashShape {
	const perPart = 1 << 14
	s := hashShape{}
	if !keep {
		for s.passBits < 2 && expect > passGrams<<s.passBits {
			s.passBits++
		}
	}
	s.partBits = uint(bits.Len64(uint64(min(max(expect>>s.passBits/perPart, 16), maxPartitions) - 1)))
	return s
}

// hashRound is the size of a round of a set that is kept: with few N-grams the
// buckets are what memory must be found for, with many it is the passes over the
// set that cost.
func hashRound(expect int64) int64 { return min(max(expect/8, 1<<19), 16<<20) }

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

func newHashSet(n int, expect int64, keep bool) *hashSet {
	s := &hashSet{n: n, width: uint(64 / n), keep: keep, shape: newShape(expect, keep), round: 1 << 40}
	if keep {
		s.round = hashRound(expect)
		s.parts = make([]hashPart, s.partitions())
	}
	return s
}

func (s *hashSet) partitions() int { return 1 << s.shape.partBits }

func (s *hashSet) passes() int { return 1 << s.shape.passBits }

func (s *hashSet) roundGrams() int64 { return s.round }

func (s *hashSet) expect(seen, total int64) { s.rise = rise(seen, total) }

func (s *hashSet) groupSize() int { return 1 << s.shape.top() }

// mix is a bijection of 64-bit words whose upper bits depend on every bit of x:
// two rounds of multiply and shift, as in MurmurHash's finaliser.
func mix(x uint64) uint64 {
	x *= 0x9E3779B97F4A7C15
	x ^= x >> 32
	return x * 0xD6E8FEB86659FD93
}

func (s *hashSet) scatter(r *round, w *worker, run *run) {
	b := &run.wide
	b.begin(s.partitions(), int(run.grams>>s.shape.passBits), wideChunk)
	n, width, keep := s.n, s.width, ^uint64(0)>>(64-uint(s.n)*s.width)
	top, passDown, down, mask := s.shape.top(), 64-s.shape.passBits, 64-s.shape.top(), uint64(s.partitions()-1)
	memory, next, pass := b.memory, &b.next, r.pass
	for group := run.first; group < run.to; group += s.groupSize() {
		for i := group; i < min(group+s.groupSize(), run.to); i++ {
			ids := r.prompt(i)
			if len(ids) < n {
				continue
			}
			w.hashes = resize(w.hashes, len(ids))
			hashes := w.hashes[:len(ids)]
			key, count := uint64(0), 0
			for _, id := range ids[:n-1] {
				key = key<<width | uint64(uint32(id))
			}
			for _, id := range ids[n-1:] {
				key = (key<<width | uint64(uint32(id))) & keep
				h := mix(key)
				// Those of other passes are written over. No branch: which pass an
				// N-gram is of cannot be predicted.
				hashes[count] = h
				if h>>passDown == pass {
					count++
				}
			}
			prompt := uint64(i - group)
			for _, h := range hashes[:count] {
				p := h >> down & mask & (maxPartitions - 1)
				at := next[p]
				memory[at] = h<<top | prompt
				if at++; at&(wideChunk-1) == 0 {
					at = b.turn(int(p))
					memory = b.memory
				}
				next[p] = at
			}
		}
		b.endGroup()
	}
}

func (s *hashSet) insert(partition int, runs []*run, w *worker) {
	entries := 0
	for _, run := range runs {
		entries += run.wide.entries(partition)
	}
	if entries == 0 {
		return
	}
	var part *hashPart
	if s.keep {
		part = &s.parts[partition]
		if entries*16 > len(part.slots) {
			warm(part.slots)
		}
	} else {
		w.words = resize(w.words, entries*3/2+8)
		clear(w.words)
		part = &hashPart{slots: w.words}
	}
	mask := uint64(s.groupSize() - 1)
	for _, run := range runs {
		run.wide.each(partition, run.first, s.groupSize(), func(prompt int, entries []uint64) {
			if s.keep {
				part.room(len(entries), s.rise)
			}
			part.add(entries, mask, w.counts[prompt:min(prompt+s.groupSize(), len(w.counts))])
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

// add puts entries in, and adds 1 to counts for the prompt of each that is new.
// There must be room.
func (p *hashPart) add(entries []uint64, mask uint64, counts []int32) {
	slots := p.slots
	for _, e := range entries {
		h := e&^mask | 1
		// The upper half of h times the size is a place in proportion to h: no
		// division, and any size will do.
		i, _ := bits.Mul64(h, uint64(len(slots)))
		for {
			old := slots[i]
			if old == h {
				break
			}
			if old == 0 {
				slots[i] = h
				p.used++
				counts[e&mask]++
				break
			}
			if i++; i == uint64(len(slots)) {
				i = 0
			}
		}
	}
}
