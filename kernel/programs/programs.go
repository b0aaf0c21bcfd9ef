// Package programs names the programs of an installed kernel, which lie side by side
// in one folder: the installer writes them, and each finds the other.
package programs

import (
	"os"
	"path/filepath"
	"runtime"
)

const (
	// Whole has all commands: the worker is one of them.
	Whole = "divvy"
	// Front has the serve command alone, which Jupyter starts; see divvy/kernel/front.
	Front = "divvy-front"
)

// File is the file of a program.
func File(program string) string {
	if runtime.GOOS == "windows" {
		return program + ".exe"
	}
	return program
}

// Beside is where a program lies beside the one that runs.
func Beside(program string) string {
	own, err := os.Executable()
	if err != nil {
		return File(program) // found on the PATH, or told in the error when it is not
	}
	return filepath.Join(filepath.Dir(own), File(program))
}
