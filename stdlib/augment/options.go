package augment

import (
	"fmt"
	"math"
	"runtime"

	"divvy/stdlib/display"
	"divvy/stdlib/diversity"
	"divvy/stdlib/paper"
)

// Strategy is a way to choose candidates.
type Strategy string

const (
	// Random takes candidates at random: what every other strategy must beat.
	Random Strategy = "random"
	// Jaccard prefers a low Jaccard index of the candidate's N-gram set with
	// those of its supporting samples (the paper's locally greedy search).
	Jaccard Strategy = "jaccard"
	// LocalRatio prefers a high share of unique N-grams in the supporting samples
	// and the candidate together: r of the local set.
	LocalRatio Strategy = "local ratio"
	// SeedNovelty prefers a high share of N-grams that no prompt of the whole
	// seed set has.
	SeedNovelty Strategy = "seed novelty"
	// Novelty is SeedNovelty against the seed set and all candidates taken so
	// far. The next one is always that with the greatest share of new N-grams, as
	// a greedy search maximises a submodular function; shares can only fall, so
	// most need not be computed again (lazy evaluation, Minoux 1978).
	Novelty Strategy = "novelty"
)

// Rule makes one number of a candidate's overlaps with its supporting samples.
type Rule string

const (
	// Max is the greatest of the Jaccard indices.
	Max Rule = "max"
	// Mean is their mean.
	Mean Rule = "mean"
	// Union is the Jaccard index with the union of the supporting samples' sets.
	Union Rule = "union"
)

// Options of Select and Compare. The zero value is the paper's search as far as
// it is known (2 supporting samples), with 2-grams, the greatest Jaccard index,
// and half of the pool kept.
type Options struct {
	// Strategy is Jaccard by default.
	Strategy Strategy
	// Keep is how many candidates to take at most. 0 takes all that pass the
	// Threshold, or half of the pool where there is none.
	Keep int
	// Threshold, when positive, is what a candidate must pass: a Jaccard index
	// below it, or a ratio or novelty of at least it. Candidates are then looked
	// at in the order of the pool, until Keep have passed. Without one all are
	// looked at and the best are taken, the best first.
	Threshold float64
	// LengthMatch takes the best of each length: the pool is cut by length into
	// Strata of equally many candidates, and each gives the same share. The chosen
	// candidates are then about as long as the pool's. It is no choice between
	// short and long prompts, which is what the other scores mostly are.
	LengthMatch bool
	// Strata is the number of lengths that LengthMatch tells apart, 5 by default.
	// More of them match better: see the package comment.
	Strata int
	// Supports is n, the number of supporting samples drawn for each candidate, 2
	// by default.
	Supports int
	// Growing draws the supporting samples from the seeds and the candidates
	// taken so far, not from the seeds alone. It needs a Threshold.
	Growing bool
	// Rule is Max by default.
	Rule Rule
	// N is the order of the N-grams, 2 by default.
	N int
	// P is the decay index of d, 0.5 by default.
	P float64
	// MaxTokens cuts each prompt to its first ids: 512 by default, a negative
	// number for no cut.
	MaxTokens int
	// Seed of all that is drawn. What is drawn for a candidate depends on the seed
	// and the candidate's place in the pool only.
	Seed uint64
	// Workers is the number of goroutines, 0 for as many as there are cores. The
	// result does not depend on it.
	Workers int
	// Progress, when set, is told how far the work has come. Without one a notebook
	// shows a bar when a call takes more than a second.
	Progress display.Reporter
}

// String is the strategy with the settings that matter to it.
func (o Options) String() string {
	s := string(o.Strategy)
	switch o.Strategy {
	case Jaccard, "":
		s = fmt.Sprintf("Jaccard, %s of %d", or(o.Rule, Max), or(o.Supports, 2))
	case LocalRatio:
		s = fmt.Sprintf("local ratio, n = %d", or(o.Supports, 2))
	}
	if o.Growing {
		s += ", growing"
	}
	if o.LengthMatch {
		s = "length-matched " + s
	}
	if o.Threshold > 0 {
		s += fmt.Sprintf(", t = %g", o.Threshold)
	}
	return s
}

// or is v, or def where v is zero.
func or[T comparable](v, def T) T {
	var zero T
	if v == zero {
		return def
	}
	return v
}

// withDefaults fills in what is not set and refuses what cannot be.
func (o Options) withDefaults(seeds, pool int) (Options, error) {
	o.Strategy = or(o.Strategy, Jaccard)
	o.Strata = or(o.Strata, 5)
	o.Supports = or(o.Supports, 2)
	o.Rule = or(o.Rule, Max)
	o.P = or(o.P, paper.DecayIndex)
	o.N, o.MaxTokens, o.Workers = common(o.N, o.MaxTokens, o.Workers)
	o.Progress = orAuto(o.Progress)
	if o.Keep == 0 {
		o.Keep = pool
		if o.Threshold == 0 {
			o.Keep = pool / 2
		}
	}
	fail := func(format string, args ...any) (Options, error) {
		return o, fmt.Errorf("augment: "+format, args...)
	}
	local := o.Strategy == Jaccard || o.Strategy == LocalRatio
	switch o.Strategy {
	case Random, Jaccard, LocalRatio, SeedNovelty, Novelty:
	default:
		return fail("strategy %q: want one of %q", o.Strategy, []Strategy{Random, Jaccard, LocalRatio, SeedNovelty, Novelty})
	}
	switch o.Rule {
	case Max, Mean, Union:
	default:
		return fail("rule %q: want one of %q", o.Rule, []Rule{Max, Mean, Union})
	}
	switch {
	case o.N < 1 || o.N > diversity.MaxN: // of which d is measured in the end
		return fail("N-grams of order %d: N must be from 1 to %d", o.N, diversity.MaxN)
	case o.Keep < 0:
		return fail("keep %d candidates", o.Keep)
	case !(o.Threshold >= 0 && o.Threshold <= 1): // not a number either
		return fail("threshold %v is not between 0 and 1", o.Threshold)
	case o.Strategy == Random && o.Threshold > 0:
		return fail("random choice knows no threshold")
	case o.Strata < 1:
		return fail("%d strata", o.Strata)
	case local && (o.Supports < 1 || o.Supports > seeds):
		return fail("%d supporting samples from %d seeds", o.Supports, seeds)
	case o.Growing && (!local || o.Threshold == 0 || o.LengthMatch):
		return fail("supporting samples from a growing set need strategy %q or %q, a threshold, and no length matching", Jaccard, LocalRatio)
	}
	return o, nil
}

// common are the defaults that every call shares.
func common(n, maxTokens, workers int) (int, int, int) {
	n, maxTokens = or(n, paper.NGram), or(maxTokens, paper.DiversityMaxTokens)
	if maxTokens < 0 {
		maxTokens = math.MaxInt
	}
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	return n, maxTokens, workers
}

// Strategies is the strategies side by side, each taking keep candidates: what
// Compare compares when it is not told what.
func Strategies(keep int, seed uint64) []Options {
	return []Options{
		{Strategy: Random, Keep: keep, Seed: seed},
		{Strategy: Jaccard, Keep: keep, Seed: seed},
		{Strategy: Jaccard, LengthMatch: true, Keep: keep, Seed: seed},
		{Strategy: Jaccard, LengthMatch: true, Supports: 32, Keep: keep, Seed: seed},
		{Strategy: LocalRatio, Keep: keep, Seed: seed},
		{Strategy: SeedNovelty, Keep: keep, Seed: seed},
		{Strategy: Novelty, Keep: keep, Seed: seed},
	}
}
