//go:build unix && !linux

package worker

import "syscall"

// dieWithParent: here the worker notices only that its pipe has ended.
func dieWithParent(*syscall.SysProcAttr) {}

func prepareChild() {}

// oomKills: no count to be had; a SIGKILL is reported as such.
func oomKills() int { return 0 }
