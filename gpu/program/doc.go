// Package program is the language in which models, losses and optimisers are
// written down, and the seam between them and the devices that run them.
//
// A [Program] is a plain list of typed operations in the order in which they
// may run. Every value has a known type and shape. There is no control flow
// and no hidden state: what persists from run to run are the inputs of role
// [State], which the Program may overwrite with [Builder.Assign].
//
// The phases are:
//
//  1. [Build] runs a function over a [Builder]. The function writes the forward
//     pass; [Builder.Gradient] adds reverse-mode differentiation, recomputing
//     the segments marked by [Builder.Checkpoint]; the optimiser's operations
//     complete the step. A mistake (shapes that do not fit) is the error that
//     Build returns.
//  2. A [Device] compiles the Program: it plans memory and chooses kernels.
//  3. The [Executable] runs it, as often as wanted, on [Buffer] values (state
//     held by the device) and [Tensor] values (data of the host).
//
// Matrices are row-major. Activations of a batch are matrices of one row a
// token; how tokens hang together is said by the reach vector of
// [Builder.Attention], never by padding.
//
// This package knows no device, no model and no file format.
package program
