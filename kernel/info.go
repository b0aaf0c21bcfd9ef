package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"divvy/kernel/jupyter"
)

// version is Divvy's. A build from a checkout adds the commit.
const version = "0.1.0"

func versionString() string {
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

func goVersion() string { return strings.TrimPrefix(runtime.Version(), "go") }

// kernelInfo is what the kernel tells about itself.
func kernelInfo() jupyter.Info {
	return jupyter.Info{
		Implementation:        "divvy",
		ImplementationVersion: versionString(),
		Banner: fmt.Sprintf("Divvy %s, Go %s\nA cell is Go: imports, declarations and statements in any order; its last expression is shown.",
			versionString(), goVersion()),
		Language: jupyter.LanguageInfo{
			Name:              "go",
			Version:           goVersion(),
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

// kernelspec is how notebooks name this kernel.
func kernelspec() map[string]any {
	return map[string]any{"display_name": "Go (Divvy)", "language": "go", "name": "divvy"}
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the versions of Divvy, Go and the interpreter",
		Args:  cobra.NoArgs,
		Run: func(cmd *cobra.Command, _ []string) {
			yaegi := "unknown"
			if b, ok := debug.ReadBuildInfo(); ok {
				for _, m := range b.Deps {
					if m.Path == "github.com/traefik/yaegi" {
						yaegi = m.Version
					}
				}
			}
			fmt.Fprintf(cmd.OutOrStdout(), "divvy %s\ngo %s %s/%s\nyaegi %s\nJupyter protocol %s\n",
				versionString(), goVersion(), runtime.GOOS, runtime.GOARCH, yaegi, jupyter.ProtocolVersion)
		},
	}
}
