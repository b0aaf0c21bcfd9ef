package loss

import (
	"math"

	"divvy/gpu/program"
)

// PRO is preference ranking optimisation (Song et al. 2024, arXiv 2306.17492)
// in the form of arXiv 2403.11124. For K responses with rewards r and mean
// token log-probabilities s,
//
//	L_t = log(eps + exp(s_t T_t) + sum_{j>t} exp(s_j (r_t - r_j))) - s_t T_t,
//	T_t = max_{j>t}(r_t - r_j),  t = 1..K-1,
//
// summed over t, plus Weight (K-1)^2 times the negative log-likelihood of the
// best response; with K = 1 that alone. Responses come in the order of the
// ranking: ties contribute no gradient, and a reward that rises along the
// ranking reverses its pair.
type PRO struct {
	// Weight of the imitation term; 0 means 0.05.
	Weight float64
	// Eps is added to the sum of exponentials; 0 means 1e-10.
	Eps float64
	// NoSFT leaves the imitation term out where K > 1.
	NoSFT bool
}

// Name is "PRO".
func (PRO) Name() string { return "PRO" }

// Needs the log-probabilities of all responses.
func (PRO) Needs() Needs { return Needs{LogProbs: true} }

// Build adds the loss. It is computed through log-sum-exp, so that no
// difference of rewards overflows.
func (o PRO) Build(b *program.Builder, in Inputs) Terms {
	if o.Weight == 0 {
		o.Weight = 0.05
	}
	if o.Eps == 0 {
		o.Eps = 1e-10
	}
	if o.NoSFT {
		o.Weight = 0
	}
	g, k := size(in.MeanLogP)
	t := in.MeanLogP.Type
	one, zero := b.Const(t, 1), b.Const(t, 0)

	count := b.SumTo(in.Valid, g, 1)
	more := b.ReLU(b.Sub(count, one)) // K-1
	sft := imitation(b, in)
	weighted := b.Mul(sft, b.Where(more, b.Scale(b.Mul(more, more), o.Weight), one))
	total, rank := mean(b, weighted, in), zero
	if k > 1 {
		rank = mean(b, o.ranking(b, in), in)
		total = b.Add(total, rank)
	}
	return Terms{total, []Part{{"rank", rank}, {"sft", mean(b, sft, in)}}}
}

// ranking is L_t, [G,K,1]; 0 where response t has none behind it.
func (o PRO) ranking(b *program.Builder, in Inputs) *program.Value {
	g, k := size(in.MeanLogP)
	t := in.MeanLogP.Type
	one, zero := b.Const(t, 1), b.Const(t, 0)
	behind, own := make([]float64, k*k), make([]float64, k*k)
	for i := range k {
		own[i*k+i] = 1
		for j := i + 1; j < k; j++ {
			behind[i*k+j] = 1
		}
	}
	p := allPairs(b, in)
	mask := b.Mul(p.mask, b.Literal(t, behind, k, k))
	exists := b.ReduceMax(mask, 2) // [G,K,1]
	low := b.Const(t, -math.MaxFloat32)
	temperature := b.Where(exists, b.ReduceMax(b.Where(mask, p.diff, low), 2), zero)
	// The exponents: s_j (r_t - r_j) for j behind t, s_t T_t at j = t.
	diag := b.Expand(b.Literal(t, own, k, k), g, k, k)
	factor := b.StopGradient(b.Where(mask, p.diff, b.Mul(diag, temperature)))
	exponent := b.Mul(b.Reshape(in.MeanLogP, g, 1, k), factor)
	seen := b.Where(mask, one, diag)
	lse := b.LogSumExp(b.Where(seen, exponent, b.Const(t, math.Inf(-1))), 2)
	withEps := b.Add(lse, b.Softplus(b.Sub(b.Const(t, math.Log(o.Eps)), lse))) // log(eps + exp(lse))
	positive := b.Mul(b.Reshape(in.MeanLogP, g, k, 1), b.StopGradient(temperature))
	return b.Where(exists, b.Sub(withEps, positive), zero)
}
