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
// The package knows token ids (package tokenize) and numbers. It reads no file
// and knows neither data sets nor models.
package diversity
