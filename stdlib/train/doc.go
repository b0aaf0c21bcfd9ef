// Package train is the analyst's face of the trainer: it opens or begins a
// model, fine-tunes it on a dataset with SFT, PRO or one of their neighbours,
// and lets it write and score text.
//
//	tok, err := train.NewBPE(ctx, ds.Prompts(), 2048)
//	m, err := train.NewTiny(train.Tiny{Tokenizer: tok})
//	run, err := train.Fit(ctx, m, ds, train.Options{Algorithm: "PRO", Steps: 200})
//	run.Model.Generate(ctx, ds.Prompts(), train.GenerateOptions{})
//
// A run shows its progress and its loss while it goes on, and is a row of a
// table afterwards. Grid does the paper's loop over algorithms, rankings,
// numbers of prompts and seeds.
//
// The package knows text, datasets and tables; the arithmetic is package gpu's.
package train
