// Package interp turns cells into values: a type-checked front end over the
// yaegi interpreter.
//
// A cell is split, parsed and type-checked with go/types against the export
// data of the built-in packages and the declarations of earlier cells; it is
// then lowered to what yaegi runs well, and run. The package knows the
// vocabulary of kernel/cell and the tables of kernel/symbols, and nothing of
// Jupyter, of processes or of notebooks.
package interp
