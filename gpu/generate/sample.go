package generate

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// choose picks a token by its logits.
func choose(logits []float32, o Options, rng *rand.Rand) int32 {
	if o.Temperature == 0 {
		best := 0
		for i, z := range logits {
			if z > logits[best] {
				best = i
			}
		}
		return int32(best)
	}
	top := slices.Max(logits)
	ids, p := make([]int32, len(logits)), make([]float64, len(logits))
	for i, z := range logits {
		ids[i], p[i] = int32(i), math.Exp(float64(z-top)/o.Temperature)
	}
	if o.TopK > 0 || o.TopP > 0 {
		slices.SortStableFunc(ids, func(a, b int32) int { return cmp.Compare(p[b], p[a]) })
		ids = keep(ids, p, o)
	}
	var total float64
	for _, id := range ids {
		total += p[id]
	}
	x := rng.Float64() * total
	for _, id := range ids {
		if x -= p[id]; x < 0 {
			return id
		}
	}
	return ids[len(ids)-1] // rounding left nothing for the last
}

// keep cuts ids, sorted by weight p, to the TopK likeliest and then to those
// whose probabilities first reach TopP.
func keep(ids []int32, p []float64, o Options) []int32 {
	if o.TopK > 0 {
		ids = ids[:min(o.TopK, len(ids))]
	}
	if o.TopP == 0 {
		return ids
	}
	var total, sum float64
	for _, id := range ids {
		total += p[id]
	}
	for i, id := range ids {
		if sum += p[id]; sum >= o.TopP*total {
			return ids[:i+1]
		}
	}
	return ids
}
