//go:build !linux

package worker

// outputOrder does nothing here: other systems do not tell at the writing end
// what waits in a pipe. What C code prints may come a little early or late.
type outputOrder struct{}

func (*outputOrder) wait() {}
