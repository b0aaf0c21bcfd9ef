package main

import (
	"fmt"
	"io"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"divvy/gpu/cpu"
	"divvy/gpu/cuda"
	"divvy/kernel/serve"
)

func doctorCommand() *cobra.Command {
	var try bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Say which devices this machine can train on, and what is missing",
		Long: `Say which devices this machine can train on, and what is missing.

The processor always can. For NVIDIA devices Divvy uses XLA's plug-in for CUDA
and NVIDIA's libraries out of the wheels of jax[cuda13], which may lie in any
Python environment; ` + cuda.Setting + ` names the plug-in or its folder
site-packages. Nothing is loaded or started by this command, unless it is asked to try: then
the first device is started and says how attention is computed there.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			doctor(cmd.OutOrStdout(), cuda.Find(cmd.Context(), cuda.Machine()))
			if !try {
				return nil
			}
			d, attention, err := cuda.OpenTold(cmd.Context(), cuda.Options(), 0)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "\nStarted %s\n  attention in bfloat16 is computed %s\n", d.Name(), attention)
			return nil
		},
	}
	c.Flags().BoolVar(&try, "try", false, "start the first NVIDIA device and try what it can do")
	return c
}

// doctor writes the report.
func doctor(w io.Writer, f cuda.Found) {
	fmt.Fprintf(w, "Divvy %s, Go %s, %s/%s\n\nProcessor\n  %s\n\nNVIDIA devices\n", serve.Version(), serve.GoVersion(), runtime.GOOS, runtime.GOARCH, cpu.New(0).Name())
	for line := range strings.Lines(f.String()) {
		fmt.Fprint(w, "  ", line)
	}
	problems := f.Problems()
	if len(problems) == 0 {
		fmt.Fprint(w, "\nNothing is missing: train.On(ctx, \"cuda\") can be tried.\n")
		return
	}
	fmt.Fprint(w, "\nTo train on NVIDIA devices:\n")
	for _, p := range problems {
		fmt.Fprintf(w, "  - %s\n", p)
	}
	if f.Plugin == "" {
		fmt.Fprint(w, "\nLooked in:\n")
		for _, dir := range f.Looked {
			fmt.Fprintf(w, "  %s\n", dir)
		}
	}
}
