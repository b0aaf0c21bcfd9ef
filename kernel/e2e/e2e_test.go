package e2e

import (
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestProtocol runs jupyter_kernel_test, the protocol's own suite.
func TestProtocol(t *testing.T) {
	runSuite(t, 3*time.Minute, "protocol")
}

// TestClient interrupts, crashes, restarts and abandons the kernel.
func TestClient(t *testing.T) {
	runSuite(t, 5*time.Minute, "client")
}

// TestFeatures has the kernel print, show, ask and remember, message by message.
func TestFeatures(t *testing.T) {
	runSuite(t, 4*time.Minute, "features")
}

// TestLongRun runs 5,000 cells in one kernel.
func TestLongRun(t *testing.T) {
	runSuite(t, 4*time.Minute, "longrun")
}

// TestFrontEnds runs every notebook of the project without a browser: by
// nbclient, nbconvert, papermill and by the kernel's own program.
func TestFrontEnds(t *testing.T) {
	runSuite(t, 8*time.Minute, "frontends")
}

// TestVSCode sends what VS Code's Jupyter extension sends.
func TestVSCode(t *testing.T) {
	runSuite(t, 3*time.Minute, "vscode")
}

// TestPage looks at the web page of kernel run in a browser: light, dark, narrow
// and printed.
func TestPage(t *testing.T) {
	runSuite(t, 3*time.Minute, "page", "DIVVY_CHROMIUM="+chromium(t), "DIVVY_PICTURES="+pictures(t))
}

// TestConsole types into a terminal that runs Jupyter's console.
func TestConsole(t *testing.T) {
	runSuite(t, 3*time.Minute, "console")
}

// TestLab runs a notebook in JupyterLab in a browser, and takes its picture.
func TestLab(t *testing.T) {
	runSuite(t, 8*time.Minute, "lab", "DIVVY_CHROMIUM="+chromium(t), "DIVVY_PICTURES="+pictures(t))
}

// TestDebugger sets a breakpoint, steps and looks at variables in JupyterLab.
func TestDebugger(t *testing.T) {
	runSuite(t, 6*time.Minute, "debugger", "DIVVY_CHROMIUM="+chromium(t), "DIVVY_PICTURES="+pictures(t))
}

// TestHostile shows tables in JupyterLab in a browser: text that must do no harm,
// and the view that one pages through.
func TestHostile(t *testing.T) {
	runSuite(t, 6*time.Minute, "hostile", "DIVVY_CHROMIUM="+chromium(t), "DIVVY_PICTURES="+pictures(t))
}

// TestWidgets moves widgets message by message, and compares them with those of
// ipywidgets. TestLab does it with a mouse.
func TestWidgets(t *testing.T) {
	runSuite(t, 3*time.Minute, "widgets")
}

// TestParameters gives notebooks parameters, by papermill and by kernel run.
func TestParameters(t *testing.T) {
	runSuite(t, 3*time.Minute, "parameters")
}

// TestModules adds modules to the kernel by %pkg.
func TestModules(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "env", "GOCACHE", "GOMODCACHE", "GOPROXY").Output()
	env := strings.Split(strings.TrimSpace(string(out)), "\n")
	if err != nil || len(env) != 3 {
		t.Fatalf("go env: %v, %q", err, out)
	}
	// The suite's home is empty, and the kernel is to be linked, not compiled.
	runSuite(t, 4*time.Minute, "modules", "GOCACHE="+env[0], "GOMODCACHE="+env[1], "GOPROXY="+env[2])
}

// TestTables exchanges Arrow IPC and Parquet with other tools.
func TestTables(t *testing.T) {
	runSuite(t, 3*time.Minute, "tables")
}

// TestAnchors computes the published numbers in cells, from the real data.
func TestAnchors(t *testing.T) {
	runSuite(t, 3*time.Minute, "anchors",
		"DIVVY_HH="+shared(t, "data", "hh", "harmless-base-test.jsonl.gz"),
		"DIVVY_LLAMA="+shared(t, "data", "tokenizers", "llama_tokenizer.model"))
}
