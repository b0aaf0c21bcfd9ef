package diversity

import (
	"fmt"
	"math"
	"math/bits"
)

// gramKeys makes a word of each N-gram, the same for equal ones. Where an N-gram
// fits 64 bits it is packed; a longer one is looked up and numbered, so that
// words of different N-grams always differ.
type gramKeys struct {
	n, maxIDs int
	width     uint
	numbers   map[[2]uint64]uint64 // of N-grams above 64 bits; nil for shorter ones
}

func newGramKeys(o Options, vocab int) (*gramKeys, error) {
	k := &gramKeys{n: o.N, maxIDs: o.MaxTokens, width: uint(bits.Len(uint(max(vocab-1, 1))))}
	switch all := k.width * uint(k.n); {
	case all > 128:
		return nil, fmt.Errorf("diversity: %d-grams over a vocabulary of %d need %d bits, at most 128 are supported", o.N, vocab, all)
	case all > 64:
		k.numbers = map[[2]uint64]uint64{}
	}
	return k, nil
}

// each calls visit with the word of each N-gram of a prompt.
func (k *gramKeys) each(ids []int32, visit func(key uint64)) {
	if k.numbers == nil {
		k.eachPacked(ids, func(_, low uint64) { visit(low) })
		return
	}
	k.eachPacked(ids, func(high, low uint64) {
		number, ok := k.numbers[[2]uint64{high, low}]
		if !ok {
			number = uint64(len(k.numbers))
			k.numbers[[2]uint64{high, low}] = number
		}
		visit(number)
	})
}

// eachHash is each with a hash, which is not exact for N-grams above 64 bits but
// needs no memory.
func (k *gramKeys) eachHash(ids []int32, visit func(hash uint64)) {
	k.eachPacked(ids, func(high, low uint64) {
		if high != 0 {
			low ^= mix(mix(high))
		}
		visit(mix(mix(low)))
	})
}

// eachPacked calls visit with each N-gram of a prompt, packed into two words.
func (k *gramKeys) eachPacked(ids []int32, visit func(high, low uint64)) {
	ids = ids[:min(len(ids), k.maxIDs)]
	all := k.width * uint(k.n)
	keepHigh, keepLow := uint64(0), uint64(math.MaxUint64)
	if all > 64 {
		keepHigh = math.MaxUint64 >> (128 - all)
	} else {
		keepLow = math.MaxUint64 >> (64 - all)
	}
	var high, low uint64
	for i, id := range ids {
		high = (high<<k.width | low>>(64-k.width)) & keepHigh
		low = (low<<k.width | uint64(uint32(id))) & keepLow
		if i >= k.n-1 {
			visit(high, low)
		}
	}
}
