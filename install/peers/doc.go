// Package peers holds arrowio against the tools that read its tables: pyarrow,
// pandas, Polars, DuckDB and nanoarrow read back what it writes, value for value
// and type for type, and the same operations on the same Arrow file are timed
// here, in Polars and in pandas in one run on one machine, as ratios:
//
//	go test ./install/peers -run '^$' -bench Peers/1M -benchtime 1x
//	go test ./install/peers -run '^$' -bench Peers/10M -benchtime 1x
//
// It holds tests only, and knows arrowio through its exported API. It lives on
// the upper floor because it needs the Python environment of install/pyenv.
package peers
