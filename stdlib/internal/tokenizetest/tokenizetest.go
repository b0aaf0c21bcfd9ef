// Package tokenizetest makes token ids for tests of what counts and compares them.
package tokenizetest

import (
	"math/rand/v2"

	"divvy/stdlib/tokenize"
)

// OddPrompts gives n prompts with empty ones among them, equal ones, and ids at
// the ends of the vocabulary, as they are and as IDs: a list that begins behind
// the first id of its memory and ends before the last. It panics if vocab, the
// size of the vocabulary, is not positive.
func OddPrompts(r *rand.Rand, n, vocab int) ([][]int32, *tokenize.IDs) {
	all := make([][]int32, n+2)
	for i := range all {
		if i > 0 && r.IntN(4) == 0 {
			all[i] = all[r.IntN(i)]
			continue
		}
		all[i] = make([]int32, r.IntN(2)*r.IntN(12))
		for j := range all[i] {
			all[i][j] = int32([]int{0, vocab - 1, vocab / 2, r.IntN(vocab), r.IntN(min(vocab, 4))}[r.IntN(5)])
		}
	}
	ids, err := tokenize.NewIDs(all, vocab)
	if err != nil {
		panic(err)
	}
	return all[1 : n+1], ids.Slice(1, n+1)
}
