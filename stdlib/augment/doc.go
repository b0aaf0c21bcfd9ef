// Package augment chooses new prompts that make a set of prompts more diverse:
// section 5 of Song et al. 2024 (arXiv 2403.11124), and what one would compare it
// with.
//
//	pool, err := tok.EncodeAll(ctx, candidates, tokenize.Options{})
//	c, err := augment.Compare(ctx, seeds, pool, nil) // every strategy side by side
//	c.Table()                                        // d before and after, accepted, refused
//	s, err := augment.Select(ctx, seeds, pool, augment.Options{Strategy: augment.Novelty, Keep: 1500})
//	s.Rows                                           // the chosen candidates
//
// # Strategies
//
// [Select] takes candidates from a pool by one of six strategies. The paper
// describes one of them, a locally greedy search: for each candidate draw n
// supporting samples (n = 2) from the seed set, and keep the candidate if its
// N-gram set overlaps little with theirs, by the Jaccard index. It gives neither
// the threshold nor the order of the N-grams nor the rule that makes one number
// of n overlaps, so all are [Options].
//
// # What to expect
//
// On 5,801 real prompts (the three test files of HH-RLHF as PRO prepared them,
// LLaMA's ids, shuffled as Python's random does with seed 42; the first 1,500 are
// the seed set, 1,500 of the other 4,301 are added) 1,500 random prompts bring d
// from 12.59 to 14.76. The plain rule does worse than random, because long
// prompts overlap little with anything and repeat themselves much:
//
//	Jaccard, threshold 0.10 (0.30)                -0.44 (-0.06)
//	Jaccard, length-matched in 5 strata           +0.56 (32 supports: +0.75)
//	Jaccard, length-matched in 20 strata          +0.77 (32 supports: +1.19)
//	local unique ratio                            +0.7
//	novelty to the seed set                       +1.1
//	novelty to all that is kept (greedy)          +1.5
//
// A test holds these numbers to the data.
//
// # Beyond the paper
//
// [Filter] is the global form: a candidate is kept only if its Jaccard index with
// every seed and with every candidate kept before it is below a threshold. It is
// exact, by an inverted index with length, prefix and positional filters (PPJoin,
// Xiao et al. 2008), or approximate by MinHash and locality-sensitive hashing.
// [Nearest] is each candidate's greatest Jaccard index with a set, from which a
// threshold is best chosen.
//
// A [Source] brings new prompts: a pool, templates, or a language model.
//
// The package knows data sets, token ids and their N-grams. It loads no model;
// a [Generator] is where one is plugged in.
package augment
