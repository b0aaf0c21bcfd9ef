// Package arrowio holds the tables of an analysis: results arrive as columns,
// are looked at, cut, joined and grouped, and leave as Arrow IPC, Parquet, CSV
// or JSON lines, to be read by every other tool.
//
// # Tables
//
// A Table is a set of named columns of equal length over an Arrow record. It
// never changes: each operation gives a new one that shares the columns which
// it did not touch. One builds it column by column,
//
//	t, err := arrowio.NewTable().
//		Strings("prompt", prompts).
//		Floats("reward", rewards).
//		Build()
//
// from a slice of structs (FromStructs), from an Arrow record (FromRecord), or
// by reading a file (Read, or ReadIPC, ReadParquet, ReadCSV, ReadJSONLines).
//
// Every exported signature is plain Go without type parameters, so that the
// interpreter of a notebook can call it, and takes whole columns rather than a
// function per row.
//
// # Memory
//
// Columns live in memory of the table's allocator, by default Go's own: the
// garbage collector takes it back, and nobody needs to call Release. Release
// matters in two cases: a table over a memory-mapped file, where it ends the
// mapping, and a table whose allocator is not Go's. Values handed out as Go
// slices are copies and outlive the table.
//
// # What this package may not know
//
// It imports nothing of the kernel, the interpreter or the front end. A table
// shows itself through methods (HTML, Markdown, String, MIMEBundle) that
// whoever displays it calls. Text of a table is hostile until shown otherwise:
// every way of display escapes it.
package arrowio
