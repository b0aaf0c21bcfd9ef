package augment

import (
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
	buckets    []map[uint64][]int32 // of each band
}

// maxHashes bounds what a signature costs.
const maxHashes = 512

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

func newLSHIndex(g *gramSets, threshold float64, rows, bands int, seed uint64) *lshIndex {
	x := &lshIndex{sets: g, threshold: threshold, rows: rows}
	for i := range uint64(rows * bands) {
		x.multiplier = append(x.multiplier, mix(seed+2*i)|1)
		x.addend = append(x.addend, mix(seed+2*i+1))
	}
	x.buckets = make([]map[uint64][]int32, bands)
	for band := range x.buckets {
		x.buckets[band] = map[uint64][]int32{}
	}
	return x
}

// mix is the finaliser of splitmix64.
func mix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// keys is the hash of each band of a set's signature; an empty set has none.
func (x *lshIndex) keys(doc int, s *scratch) []uint64 {
	set := x.sets.at(doc)
	if len(set) == 0 {
		return nil
	}
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
			m = min(m, (a*h+b)>>32)
		}
		least[k] = m
	}
	for band := range x.buckets {
		key := uint64(band)
		for _, h := range least[band*x.rows : (band+1)*x.rows] {
			key = mix(key ^ h)
		}
		least[band] = key // overwrites hashes of bands that are done
	}
	return least[:len(x.buckets)]
}

func (x *lshIndex) insert(doc int) {
	var s scratch
	for band, key := range x.keys(doc, &s) {
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
	seen := s.sized(x.sets.len())
	s.touched = s.touched[:0]
	defer func() {
		for _, other := range s.touched {
			seen[other] = 0
		}
	}()
	for band, key := range x.keys(doc, s) {
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
