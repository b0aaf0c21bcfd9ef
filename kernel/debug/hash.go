package debug

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strconv"
)

// hashSeed is any number; front ends are told it.
const hashSeed = 0xc70f6907

const pathSuffix = ".go"

// pathPrefix begins the paths of cells. It is the same in every kernel, so that
// breakpoints outlive a restart.
func pathPrefix() string {
	return filepath.Join(os.TempDir(), "divvy_cells") + string(filepath.Separator)
}

// PathOf is the path that front ends know a cell of this text by.
func PathOf(code string) string {
	return pathPrefix() + strconv.FormatUint(uint64(murmur2([]byte(code), hashSeed)), 10) + pathSuffix
}

// murmur2 is MurmurHash2 of 32 bits.
func murmur2(b []byte, seed uint32) uint32 {
	const m = 0x5bd1e995
	h := seed ^ uint32(len(b))
	for ; len(b) >= 4; b = b[4:] {
		k := binary.LittleEndian.Uint32(b) * m
		k ^= k >> 24
		h = h*m ^ k*m
	}
	if len(b) > 0 {
		for i, c := range b {
			h ^= uint32(c) << (8 * i)
		}
		h *= m
	}
	h ^= h >> 13
	h *= m
	return h ^ h>>15
}
