package program_test

import (
	"math"
	"slices"
	"testing"

	"divvy/gpu/program"
)

// TestCodes: the tables of the 8-bit types have 256 different numbers in order,
// the extremes and zero among them, and as many in each decade as the paper says.
func TestCodes(t *testing.T) {
	for name, c := range map[string]struct {
		codes []float32
		first int // numbers in the lowest decade
		zero  int // place of 0
	}{"signed": {program.SignedCodes(), 1, 127}, "unsigned": {program.UnsignedCodes(), 2, 0}} {
		if len(c.codes) != 256 || !slices.IsSorted(c.codes) || len(slices.Compact(slices.Clone(c.codes))) != 256 {
			t.Fatalf("%s: %d codes, sorted %v", name, len(c.codes), slices.IsSorted(c.codes))
		}
		if c.codes[c.zero] != 0 || c.codes[255] != 1 {
			t.Errorf("%s: the number at %d is %g, the last is %g", name, c.zero, c.codes[c.zero], c.codes[255])
		}
		want := c.first
		for decade := 1e-6; decade < 5; decade *= 10 {
			n := 0
			for _, x := range c.codes {
				if float64(x) > decade*0.1 && float64(x) < decade {
					n++
				}
			}
			if n != want {
				t.Errorf("%s: %d codes below %g, want %d", name, n, decade, want)
			}
			want *= 2
		}
		last := math.Inf(-1)
		for i, x := range program.Thresholds(c.codes) {
			if float64(x) < last || x < c.codes[i] || x > c.codes[i+1] {
				t.Errorf("%s: threshold %d is %g", name, i, x)
			}
			last = float64(x)
		}
	}
}

// TestRandomBits: both halves are uniform, whatever of seed, step and element
// is varied.
func TestRandomBits(t *testing.T) {
	const n = 1 << 16
	for name, bits := range map[string]func(i uint32) uint32{
		"element": func(i uint32) uint32 { return program.RandomBits(3, 7, i) },
		"step":    func(i uint32) uint32 { return program.RandomBits(3, i, 7) },
		"seed":    func(i uint32) uint32 { return program.RandomBits(i, 3, 7) },
	} {
		var low, high [16]int
		for i := range uint32(n) {
			x := bits(i)
			low[x>>12&15]++
			high[x>>28]++
		}
		for k := range low {
			// Six deviations of a binomial distribution.
			if d := 6 * math.Sqrt(n/16); math.Abs(float64(low[k]-n/16)) > d || math.Abs(float64(high[k]-n/16)) > d {
				t.Errorf("%s: of %d, %d and %d have the leading bits %d", name, n, low[k], high[k], k)
			}
		}
	}
}
