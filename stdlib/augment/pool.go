package augment

import (
	"context"
	"fmt"
	"io"
	"math/bits"
)

// Pool is a Source of prompts that exist already: those of a data set
// (ds.Prompts()), or the lines of a file.
type Pool struct {
	texts []string
	order *permutation // nil for the order of texts
	at    int
	seed  uint64
}

// NewPool gives texts in their order.
func NewPool(texts []string) *Pool { return &Pool{texts: texts} }

// NewShuffledPool gives texts in an order drawn from a seed.
func NewShuffledPool(texts []string, seed uint64) *Pool {
	return &Pool{texts: texts, order: newPermutation(uint64(len(texts)), seed), seed: seed}
}

// Name says how many texts there are and in which order they come.
func (p *Pool) Name() string {
	if p.order == nil {
		return fmt.Sprintf("pool of %d", len(p.texts))
	}
	return fmt.Sprintf("pool of %d, seed %d", len(p.texts), p.seed)
}

// Next is the next text.
func (p *Pool) Next(context.Context) (string, error) {
	if p.at >= len(p.texts) {
		return "", io.EOF
	}
	i := p.at
	p.at++
	if p.order != nil {
		i = int(p.order.at(uint64(i)))
	}
	return p.texts[i], nil
}

// Seek makes the next text the n-th.
func (p *Pool) Seek(n int) error {
	if n < 0 {
		return fmt.Errorf("augment: prompt %d", n)
	}
	p.at = n
	return nil
}

// permutation is the numbers below n in an order drawn from a seed, any of which
// is computed by itself: a Feistel cipher on the next larger even number of bits,
// applied until it falls below n (Black and Rogaway 2002). So a source of 10^12
// prompts needs no memory to be shuffled.
type permutation struct {
	n    uint64
	half uint // bits of one side
	keys [6]uint64
}

func newPermutation(n, seed uint64) *permutation {
	p := &permutation{n: n, half: uint(max(1, (bits.Len64(max(n, 1)-1)+1)/2))}
	for i := range p.keys {
		p.keys[i] = mix(seed ^ mix(uint64(i)))
	}
	return p
}

// at is the number at place i, which must be below n.
func (p *permutation) at(i uint64) uint64 {
	mask := uint64(1)<<p.half - 1
	for {
		left, right := i>>p.half, i&mask
		for _, key := range p.keys {
			left, right = right, left^mix(right^key)&mask
		}
		if i = left<<p.half | right; i < p.n {
			return i
		}
	}
}
