package debug

import "testing"

// The values are those of MurmurHash2's reference implementation.
func TestMurmur2(t *testing.T) {
	for _, test := range []struct {
		text string
		seed uint32
		want uint32
	}{
		{"", 0, 0},
		{"", 1, 1540447798},
		{"a", 0, 2456313694},
		{"ab", 0, 446775395},
		{"abc", 0, 324500635},
		{"abcd", 0, 646393889},
		{"Hello, world!", 0, 1077681669},
		{"naïve – ☃", hashSeed, 878250306},
	} {
		if got := murmur2([]byte(test.text), test.seed); got != test.want {
			t.Errorf("%q with seed %d: %d, want %d", test.text, test.seed, got, test.want)
		}
	}
}
