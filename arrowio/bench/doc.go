// Package bench compares the tables of arrowio with Polars and pandas: the same
// operations on the same Arrow file, in one run on one machine, as ratios.
//
//	go test ./arrowio/bench -run '^$' -bench Peers -benchtime 1x -timeout 30m
//
// It holds tests only, and knows arrowio through its exported API.
package bench
