package notebook

import (
	"fmt"
	"strings"
	"testing"
)

func TestParseScript(t *testing.T) {
	tests := []struct{ name, source, want string }{
		{"empty", "", ""},
		{"one cell", "x := 1\nx\n", `code@1 "x := 1\nx"`},
		{"cells", "a\n// %%\nb\n\n//%% Third one\n\n\nc\n", `code@1 "a" code@3 "b" code@8 "c"`},
		{"marker first", "// %%\na", `code@2 "a"`},
		{"empty cells go", "// %%\n\n// %%\na\n// %%\n", `code@4 "a"`},
		{"markdown", "// %% [markdown]\n// # Title\n//\n// text\n// %%\na", `markdown@0 "# Title\n\ntext" code@6 "a"`},
		{"markdown in a comment", "// %% [md]\n/*\n# T\n*/", `markdown@0 "# T"`},
		{"raw", "// %% [raw]\n// x", `raw@0 "x"`},
		{"tags", "// %% The values tags=[\"parameters\", \"x\"]\nn := 1", `code@2[parameters x] "n := 1"`},
		{"not a marker", "s := \"\"\n  // %% indented\n// 50 %% of", `code@1 "s := \"\"\n  // %% indented\n// 50 %% of"`},
		{"program", "package main\n\nfunc main() {}\n", `code@3 "func main() {}"`},
		{"program with a comment", "// Command x.\npackage main // here\n\nfunc main() {}", `code@1 "// Command x.\n// here\n\nfunc main() {}"`},
		{"program in cells", "package main\n\nimport \"fmt\"\n// %%\nfmt.Println()", `code@3 "import \"fmt\"" code@5 "fmt.Println()"`},
		{"hash bang", "#!/usr/bin/env divvy\nx", `code@2 "x"`},
		{"Windows", "a\r\n// %%\r\nb\r\n", `code@1 "a" code@3 "b"`},
	}
	for _, tc := range tests {
		var got []string
		for _, c := range ParseScript(tc.source).Cells {
			tags := ""
			if len(c.Tags()) > 0 {
				tags = fmt.Sprint(c.Tags())
			}
			got = append(got, fmt.Sprintf("%s@%d%s %q", c.Type(), c.Line, tags, c.Source()))
		}
		if g := strings.Join(got, " "); g != tc.want {
			t.Errorf("%s:\n %s\nwant\n %s", tc.name, g, tc.want)
		}
	}
}

// The same script makes the same notebook, and ids differ within it.
func TestScriptIDs(t *testing.T) {
	source := "x\n// %%\nx\n// %%\ny\n"
	a, b := ParseScript(source), ParseScript(source)
	seen := map[string]bool{}
	for i, c := range a.Cells {
		if c.ID() != b.Cells[i].ID() || seen[c.ID()] || len(c.ID()) != 8 {
			t.Errorf("cell %d has id %q", i, c.ID())
		}
		seen[c.ID()] = true
	}
}
