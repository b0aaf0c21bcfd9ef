//go:build unix

package interp

import (
	"bytes"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// endTree kills a command with all that it has started. They are of the worker's
// process group, so that what a command leaves running ends with the worker; so no
// group can be killed for them. Each is stopped before its children are looked for,
// lest it start more.
func endTree(root int) error {
	var all []int
	for found := []int{root}; len(found) > 0; {
		for _, pid := range found {
			_ = syscall.Kill(pid, syscall.SIGSTOP) // it may have ended
		}
		all = append(all, found...)
		found = childrenOf(found)
	}
	err := syscall.Kill(root, syscall.SIGKILL)
	for _, pid := range all[1:] {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	if err == syscall.ESRCH {
		return os.ErrProcessDone
	}
	return err
}

// childrenOf are the processes whose parents are given.
func childrenOf(parents []int) (children []int) {
	among := map[int]bool{}
	for _, pid := range parents {
		among[pid] = true
	}
	for pid, parent := range parentsNow() {
		if among[parent] {
			children = append(children, pid)
		}
	}
	return children
}

// parentsNow are the parents of all processes: from /proc where there is one, else
// from ps, which not every Linux has.
func parentsNow() map[int]int {
	parents := map[int]int{}
	entries, err := os.ReadDir("/proc")
	for _, e := range entries {
		pid, notPid := strconv.Atoi(e.Name())
		stat, gone := os.ReadFile("/proc/" + e.Name() + "/stat")
		if notPid != nil || gone != nil {
			continue
		}
		// pid (name, with any characters) state parent …
		if f := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:]); len(f) > 1 {
			parents[pid], _ = strconv.Atoi(string(f[1]))
		}
	}
	if err == nil && len(parents) > 0 {
		return parents
	}
	out, err := exec.Command("ps", "-A", "-o", "pid=,ppid=").Output()
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(out)) {
		if f := strings.Fields(line); len(f) == 2 {
			pid, _ := strconv.Atoi(f[0])
			parents[pid], _ = strconv.Atoi(f[1])
		}
	}
	return parents
}
