// Command front is the process that Jupyter starts and talks to, as a program of
// its own. It is the serve command of divvy/kernel and nothing else: it lies beside
// that program, which it starts as its worker.
//
// Either program serves Jupyter alike. But the whole one holds the interpreter, all
// packages that cells may import, and DuckDB, most of which it touches as it starts:
// a front process that does not hold them takes a third of the memory and comes up
// sooner.
package main

import (
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"

	"divvy/kernel/exit"
	"divvy/kernel/programs"
	"divvy/kernel/serve"
)

// collectAt is for GOGC. So little is alive in this process, about 2 MB, that Go's own
// 100 would collect every few dozen cells, and cells would wait for it.
const collectAt = 400

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
	root := &cobra.Command{
		Use:   programs.Front,
		Short: "The front process of Divvy, a Go kernel for Jupyter; the installed kernelspec starts it",
	}
	root.AddCommand(serve.Command(programs.Beside(programs.Whole)))
	exit.Run(root)
}
