// Package batchtest makes examples for the tests of whatever trains on them.
package batchtest

import (
	"math/rand/v2"

	"divvy/gpu/batch"
)

// Rankings are n random prompts with k ranked responses each, of token ids below
// vocab: the same ones each time.
func Rankings(n, k, vocab int) []batch.Example {
	r := rand.New(rand.NewPCG(5, 5))
	ids := func(n int) []int32 {
		x := make([]int32, n)
		for i := range x {
			x[i] = int32(r.IntN(vocab))
		}
		return x
	}
	out := make([]batch.Example, n)
	for i := range out {
		e := batch.Example{ID: i, Prompt: ids(2 + r.IntN(6))}
		for j := range k {
			e.Responses, e.Rewards = append(e.Responses, ids(1+r.IntN(6))), append(e.Rewards, float64(k-j)+r.Float64())
		}
		out[i] = e
	}
	return out
}
