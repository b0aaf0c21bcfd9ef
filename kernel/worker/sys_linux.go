package worker

import (
	"bufio"
	"bytes"
	"os"
	"strconv"
	"syscall"
)

// dieWithParent has the kernel signal the worker when the supervisor is gone,
// however it went. SIGTERM rather than SIGKILL, so that the worker can take its
// own subprocesses along; see endOnSignal.
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGTERM }

// prepareChild makes the worker the first that the out-of-memory killer picks:
// rather a cell's state than the kernel, the server or the desktop.
func prepareChild() {
	// Raising one's own score needs no privilege; failing at it does no harm.
	os.WriteFile("/proc/self/oom_score_adj", []byte("500"), 0)
}

// oomKills counts the processes that the out-of-memory killer has ended since
// the machine came up, in any control group.
func oomKills() int {
	b, err := os.ReadFile("/proc/vmstat")
	if err != nil {
		return 0
	}
	for s := bufio.NewScanner(bytes.NewReader(b)); s.Scan(); {
		if v, ok := bytes.CutPrefix(s.Bytes(), []byte("oom_kill ")); ok {
			n, _ := strconv.Atoi(string(v))
			return n
		}
	}
	return 0
}
