package modules

import (
	"context"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
)

// link builds the program.
func (t *tree) link(ctx context.Context, path string, tell Progress) error {
	n := 0
	told := func(line string) {
		switch {
		case line == "divvy/kernel": // the last package
			tell("linking", "")
		case !strings.Contains(line, " "):
			n++
			tell("compiling", fmt.Sprintf("%s and %d more", line, n-1))
		}
	}
	// The installer's flags, so that what it has compiled is used again.
	const flags = "-ldflags=-s -w"
	build := func(flags string) error {
		_, err := runGo(ctx, t.dir, told, "build", "-v", "-trimpath", "-buildvcs=false", flags, "-o", path, "./kernel")
		return err
	}
	// A third of the time is the system's linker, which others undercut by far.
	if linker := fastLinker(); linker != "" {
		if err := build(flags + " -extldflags=-fuse-ld=" + linker); err == nil || ctx.Err() != nil {
			return err
		}
	}
	if err := build(flags); err != nil {
		if ctx.Err() != nil {
			return err
		}
		return fmt.Errorf("the modules compile, but the kernel does not with them:\n%w", err)
	}
	return nil
}

// fastLinker is a linker that is quicker than the usual one, if there is any.
func fastLinker() string {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		return ""
	}
	for _, name := range []string{"mold", "lld", "gold"} {
		if _, err := exec.LookPath("ld." + name); err == nil {
			return name
		}
	}
	return ""
}

func programName() string {
	if runtime.GOOS == "windows" {
		return "divvy.exe"
	}
	return "divvy"
}
