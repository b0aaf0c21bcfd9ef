package serve

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"divvy/kernel/jupyter"
)

// version is that of a release.
const version = "0.1.0"

// Version is Divvy's version, with the commit in a build from a checkout.
func Version() string {
	v := version
	if b, ok := debug.ReadBuildInfo(); ok {
		for _, s := range b.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 12 {
				v += "+" + s.Value[:12]
			}
		}
	}
	return v
}

// GoVersion is that of the Go release that built this.
func GoVersion() string { return strings.TrimPrefix(runtime.Version(), "go") }

// Info is what the kernel tells about itself.
func Info() jupyter.Info {
	return jupyter.Info{
		Implementation:        "divvy",
		ImplementationVersion: Version(),
		Banner: fmt.Sprintf("Divvy %s, Go %s\nA cell is Go: imports, declarations and statements in any order; its last expression is shown.",
			Version(), GoVersion()),
		Language: jupyter.LanguageInfo{
			Name:              "go",
			Version:           GoVersion(),
			MIMEType:          "text/x-go",
			FileExtension:     ".go",
			PygmentsLexer:     "go",
			CodeMirrorMode:    "go",
			NBConvertExporter: "script",
		},
		Features: []string{"debugger"},
		HelpLinks: []jupyter.HelpLink{
			{Text: "A Tour of Go", URL: "https://go.dev/tour/"},
			{Text: "Go language", URL: "https://go.dev/ref/spec"},
			{Text: "Go standard library", URL: "https://pkg.go.dev/std"},
			{Text: "Gonum plot", URL: "https://pkg.go.dev/gonum.org/v1/plot"},
			{Text: "Apache Arrow", URL: "https://pkg.go.dev/github.com/apache/arrow/go/v17/arrow"},
		},
	}
}

// Kernelspec is how notebooks name this kernel.
func Kernelspec() map[string]any {
	return map[string]any{"display_name": "Go (Divvy)", "language": "go", "name": "divvy"}
}
