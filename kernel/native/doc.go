// Package native compiles functions of cells with the go tool and calls them.
// It knows source text, the go tool, processes and package wire; it knows
// neither the interpreter nor notebooks.
//
// # A process, not a plug-in
//
// A plug-in (go build -buildmode=plugin) would share the kernel's types and
// memory. But it must be built by the very toolchain, with the very flags and
// from the very source of every package that it shares with the kernel, which a
// machine with an installed kernel seldom has; it needs a C compiler; it can
// never be unloaded, so each edit stays; a loop that does not end cannot be
// stopped, and a crash takes the session along. A process has none of this
// against it. What it costs is the passing of values, measured in
// BenchmarkCall and BenchmarkPassFloats.
//
// # Life of a program
//
// The functions are written as package main of a module of its own, beside the
// source of packages wire and helper, which is embedded here, and compiled
// without cgo. Programs are kept in the user's cache folder by what is in
// them, the least used ones removed beyond a bound. The process is started at
// the first call; it is killed when a call is interrupted, and started anew at
// the next.
package native
