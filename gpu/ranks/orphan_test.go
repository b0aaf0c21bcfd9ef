//go:build unix

package ranks_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"divvy/gpu/ranks"
)

// With this setting the test binary is a process that starts ranks.
const starter = "DIVVY_TEST_STARTER"

func init() {
	if _, _, _, ok := ranks.Place(); !ok && os.Getenv(starter) != "" {
		startAndWait(os.Getenv(starter))
	}
}

// startAndWait starts two ranks, which say their numbers, and waits to be killed.
func startAndWait(how string) {
	d, err := ranks.Start(2, func(rank int) *exec.Cmd {
		program := os.Args[0]
		if how == "joining" && rank == 1 {
			program = "cat" // it never joins the first
		}
		cmd := exec.Command("sh", "-c", `echo $$ >&2; exec "$0"`, program)
		cmd.Stderr = os.Stdout
		return cmd
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(d.Name())
	select {}
}

// TestKilledStarter: when the process is killed that has started ranks, they end
// and take their folder along, whatever they are at.
func TestKilledStarter(t *testing.T) {
	for _, how := range []string{"serving", "joining"} {
		t.Run(how, func(t *testing.T) {
			tmp := t.TempDir()
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), starter+"="+how, "TMPDIR="+tmp)
			cmd.Stderr = os.Stderr
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			var pids [2]int
			if _, err := fmt.Fscan(out, &pids[0], &pids[1]); err != nil {
				t.Fatal(err)
			}
			if how == "serving" {
				var name string
				if _, err := fmt.Fscan(out, &name); err != nil {
					t.Fatal(err)
				}
			} else { // until the first rank listens
				eventually(t, "a socket", func() bool { return len(glob(t, tmp, "divvy-ranks*", "0")) == 1 })
			}
			cmd.Process.Kill()
			cmd.Wait()
			eventually(t, "the end of the folder", func() bool { return len(glob(t, tmp, "*")) == 0 })
			for _, pid := range pids {
				eventually(t, fmt.Sprintf("the end of process %d", pid), func() bool { return !alive(pid) })
			}
		})
	}
}

func glob(t *testing.T, elem ...string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(elem...))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// alive says whether a process runs; one that has ended and that nobody waits
// for any more does not.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return syscall.Kill(pid, 0) == nil
	}
	var name string
	var state byte
	fmt.Sscanf(string(stat), "%d %s %c", new(int), &name, &state)
	return state != 'Z' && state != 'X'
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("no %s in 30 s", what)
		}
	}
}
