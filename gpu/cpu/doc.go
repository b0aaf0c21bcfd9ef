// Package cpu is the device that every machine has: it compiles a
// program.Program for the processor and runs it on all cores, in Go and
// generated assembly, without cgo.
//
// Compiling plans the memory: values that never live together share bytes,
// elementwise results take the place of operands that die there, and state is
// updated where it lies. Running executes the operations one after the other,
// each spread over the cores in pieces whose number does not depend on the
// number of cores, so that results do not either: the same Program on the same
// kind of processor gives the same bits with one core or sixty-four.
//
// F64 runs through portable kernels and is the reference of the test tables;
// F32 takes the vector kernels of package simd. BF16 values are stored as
// float32 that hold bfloat16 numbers: rounding is exact, memory is not halved.
//
// This package knows Programs, not models.
package cpu
