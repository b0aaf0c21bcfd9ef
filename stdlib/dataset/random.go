package dataset

import (
	"math/bits"
	"math/rand/v2"
)

// Random is a stream of random numbers from a seed. What consumes it, shuffling
// and sampling, is defined here, so the same seed gives the same rows on every
// machine.
type Random interface {
	// Below is a whole number from 0 up to, not including, n; n is at least 1.
	Below(n int) int
}

// NewRandom is the generator that the methods with a seed use: PCG-DXSM of
// math/rand/v2 with the seed (seed, 0), drawn from by Rand.IntN.
func NewRandom(seed uint64) Random { return native{rand.New(rand.NewPCG(seed, 0))} }

type native struct{ r *rand.Rand }

func (n native) Below(limit int) int { return n.r.IntN(limit) }

// PythonRandom is Python's random.Random(seed): the Mersenne twister, seeded as
// CPython seeds it and drawn from as its shuffle and sample draw. With it the
// paper's subsets and rankings come out row for row.
func PythonRandom(seed uint64) *MersenneTwister {
	m := &MersenneTwister{}
	key := []uint32{uint32(seed)}
	if high := uint32(seed >> 32); high != 0 {
		key = append(key, high)
	}
	m.seed(key)
	return m
}

// MersenneTwister is MT19937 (Matsumoto and Nishimura 1998) with the methods of
// Python's random.Random.
type MersenneTwister struct {
	state [624]uint32
	at    int
}

// seed is init_by_array of the reference code.
func (m *MersenneTwister) seed(key []uint32) {
	const n = len(m.state)
	m.state[0] = 19650218
	for i := 1; i < n; i++ {
		m.state[i] = 1812433253*(m.state[i-1]^m.state[i-1]>>30) + uint32(i)
	}
	i, j := 1, 0
	step := func() {
		if i++; i >= n {
			m.state[0] = m.state[n-1]
			i = 1
		}
	}
	for range max(n, len(key)) {
		m.state[i] = (m.state[i] ^ (m.state[i-1]^m.state[i-1]>>30)*1664525) + key[j] + uint32(j)
		j = (j + 1) % len(key)
		step()
	}
	for range n - 1 {
		m.state[i] = (m.state[i] ^ (m.state[i-1]^m.state[i-1]>>30)*1566083941) - uint32(i)
		step()
	}
	m.state[0] = 0x80000000
	m.at = n
}

// Uint32 is the next word, Python's getrandbits(32).
func (m *MersenneTwister) Uint32() uint32 {
	const n, middle = len(m.state), 397
	if m.at >= n {
		for i := range n {
			y := m.state[i]&0x80000000 | m.state[(i+1)%n]&0x7fffffff
			m.state[i] = m.state[(i+middle)%n] ^ y>>1 ^ (y&1)*0x9908b0df
		}
		m.at = 0
	}
	y := m.state[m.at]
	m.at++
	y ^= y >> 11
	y ^= y << 7 & 0x9d2c5680
	y ^= y << 15 & 0xefc60000
	return y ^ y>>18
}

// Float64 is Python's random(): 53 random bits in [0, 1).
func (m *MersenneTwister) Float64() float64 {
	a, b := m.Uint32()>>5, m.Uint32()>>6
	return (float64(a)*67108864 + float64(b)) / 9007199254740992
}

// Below is Python's _randbelow: bits are drawn until they are below n.
func (m *MersenneTwister) Below(n int) int {
	width := bits.Len(uint(n))
	for {
		if r := m.bits(width); r < uint64(n) {
			return int(r)
		}
	}
}

// bits is Python's getrandbits(k) for k up to 64.
func (m *MersenneTwister) bits(k int) uint64 {
	if k <= 32 {
		return uint64(m.Uint32() >> (32 - k))
	}
	low := uint64(m.Uint32())
	return low | uint64(m.Uint32()>>(64-k))<<32
}

// permutation is 0 … n-1 shuffled as Python's random.shuffle does it.
func permutation(n int, r Random) []int {
	p := make([]int, n)
	for i := range p {
		p[i] = i
	}
	for i := n - 1; i > 0; i-- {
		j := r.Below(i + 1)
		p[i], p[j] = p[j], p[i]
	}
	return p
}

// sample is k of 0 … n-1 in random order, drawn as Python's random.sample does
// it: from a shrinking pool, or, when k is small beside n, by rejecting what was
// drawn before.
func sample(n, k int, r Random) []int {
	limit := 21
	if k > 5 {
		// 4 to the power of ceil(log4(3k)), in whole numbers.
		power := 1
		for power < 3*k {
			power *= 4
		}
		limit += power
	}
	out := make([]int, k)
	if n <= limit {
		pool := make([]int, n)
		for i := range pool {
			pool[i] = i
		}
		for i := range out {
			j := r.Below(n - i)
			out[i] = pool[j]
			pool[j] = pool[n-i-1]
		}
		return out
	}
	drawn := make(map[int]bool, k)
	for i := range out {
		j := r.Below(n)
		for drawn[j] {
			j = r.Below(n)
		}
		drawn[j] = true
		out[i] = j
	}
	return out
}
