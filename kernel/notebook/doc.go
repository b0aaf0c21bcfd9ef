// Package notebook reads Jupyter notebooks and Go scripts, runs their cells
// through a [cell.Interpreter], and writes the executed notebook as Jupyter
// itself would have: byte for byte what nbformat writes.
//
// It stands where a front end stands. It knows neither the wire protocol nor
// how a cell is evaluated, and it needs no Jupyter on the machine.
package notebook
