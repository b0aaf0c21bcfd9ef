// Package diversity measures how diverse prompts are.
//
//	m, err := diversity.Measure(ctx, ids, diversity.Options{})
//	m.D, m.Ratio, m.Unique, m.Total
//
// The measure is that of Song et al. 2024 (arXiv 2403.11124, section 3):
//
//	d = |D|^p * r,  r = unique N-grams / all N-grams
//
// with N-grams of token ids pooled over the prompts, N = 2 and the decay index
// p = 0.5; |D| is the number of prompts. The zero value of Options is that
// definition.
//
//   - [Curve] is d of every nested subset, the line of Figure 4(b), from one pass;
//   - [CurveOf] is the same of files that no memory holds, read batch by batch;
//   - [Counter] takes prompts as they come;
//   - [PerPrompt] says which prompts bring the new N-grams;
//   - [GridSearch] asks which N and p rewards follow best, the paper's first open
//     question, with leave-one-out errors and intervals; [NewFit] draws the lines
//     of one definition with their bands;
//   - [DistinctN], [TypeTokenRatio], [Entropy], [SelfBLEU], [CompressionRatio],
//     [PairwiseJaccard] and [NewProfile] are the measures that others use;
//   - [CurveApproximate] needs 64 KB whatever the number of N-grams.
//
// Counts are exact but for CurveApproximate, and the same for every number of
// workers. How they are found is told in engine.go; bench/compare.py runs them
// beside Python.
//
// Every result is a table, and those that are curves or distributions a figure:
// in a notebook both are shown.
//
// The package knows token ids (package tokenize), tables (arrowio) and figures.
// It reads no file and knows neither data sets nor models.
package diversity
