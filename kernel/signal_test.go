//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"divvy/kernel/exit"
	"divvy/kernel/jupyter"
	"divvy/kernel/jupyter/client"
)

// Ctrl-C ends the cell, writes what has run and says so with its exit code.
func TestRunInterrupted(t *testing.T) {
	for name, cell := range map[string]string{
		"stops":       "for {\n}",
		"stops later": "time.Sleep(time.Hour)",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := notebookOf(t, "import (\n\"fmt\"\n\"os\"\n\"time\"\n)\nvar _ = time.Now", "fmt.Println(\"before\")",
				"os.WriteFile(\"begun\", []byte(\"yes\"), 0o644)\n"+cell, "fmt.Println(\"after\")")
			cmd := command(t, "run", path)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			awaitFile(t, filepath.Join(filepath.Dir(path), "begun"))
			cmd.Process.Signal(os.Interrupt)
			cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != exit.Interrupted || !strings.Contains(stderr.String(), "interrupted") {
				t.Errorf("exit code %d: %s", code, stderr.String())
			}
			out := outputsOf(t, strings.TrimSuffix(path, ".ipynb")+".out.ipynb")
			if len(out) != 4 || out[1] != "before\n" || out[2] == "" || out[3] != "" {
				t.Errorf("outputs %q", out)
			}
		})
	}
}

// connection makes up a connection and writes its file.
func connection(t *testing.T) (file string, conn jupyter.ConnectionInfo) {
	t.Helper()
	dir := t.TempDir()
	conn = jupyter.ConnectionInfo{Transport: "ipc", IP: filepath.Join(dir, "k"), ShellPort: 1, IOPubPort: 2,
		StdinPort: 3, ControlPort: 4, HBPort: 5, SignatureScheme: "hmac-sha256", Key: "secret"}
	file = filepath.Join(dir, "connection.json")
	if err := jupyter.WriteConnectionFile(file, conn); err != nil {
		t.Fatal(err)
	}
	return file, conn
}

func connect(t *testing.T, conn jupyter.ConnectionInfo) *client.Client {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c, err := client.Dial(ctx, conn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// serving starts a kernel as Jupyter does and connects to it.
func serving(t *testing.T) (*os.Process, *client.Client) {
	t.Helper()
	file, conn := connection(t)
	cmd := command(t, "serve", "-f", file)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return cmd.Process, connect(t, conn)
}

// ask sends a request and decodes the reply.
func ask(t *testing.T, c *client.Client, channel client.Channel, kind string, content any) map[string]any {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	m, err := c.Request(ctx, channel, jupyter.Outgoing{Type: kind, Content: content})
	if err != nil {
		t.Fatal(err)
	}
	var reply map[string]any
	if err := json.Unmarshal(m.Content, &reply); err != nil {
		t.Fatal(err)
	}
	return reply
}

func code(s string) map[string]any { return map[string]any{"code": s} }

func TestServe(t *testing.T) {
	process, c := serving(t)
	info := ask(t, c, client.Shell, "kernel_info_request", nil)
	if info["implementation"] != "divvy" || info["status"] != "ok" {
		t.Fatalf("kernel_info_reply %v", info)
	}
	if r := ask(t, c, client.Shell, "execute_request", code("x := 41")); r["status"] != "ok" {
		t.Fatalf("execute_reply %v", r)
	}
	// SIGINT ends a cell at most, and nothing runs.
	process.Signal(os.Interrupt)
	r := ask(t, c, client.Shell, "execute_request", code("x + 1"))
	if r["ename"] == "KeyboardInterrupt" { // the signal was slower than the cell; there was but one
		time.Sleep(200 * time.Millisecond) // what follows a failed cell at once is aborted
		r = ask(t, c, client.Shell, "execute_request", code("x + 1"))
	}
	if r["status"] != "ok" {
		t.Fatalf("after SIGINT: %v", r)
	}
	// It ends one that runs.
	begun := filepath.Join(t.TempDir(), "begun")
	go func() {
		for range 2000 {
			if _, err := os.Stat(begun); err == nil {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		process.Signal(os.Interrupt)
	}()
	if r := ask(t, c, client.Shell, "execute_request", code(fmt.Sprintf("import \"os\"\nos.WriteFile(%q, nil, 0o600)\nfor {\n}", begun))); r["ename"] != "KeyboardInterrupt" {
		t.Fatalf("an endless loop ended with %v", r)
	}
	// A cell that kills its worker ends with an error; the kernel answers on.
	r = ask(t, c, client.Shell, "execute_request", code(deadly))
	if r["ename"] != "WorkerDied" || !strings.Contains(fmt.Sprint(r["evalue"]), "concurrent map") {
		t.Fatalf("concurrent map writes ended with %v", r)
	}
	time.Sleep(200 * time.Millisecond) // what follows a failed cell at once is aborted
	if r := ask(t, c, client.Shell, "execute_request", code("1 + 1")); r["status"] != "ok" {
		t.Fatalf("after it: %v", r)
	}
	if r := ask(t, c, client.Control, "shutdown_request", map[string]any{"restart": false}); r["status"] != "ok" {
		t.Fatalf("shutdown_reply %v", r)
	}
	if st, err := process.Wait(); err != nil || !st.Success() {
		t.Errorf("the kernel ended with %v, %v", st, err)
	}
}

// Who types while a cell computes is answered at once.
func TestCompleteWhileACellRuns(t *testing.T) {
	process, c := serving(t)
	ask(t, c, client.Shell, "execute_request", code("import \"os\"\nhoursOfWork := 41"))
	begun := filepath.Join(t.TempDir(), "begun")
	if _, err := c.Send(client.Shell, jupyter.Outgoing{Type: "execute_request", Content: code(fmt.Sprintf("os.WriteFile(%q, []byte(\"yes\"), 0o600)\nfor {\n}", begun))}); err != nil {
		t.Fatal(err)
	}
	awaitFile(t, begun)
	for range 20 {
		r := ask(t, c, client.Shell, "complete_request", map[string]any{"code": "hoursO", "cursor_pos": 6})
		if fmt.Sprint(r["matches"]) != "[hoursOfWork]" {
			t.Fatalf("completed with %v", r)
		}
		if r := ask(t, c, client.Shell, "inspect_request", map[string]any{"code": "hoursOfWork", "cursor_pos": 6}); r["found"] != true {
			t.Fatalf("inspected: %v", r)
		}
	}
	process.Signal(os.Interrupt)
	if r := ask(t, c, client.Shell, "execute_request", code("hoursOfWork")); r["status"] == "error" {
		t.Errorf("after it: %v", r)
	}
}

// A kernel ends when the Jupyter server that started it is gone.
func TestServeParentGone(t *testing.T) {
	file, conn := connection(t)
	// The shell stands for the server: it starts the kernel and is killed.
	server := exec.Command("sh", "-c", `JPY_PARENT_PID=$$ "$0" serve -f "$1" & echo $!; wait`, os.Args[0], file)
	server.Env = append(os.Environ(), asKernel+"=1")
	stdout, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Fscan(stdout, &pid); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Kill(pid, syscall.SIGKILL) })
	c := connect(t, conn)
	ask(t, c, client.Shell, "kernel_info_request", nil)
	server.Process.Kill()
	server.Wait()
	for range 1000 {
		// A zombie that nobody has reaped yet has ended, too.
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if syscall.Kill(pid, 0) != nil || err == nil && strings.Contains(string(stat), ") Z ") {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("the kernel lives on")
}

// SIGTERM ends the kernel in order.
func TestServeTerminated(t *testing.T) {
	process, c := serving(t)
	ask(t, c, client.Shell, "kernel_info_request", nil)
	process.Signal(syscall.SIGTERM)
	if st, err := process.Wait(); err != nil || !st.Success() {
		t.Errorf("the kernel ended with %v, %v", st, err)
	}
}
