package arrowio

import (
	"math/rand/v2"
	"testing"
)

// Texts of every length, and ones that differ in one place, have hashes of their
// own: 200,000 hashes of 64 bits meet with a probability of 1e-9.
func TestHasher(t *testing.T) {
	h := newHasher()
	r := rand.New(rand.NewPCG(1, 2))
	texts := map[string]bool{}
	for n := range 24 {
		zero := make([]byte, n)
		texts[string(zero)] = true
		for i := range n {
			for b := range 256 {
				one := make([]byte, n)
				one[i] = byte(b)
				texts[string(one)] = true
			}
		}
		for range 5000 {
			some := make([]byte, n)
			for i := range some {
				some[i] = "abcdefgh 0123"[r.IntN(13)]
			}
			texts[string(some)] = true
		}
	}
	seen := map[uint64]string{}
	low := make([]int, 256)
	for s := range texts {
		code := h.hash(s)
		if other, ok := seen[code]; ok {
			t.Fatalf("%q and %q have one hash", s, other)
		}
		if seen[code] = s; h.hash(string([]byte(s))) != code {
			t.Fatalf("%q has two hashes", s)
		}
		low[code&255]++
	}
	for b, n := range low {
		if mean := len(texts) / 256; n < mean/2 || n > 2*mean {
			t.Errorf("%d of %d hashes end with %#x", n, len(texts), b)
		}
	}
	if other := newHasher(); other.hash("a key") == h.hash("a key") {
		t.Error("two hashers hash alike")
	}
}
