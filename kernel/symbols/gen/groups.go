package main

import (
	"strings"

	"divvy/kernel/symbols/tables"
)

// groups: the standard library changes with the Go release, third-party packages
// with go.mod, our own every day, and what users add is in no checkout.
var groups = []tables.Group{
	{Name: "std", Patterns: []string{"std"}, Keep: isCellStd},
	{Name: "third", Patterns: thirdParty, Keep: func(string) bool { return true }},
	{Name: "own", Patterns: []string{"divvy/stdlib/...", "divvy/arrowio/..."}, Keep: func(p string) bool {
		return !strings.Contains(p+"/", "/internal/") && !strings.HasPrefix(p, "divvy/arrowio/atomicfile") && // which writers need, and their tests
			!strings.HasSuffix(p, "/bench") // a bench holds only tests
	}},
	{Name: "added"}, // what %pkg adds, in a tree of its own
}

// thirdParty lists what a cell may import beside the standard library and our
// own packages: plotting, statistics and Arrow.
var thirdParty = []string{
	"gonum.org/v1/plot",
	"gonum.org/v1/plot/font",
	"gonum.org/v1/plot/palette",
	"gonum.org/v1/plot/palette/brewer",
	"gonum.org/v1/plot/palette/moreland",
	"gonum.org/v1/plot/plotter",
	"gonum.org/v1/plot/plotutil",
	"gonum.org/v1/plot/text",
	"gonum.org/v1/plot/vg",
	"gonum.org/v1/plot/vg/draw",
	"gonum.org/v1/plot/vg/vgimg",
	"gonum.org/v1/plot/vg/vgsvg",
	"gonum.org/v1/gonum/floats",
	"gonum.org/v1/gonum/mat",
	"gonum.org/v1/gonum/stat",
	"gonum.org/v1/gonum/stat/combin",
	"gonum.org/v1/gonum/stat/distuv",
	"github.com/apache/arrow/go/v17/arrow",
	"github.com/apache/arrow/go/v17/arrow/array",
	"github.com/apache/arrow/go/v17/arrow/compute",
	"github.com/apache/arrow/go/v17/arrow/decimal128",
	"github.com/apache/arrow/go/v17/arrow/decimal256",
	"github.com/apache/arrow/go/v17/arrow/float16",
	"github.com/apache/arrow/go/v17/arrow/ipc",
	"github.com/apache/arrow/go/v17/arrow/memory",
	"github.com/apache/arrow/go/v17/arrow/scalar",
}

// isCellStd leaves out what is no use in a cell or differs between systems:
// its table would not compile elsewhere.
func isCellStd(path string) bool {
	if strings.Contains("/"+path+"/", "/internal/") || strings.HasPrefix(path, "vendor/") || strings.HasPrefix(path, "cmd/") {
		return false
	}
	switch path {
	case "unsafe", "syscall", "log/syslog", "plugin", "embed", "structs", "time/tzdata",
		"runtime/cgo", "runtime/coverage", "runtime/race", "testing/cryptotest", "net/http/pprof":
		return false
	}
	return true
}
