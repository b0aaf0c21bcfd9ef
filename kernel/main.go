// Command kernel is Divvy: a Go kernel for Jupyter, and a runner of notebooks
// and Go scripts that needs no Jupyter.
//
//	kernel run figure4.ipynb              execute a notebook
//	kernel serve --connection-file FILE   what Jupyter calls
//	kernel doctor                         which devices there are to train on
//
// This package wires the rooms together and holds no logic of its own: the
// protocol is kernel/jupyter, joined to the rest by kernel/serve, the supervised process kernel/worker, the
// interpreter kernel/interp, the runner kernel/notebook, %pkg kernel/modules.
package main

import (
	"github.com/spf13/cobra"

	"divvy/kernel/exit"
	"divvy/kernel/serve"
)

func main() {
	root := &cobra.Command{
		Use:   "kernel",
		Short: "Divvy, a Go kernel for Jupyter that also runs notebooks and scripts by itself",
	}
	root.AddCommand(runCommand(), serve.Command(""), doctorCommand(), workerCommand(), rankCommand(), packagesCommand(), versionCommand())
	exit.Run(root)
}
