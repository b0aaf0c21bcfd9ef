// Package interp turns cells into values: a type-checked front end over the
// yaegi interpreter. It knows the vocabulary of kernel/cell, kernel/debug, the
// tables of kernel/symbols and package display, and nothing of Jupyter, of processes or
// of notebooks.
//
// A cell goes through four steps.
//
// # Check
//
// The cell is cut into imports, declarations and statements (split.go), parsed
// and checked by go/types (check.go) together with the declarations of earlier
// cells (env.go) against the export data of the built-in packages. What it
// defines at its top are package-level variables to the checker. All errors are
// reported at once (errors.go), and nothing has run yet.
//
// # Lower
//
// The checked syntax is rewritten into the part of Go that yaegi runs as the
// language is defined (lower.go and the files named after it). The interpreter
// sees no declared methods, embedded fields or interfaces of cells: methods are
// functions, and an interface value of a cell's type is a box with the type's
// description (package box), made wherever go/types sees a conversion to an
// interface (lower_iface.go). Names that are declared again get new internal
// names, and so does all that depends on them (program.go).
//
// # Run
//
// The unit is compiled and its cell function called (engine.go, exec.go). The
// types of structs that lead to each other are made for yaegi (rectypes.go). An
// interrupt ends all running frames and leaves the state as it is. Bounds are
// checked ahead where that can be done without an effect (checks.go), marks
// tell the line of a panic (marks.go), calls are counted where recursion is
// possible (depth.go), and what yaegi keeps of a cell that ran is dropped
// (forget.go). What closures of earlier cells call is led to the functions that
// took its place (redirect.go). Operations on ints, floats and bools are done where they are, not
// through package reflect (quick.go). The compiled support that lowered code
// calls is in the files named rt and shim; templates over values of cells are
// executed by package kernel/templates.
//
// Functions of a %%native cell are compiled by the go tool and called in a
// process of their own (native.go, package kernel/native).
//
// # Debug
//
// While a debugger is attached, functions tell package debug where they are
// (lower_debug.go); what was declared before is compiled again for it. What
// variables are shown as is in debug_values.go, and an expression in a frame
// takes the same way as a cell, with pointers in the place of the frame's
// variables (debug_eval.go).
//
// # Answer
//
// Output goes to the cell that started the goroutine (stream.go, stdio.go); the
// last expression's value is shown (display.go, text.go). Completion and
// inspection use the same check on the cell being typed (complete.go,
// inspect.go).
package interp
