// Package worker keeps an interpreter in a child process, so that what kills
// the interpreter never kills the kernel.
//
// A [Supervisor] is the front half. It is a [cell.Interpreter] that passes
// every call to a child process and passes what comes back to the caller's
// sink. [Serve] is the other half: it runs in the child and serves any
// cell.Interpreter. This room knows neither Jupyter nor Go source; it moves
// the vocabulary of package cell through two pipes and looks after a process.
//
// # What a crash looks like
//
// Stack overflow, a concurrent map write, a panic in a goroutine, os.Exit, the
// kernel's out-of-memory killer, kill -9: all end the child. The call under way
// then ends with [cell.ErrWorkerDied] and one sentence that says what happened,
// taken from the exit status and from what the Go runtime wrote last. A fresh
// worker is started at that moment, before anyone asks for it: by the time
// the error has been read, it is ready. No spare is kept at other times,
// because an idle interpreter costs tens of megabytes for as long as the
// kernel lives, and a crash is rare. The other moment at which a restart has
// become likely is a cell that did not stop when interrupted; then too a spare
// is warmed up.
//
// # Output
//
// What the interpreter emits travels as frames. Descriptors 1 and 2 of the
// child are pipes as well, so output of C code, of the runtime and of
// subprocesses becomes stream events of the running cell, or of the last one
// when none runs. The two halves see to it together that what is written in turn
// here and there is shown in that order; see outputOrder.
//
// # No orphans
//
// The child leads a process group of its own: a terminal's Ctrl-C reaches the
// supervisor only, and killing a worker takes its subprocesses along. The child
// ends when its pipe from the parent does, which the operating system sees to
// on every platform, and on Linux the kernel signals it as well.
package worker
