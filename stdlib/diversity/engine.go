package diversity

import (
	"context"
	"encoding/binary"

	"divvy/stdlib/tokenize"
)

// firstSeen gives, for each prompt, how many of its N-grams occur in it for the
// first time. Every other measure follows from these counts.
func firstSeen(ctx context.Context, ids *tokenize.IDs, o Options) ([]int32, error) {
	fresh := make([]int32, ids.Len())
	seen := map[string]struct{}{}
	var key []byte
	for i := range fresh {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		s := ids.At(i)
		s = s[:min(len(s), o.MaxTokens)]
		for j := 0; j+o.N <= len(s); j++ {
			key = key[:0]
			for _, id := range s[j : j+o.N] {
				key = binary.LittleEndian.AppendUint32(key, uint32(id))
			}
			if _, ok := seen[string(key)]; !ok {
				seen[string(key)] = struct{}{}
				fresh[i]++
			}
		}
	}
	return fresh, nil
}
