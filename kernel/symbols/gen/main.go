// Command gen writes what a cell may import, by package tables. It is run by go
// generate in kernel/symbols, and works on a tree of which parts do not
// compile, leaving those packages out with a warning, so that tables can always
// be made again.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"divvy/kernel/symbols/tables"
)

func main() {
	dir := flag.String("dir", ".", "the kernel/symbols folder to write to")
	only := flag.String("group", "", "write this group only (std, third, own or added)")
	check := flag.Bool("check", false, "write nothing; fail when a file would change")
	flag.Parse()
	if err := run(*dir, *only, *check); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(dir, only string, check bool) error {
	var drift []string
	for _, g := range groups {
		if only != "" && only != g.Name {
			continue
		}
		// Without cgo the packages net and os/user are the same on all systems.
		g.Env = []string{"CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "GOEXPERIMENT=", "GOFLAGS="}
		made, err := g.Generate(context.Background())
		if err != nil {
			return fmt.Errorf("group %s: %w", g.Name, err)
		}
		for _, o := range made.Omitted {
			fmt.Fprintf(os.Stderr, "gen: %s is left out: %s\n", o.Path, o.Why)
		}
		changed, err := tables.Write(filepath.Join(dir, g.Name), made.Files, check)
		if err != nil {
			return err
		}
		drift = append(drift, changed...)
	}
	if check && len(drift) > 0 {
		return fmt.Errorf("these files are not what go generate makes: %s", strings.Join(drift, ", "))
	}
	return nil
}
