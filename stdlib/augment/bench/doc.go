// Package bench compares the global filter of package augment with datasketch and
// with plain Python sets: the same prompts, in one run on one machine, as ratios.
//
//	go test ./stdlib/augment/bench -run '^$' -bench Peers -benchtime 1x -timeout 30m
//
// It holds tests only, and knows augment through its exported API. datasketch is
// pinned in requirements.txt and lies beside the Python environment of package
// pyenv, in the user's cache.
package bench
