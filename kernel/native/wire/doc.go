// Package wire carries the arguments and results of a call between two
// processes that hold the same types: the kernel, where package reflect made
// them, and a helper, where the compiler did. It is compiled into both, and
// imports the standard library only.
//
// A value is written with all that it reaches. Memory that slices, pointers and
// maps share is one object, written once, so what was shared stays shared; and
// after the call what has changed in it is written back into the caller's own
// memory. A call by wire thus does what the call itself would, with two
// differences: a slice arrives with the capacity that its neighbours in the
// message give it, and an error as its text.
//
// What lies within one type's memory under another type (a pointer to a field
// beside a pointer to its struct) cannot be told apart on the other side; it is
// refused, never guessed.
package wire
