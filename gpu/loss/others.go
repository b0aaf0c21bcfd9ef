package loss

import "divvy/gpu/program"

// SFT is supervised fine-tuning on the best response: minus the sum of its
// tokens' log-probabilities, meaned over groups.
type SFT struct {
	// PerToken divides each group's loss by the number of its tokens.
	PerToken bool
}

// Name is "SFT".
func (SFT) Name() string { return "SFT" }

// Needs the log-probabilities of the best response.
func (SFT) Needs() Needs { return Needs{LogProbs: true, BestOnly: true} }

// Build adds the loss.
func (o SFT) Build(b *program.Builder, in Inputs) Terms {
	if o.PerToken {
		in.SumLogP = in.MeanLogP
	}
	total := mean(b, imitation(b, in), in)
	return Terms{total, []Part{{"sft", total}}}
}

// DPO is direct preference optimisation (Rafailov et al. 2023): the logistic
// loss of Beta times the margin of log-ratios to a reference model, over all
// pairs of different reward.
type DPO struct {
	// Beta is the inverse temperature; 0 means 0.1.
	Beta float64
}

// Name is "DPO".
func (DPO) Name() string { return "DPO" }

// Needs the log-probabilities by the model and by its reference.
func (DPO) Needs() Needs { return Needs{LogProbs: true, Reference: true} }

// Build adds the loss.
func (o DPO) Build(b *program.Builder, in Inputs) Terms {
	if o.Beta == 0 {
		o.Beta = 0.1
	}
	mask := allPairs(b, in).better(b)
	margin := b.Scale(margins(b, b.Sub(in.SumLogP, in.RefSumLogP)), o.Beta)
	total := overPairs(b, b.Softplus(b.Neg(margin)), mask, in)
	return Terms{total, []Part{{"rank", total}, accuracy(b, margin, mask, in)}}
}

// RRHF is rank responses to align with human feedback (Yuan et al. 2023): the
// hinge max(0, s_j - s_i), s the mean token log-probability, summed over the
// pairs in which i has the larger reward, plus the negative log-likelihood of
// the best response.
type RRHF struct {
	// RankWeight is the weight of the hinge; 0 means 1.
	RankWeight float64
}

// Name is "RRHF".
func (RRHF) Name() string { return "RRHF" }

// Needs the log-probabilities of all responses.
func (RRHF) Needs() Needs { return Needs{LogProbs: true} }

// Build adds the loss.
func (o RRHF) Build(b *program.Builder, in Inputs) Terms {
	if o.RankWeight == 0 {
		o.RankWeight = 1
	}
	mask := allPairs(b, in).better(b)
	margin := margins(b, in.MeanLogP)
	rank := mean(b, b.Mul(b.ReLU(b.Neg(margin)), mask), in)
	sft := mean(b, imitation(b, in), in)
	total := b.Add(b.Scale(rank, o.RankWeight), sft)
	return Terms{total, []Part{{"rank", rank}, {"sft", sft}, accuracy(b, margin, mask, in)}}
}

// BradleyTerry is the loss of a reward model (Ouyang et al. 2022): minus the
// log-probability, by the logistic function of the margin of scores, that the
// response of larger reward wins, meaned over the pairs of a group.
type BradleyTerry struct {
	// Center, if positive, adds that much of the squared mean score of a group,
	// which keeps the scores' free constant near 0.
	Center float64
}

// Name is "Bradley-Terry".
func (BradleyTerry) Name() string { return "Bradley-Terry" }

// Needs the scores.
func (BradleyTerry) Needs() Needs { return Needs{Scores: true} }

// Build adds the loss.
func (o BradleyTerry) Build(b *program.Builder, in Inputs) Terms {
	mask := allPairs(b, in).better(b)
	margin := margins(b, in.Score)
	rank := overPairs(b, b.Softplus(b.Neg(margin)), mask, in)
	total := rank
	if o.Center > 0 {
		g, _ := size(in.Score)
		n := b.Maximum(b.SumTo(in.Valid, g, 1), b.Const(in.Score.Type, 1))
		middle := b.Div(b.SumTo(b.Mul(in.Score, in.Valid), g, 1), n)
		total = b.Add(total, b.Scale(mean(b, b.Mul(middle, middle), in), o.Center))
	}
	return Terms{total, []Part{{"rank", rank}, accuracy(b, margin, mask, in)}}
}
