package diversity

import "math/bits"

// wideHashSet is a hashSet for N-grams that need up to 128 bits: 5-grams of a
// vocabulary above 4,096, for example. A key is two words. The upper is stored
// as it is; the lower is mixed with it by a bijection, gives the pass, the
// partition and the slot, and is stored as a hashSet stores its hash. An entry
// takes two places of a bucket.
type wideHashSet struct {
	n     int
	width uint // bits an id
	keep  bool
	shape hashShape
	round int64   // N-grams a round has at most
	rise  float64 // by how much the set is expected to grow
	parts []widePart
}

// widePart is one partition. {0, 0} is an empty slot: the lower word of a key has
// 1 added, as in a hashPart.
type widePart struct {
	slots [][2]uint64 // mixed lower word shifted up, upper word
	used  int
}

func newWideHashSet(n int, expect int64, keep bool) *wideHashSet {
	s := &wideHashSet{n: n, width: uint(128 / n), keep: keep, shape: newShape(2*expect, keep), round: 1 << 40}
	if keep {
		s.round = hashRound(expect) / 2
		s.parts = make([]widePart, s.partitions())
	}
	return s
}

func (s *wideHashSet) partitions() int { return 1 << s.shape.partBits }

func (s *wideHashSet) passes() int { return 1 << s.shape.passBits }

func (s *wideHashSet) roundGrams() int64 { return s.round }

func (s *wideHashSet) expect(seen, total int64) { s.rise = rise(seen, total) }

func (s *wideHashSet) groupSize() int { return 1 << s.shape.top() }

func (s *wideHashSet) scatter(r *round, w *worker, run *run) {
	b := &run.wide
	b.begin(s.partitions(), 2*int(run.grams>>s.shape.passBits), wideChunk)
	keep := ^uint64(0) >> (128 - min(128, uint(s.n)*s.width)) // of the upper word
	top, passDown, down, mask := s.shape.top(), 64-s.shape.passBits, 64-s.shape.top(), uint64(s.partitions()-1)
	memory, next := b.memory, &b.next
	for group := run.first; group < run.to; group += s.groupSize() {
		for i := group; i < min(group+s.groupSize(), run.to); i++ {
			ids := r.prompt(i)
			w.hashes = resize(w.hashes, 2*len(ids))
			hashes, count := w.hashes[:2*len(ids)], 0
			var high, low uint64
			for j, id := range ids {
				high = (high<<s.width | low>>(64-s.width)) & keep
				low = low<<s.width | uint64(uint32(id))
				h := mix(low ^ mix(high))
				hashes[count], hashes[count+1] = h, high
				if j >= s.n-1 && h>>passDown == r.pass {
					count += 2
				}
			}
			prompt := uint64(i - group)
			for j := 0; j < count; j += 2 {
				h, high := hashes[j], hashes[j+1]
				p := h >> down & mask & (maxPartitions - 1)
				at := next[p]
				memory[at], memory[at+1] = h<<top|prompt, high
				if at += 2; at&(wideChunk-1) == 0 {
					at = b.turn(int(p))
					memory = b.memory
				}
				next[p] = at
			}
		}
		b.endGroup()
	}
}

func (s *wideHashSet) insert(partition int, runs []*run, w *worker) {
	entries := 0
	for _, run := range runs {
		entries += run.wide.entries(partition) / 2
	}
	if entries == 0 {
		return
	}
	var part *widePart
	if s.keep {
		part = &s.parts[partition]
	} else {
		w.pairs = resize(w.pairs, entries*3/2+8)
		clear(w.pairs)
		part = &widePart{slots: w.pairs}
	}
	mask := uint64(s.groupSize() - 1)
	for _, run := range runs {
		run.wide.each(partition, run.first, s.groupSize(), func(prompt int, entries []uint64) {
			if s.keep {
				part.room(len(entries)/2, s.rise)
			}
			part.add(entries, mask, w.counts[prompt:min(prompt+s.groupSize(), len(w.counts))])
		})
	}
}

// room makes room for n more keys.
func (p *widePart) room(n int, rise float64) {
	if (p.used+n)*5 <= len(p.slots)*4 {
		return
	}
	old := p.slots
	p.slots = make([][2]uint64, newSlots(p.used+n, rise))
	for _, key := range old {
		if key != [2]uint64{} {
			i, _ := bits.Mul64(key[0], uint64(len(p.slots)))
			for p.slots[i] != [2]uint64{} {
				if i++; i == uint64(len(p.slots)) {
					i = 0
				}
			}
			p.slots[i] = key
		}
	}
}

// add puts entries in, two words each, and adds 1 to counts for the prompt of
// each that is new. There must be room.
func (p *widePart) add(entries []uint64, mask uint64, counts []int32) {
	slots := p.slots
	for j := 0; j+1 < len(entries); j += 2 {
		key := [2]uint64{entries[j]&^mask | 1, entries[j+1]}
		i, _ := bits.Mul64(key[0], uint64(len(slots)))
		for slots[i] != key {
			if slots[i] == [2]uint64{} {
				slots[i] = key
				p.used++
				counts[entries[j]&mask]++
				break
			}
			if i++; i == uint64(len(slots)) {
				i = 0
			}
		}
	}
}
