package diversity

import "math/bits"

// wideHashSet is a hashSet for N-grams that need up to 128 bits: 5-grams of a
// vocabulary above 4,096, for example. A key is two words. The upper is stored
// as it is; the lower is mixed with it by a bijection, gives the partition and
// the slot, and is stored as a hashSet stores its hash.
type wideHashSet struct {
	n     int
	width uint    // bits an id
	shift uint    // log2 of the number of partitions
	round int64   // N-grams a round has at most
	rise  float64 // by how much the set is expected to grow
	parts []widePart
}

// widePart is one partition. {0, 0} is an empty slot, and whether that very key
// is in the set is hasZero.
type widePart struct {
	slots   [][2]uint64 // mixed lower word shifted up, upper word
	used    int
	hasZero bool
}

func newWideHashSet(n int, expect int64) *wideHashSet {
	s := &wideHashSet{n: n, width: uint(128 / n), shift: hashPartitions(2 * expect), round: hashRound(expect) / 2}
	s.parts = make([]widePart, 1<<s.shift)
	return s
}

func (s *wideHashSet) partitions() int { return len(s.parts) }

func (s *wideHashSet) roundGrams() int64 { return s.round }

func (s *wideHashSet) expect(seen, total int64) { s.rise = rise(seen, total) }

func (s *wideHashSet) groupSize() int { return 1 << s.shift }

func (s *wideHashSet) unique() int64 {
	total := int64(0)
	for i := range s.parts {
		total += int64(s.parts[i].used)
		if s.parts[i].hasZero {
			total++
		}
	}
	return total
}

func (s *wideHashSet) scatter(r *round, w *worker, from, to int) {
	w.next = resize(w.next, len(s.parts))
	clear(w.next)
	next, down := w.next, 64-s.shift
	keep := ^uint64(0) >> (128 - min(128, uint(s.n)*s.width)) // of the upper word
	w.hashes = w.hashes[:0]
	for i := from; i < to; i++ {
		var high, low uint64
		for j, id := range r.prompt(i) {
			high = (high<<s.width | low>>(64-s.width)) & keep
			low = low<<s.width | uint64(uint32(id))
			if j >= s.n-1 {
				h := mix(low ^ mix(high))
				next[h>>down]++
				w.hashes = append(w.hashes, h, high)
			}
		}
	}
	w.wide = resize(w.wide, 2*w.buckets())
	at := 0
	for group := from; group < to; group += s.groupSize() {
		for i := group; i < min(group+s.groupSize(), to); i++ {
			prompt := uint64(i - group)
			for range max(0, len(r.prompt(i))-s.n+1) {
				h, high := w.hashes[at], w.hashes[at+1]
				p := h >> down
				w.wide[2*next[p]] = h<<s.shift | prompt
				w.wide[2*next[p]+1] = high
				next[p]++
				at += 2
			}
		}
		w.endGroup()
	}
}

func (s *wideHashSet) insert(partition int, workers []*worker, counts []int32) {
	part := &s.parts[partition]
	mask := uint64(len(s.parts) - 1)
	for _, w := range workers {
		w.each(partition, len(s.parts), s.groupSize(), func(prompt int, from, to int32) {
			part.room(int(to-from), s.rise)
			c := counts[prompt:min(prompt+s.groupSize(), len(counts))]
			for at := 2 * from; at < 2*to; at += 2 {
				if e := w.wide[at]; part.add([2]uint64{e &^ mask, w.wide[at+1]}) {
					c[e&mask]++
				}
			}
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

// add puts a key in and says whether it is new. There must be room.
func (p *widePart) add(key [2]uint64) bool {
	if key == [2]uint64{} {
		isNew := !p.hasZero
		p.hasZero = true
		return isNew
	}
	i, _ := bits.Mul64(key[0], uint64(len(p.slots)))
	for {
		switch slot := &p.slots[i]; *slot {
		case key:
			return false
		case [2]uint64{}:
			*slot = key
			p.used++
			return true
		}
		if i++; i == uint64(len(p.slots)) {
			i = 0
		}
	}
}
