// Package pjrt talks to an XLA plug-in through PJRT's C interface, without cgo.
//
// A plug-in is a shared library that exports GetPjrtApi: a table of functions,
// each of which takes one structure of arguments. The table and the structures
// only ever grow at their ends, so one client serves plug-ins of many versions.
// Every structure that is passed here is 512 zeroed bytes and says so in its
// first word: a plug-in older than this client finds all that it knows, one that
// is newer finds zeros, which are the defaults, in what it added.
//
// Whatever a plug-in makes (clients, executables, buffers) is closed once, by
// Close; a second Close does nothing. Errors are of type [*Error] and carry the
// plug-in's own words.
//
// The package knows bytes and element types, not Programs.
package pjrt
