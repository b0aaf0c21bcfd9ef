// Package train fine-tunes models: it writes forward pass, loss, gradient,
// clipping and AdamW into one Program, feeds it packed batches, and keeps
// checkpoints from which a run goes on to the same bits.
//
// It knows Programs and the Device interface, models, losses and batches; it
// knows no particular device, no text and no notebook.
package train
