package augment

import (
	"context"
	"fmt"
	"math"
)

// lshIndex is MinHash with locality-sensitive hashing (Broder 1997; Indyk and
// Motwani 1998): rows x bands hashes of a set's smallest elements, and two sets
// are compared when all rows of one band agree, which happens with probability
// 1 - (1 - J^rows)^bands. What it finds is compared exactly, so it errs in one
// way only: it misses.
//
// It is written here because the libraries for Go are abandoned: the latest
// commits of github.com/ekzhu/minhash-lsh and github.com/dgryski/go-minhash are of
// 2017.
type lshIndex struct {
	sets       *gramSets
	threshold  float64
	rows       int
	multiplier []uint64 // one a hash, odd
	addend     []uint64
	bands      int
	keys       []uint64             // the hash of each band of each set
	buckets    []map[uint64][]int32 // of each band
}

// maxHashes bounds what a signature costs, in time and in memory.
const maxHashes = 256

// bandsFor is the largest number of rows, and with it the number of bands, for
// which two sets at the threshold meet with the wanted probability. More rows
// mean fewer comparisons in vain.
func bandsFor(threshold, recall float64) (rows, bands int, err error) {
	for rows = 10; rows >= 1; rows-- {
		meet := math.Pow(threshold, float64(rows)) // the probability that one band agrees
		need := math.Ceil(math.Log1p(-recall) / math.Log1p(-min(meet, 1-1e-9)))
		if float64(rows)*need <= maxHashes {
			return rows, max(1, int(need)), nil
		}
	}
	return 0, 0, fmt.Errorf("augment: MinHash at threshold %v with recall %v needs more than %d hashes: use the exact method, which is faster at low thresholds", threshold, recall, maxHashes)
}

// newLSHIndex computes the signatures of all sets, on all cores.
func newLSHIndex(ctx context.Context, g *gramSets, o FilterOptions) (*lshIndex, error) {
	x := &lshIndex{sets: g, threshold: o.Threshold, rows: o.Rows, bands: o.Bands, keys: make([]uint64, o.Bands*g.len())}
	for i := range uint64(o.Rows * o.Bands) {
		x.multiplier = append(x.multiplier, mix(o.Seed+2*i)|1)
		x.addend = append(x.addend, mix(o.Seed+2*i+1))
	}
	x.clear()
	scratches := make([]scratch, o.Workers)
	err := parallel(ctx, g.len(), o.Workers, o.Progress, "MinHash signatures", func(worker, from, to int) {
		for doc := from; doc < to; doc++ {
			x.sign(doc, &scratches[worker])
		}
	})
	return x, err
}

// clear forgets what was inserted.
func (x *lshIndex) clear() {
	x.buckets = make([]map[uint64][]int32, x.bands)
	for band := range x.buckets {
		x.buckets[band] = map[uint64][]int32{}
	}
}

// mix is the finaliser of splitmix64.
func mix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// sign computes the hash of each band of a set's signature.
func (x *lshIndex) sign(doc int, s *scratch) {
	set := x.sets.at(doc)
	hashes := len(x.multiplier)
	if len(s.marks) < hashes+len(set) {
		s.marks = make([]uint64, hashes+2*len(set))
	}
	least, mixed := s.marks[:hashes], s.marks[hashes:hashes+len(set)]
	for i, gram := range set {
		mixed[i] = mix(uint64(gram))
	}
	for k := range least {
		a, b, m := x.multiplier[k], x.addend[k], uint64(math.MaxUint64)
		for _, h := range mixed {
			m = min(m, a*h+b)
		}
		least[k] = m
	}
	for band, keys := 0, x.bandsOf(doc); band < x.bands; band++ {
		key := uint64(band)
		for _, h := range least[band*x.rows : (band+1)*x.rows] {
			key = mix(key ^ h)
		}
		keys[band] = key
	}
}

func (x *lshIndex) bandsOf(doc int) []uint64 { return x.keys[doc*x.bands : (doc+1)*x.bands] }

func (x *lshIndex) insert(doc int) {
	if x.sets.size(doc) == 0 {
		return // an empty set is similar to none
	}
	for band, key := range x.bandsOf(doc) {
		x.buckets[band][key] = append(x.buckets[band][key], int32(doc))
	}
}

func (x *lshIndex) find(doc int, s *scratch) (int, float64) {
	at, jaccard := -1, 0.0
	x.candidates(doc, s, func(other int) bool {
		a, b := x.sets.at(doc), x.sets.at(other)
		if j := index(intersection(a, b), len(a), len(b)); j >= x.threshold {
			at, jaccard = other, j
		}
		return at < 0
	})
	return at, jaccard
}

// candidates calls visit for each held prompt that shares a band with doc, once,
// until it gives false.
func (x *lshIndex) candidates(doc int, s *scratch, visit func(other int) bool) {
	if x.sets.size(doc) == 0 {
		return
	}
	seen := s.sized(x.sets.len())
	s.touched = s.touched[:0]
	defer func() {
		for _, other := range s.touched {
			seen[other] = 0
		}
	}()
	for band, key := range x.bandsOf(doc) {
		for _, other := range x.buckets[band][key] {
			if seen[other] != 0 {
				continue
			}
			seen[other] = 1
			s.touched = append(s.touched, other)
			if !visit(int(other)) {
				return
			}
		}
	}
}
