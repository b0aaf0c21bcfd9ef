// Package dataset reads, slices and samples preference data: prompts, each with
// responses and their rewards.
//
//	ds, err := dataset.Load(ctx, "harmless-base/train.jsonl.gz")
//	ds.Len()               // rows
//	ds.Prefix(500)         // the first 500 rows
//	ds.Prompts()           // rendered prompts, as the paper measures them
//	ds.Rankings(ctx, 2, …) // 2 of the ranked responses to each prompt
//
// A [Dataset] never changes and lies in Arrow records ([Schema]); a selection
// shares its memory. Nothing is dropped in silence: a line that cannot be read
// is a [*LineError] with file, line and column, or, on request, one of the
// Dataset's Rejects, where good lines that the paper's preprocessing leaves out
// always are.
//
// The package knows files, dialogues and rows. It knows no tokens, no measure
// and no model.
package dataset
