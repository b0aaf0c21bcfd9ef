// Package debug speaks the Debug Adapter Protocol for a program made of cells,
// in the dialect of Jupyter front ends (debugInfo, dumpCell, inspectVariables
// and so on; https://jupyter-client.readthedocs.io/en/stable/messaging.html).
//
// Two halves meet here. A [Tracer] is called by the program itself, at each
// function's entry and exit and before each statement: it knows the frames of
// each goroutine, and holds them where a front end wants them held. An
// [Adapter] answers requests, one JSON message each, and sends events. What a
// value looks like, what an expression means and where a cell can stop is asked
// of a [Program]. The package knows neither sockets nor how Go is interpreted.
//
// # Threads
//
// A thread is a goroutine with at least one frame of a cell. The one that runs
// a cell is thread 1, which front ends take for granted. When one stops, the
// others stop at their next statement, and all go on together: while anything
// is looked at, nothing of the cells changes it. Goroutines of compiled code
// run on.
//
// # Cells as files
//
// A cell is known by the path that its text gives: a prefix, the text's
// MurmurHash2 and a suffix. Front ends compute the same path, so a breakpoint
// finds its statement whenever the same text is run, and a stopped frame its
// cell. There is no such file.
package debug
