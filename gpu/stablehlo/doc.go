// Package stablehlo writes a program.Program as StableHLO text, the language
// that XLA compiles.
//
// [Emit] lowers every operation of a Program to StableHLO, or refuses it by an
// [UnsupportedError]. A Program's inputs become the arguments of one function,
// in order; its results are first the values assigned to states and then the
// outputs. Each state that is assigned to shares its memory with its new value
// (`tf.aliasing_output`): a device that runs the text must hand the state over
// and take the result in its place.
//
// What makes training large models possible is done here, since XLA does not
// do it by itself: the output layer is taken in blocks of the vocabulary so
// that logits never exist as a whole, attention in blocks of queries, tables
// of rotary positions are computed once and shared by all layers, and values
// that a Program recomputes pass an optimization barrier.
//
// The package knows no device, no model and no plug-in.
package stablehlo
