package modules

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"
)

// errNoGo says that the go tool is missing.
var errNoGo = errors.New("adding a module needs the go tool, which is not on the PATH of this kernel; get it from https://go.dev/dl, " +
	"and if it is there already, start Jupyter from a shell that finds it or set PATH under \"env\" in the kernel's kernel.json")

// goEnv is what the go tool runs with, beside what the user has set: for this
// system, and with the one go.mod of the build.
func goEnv() []string {
	return []string{"GOFLAGS=-mod=mod", "GOWORK=off", "GO111MODULE=on", "GOOS=" + runtime.GOOS, "GOARCH=" + runtime.GOARCH}
}

// goCommand prepares a run of the go tool, which takes what it has started along
// when ctx ends.
func goCommand(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), goEnv()...)
	cmd.WaitDelay = 2 * time.Second
	endTogether(cmd)
	return cmd
}

// runGo runs the go tool; each line that it writes to stderr goes to told, too.
func runGo(ctx context.Context, dir string, told func(line string), args ...string) (string, error) {
	cmd := goCommand(ctx, dir, args...)
	// One that is ended leaves its work behind: here it goes with dir. Patterns such
	// as ./... pass over folders with a dot.
	if tmp := filepath.Join(dir, ".tmp"); os.MkdirAll(tmp, 0o700) == nil {
		cmd.Env = append(cmd.Env, "GOTMPDIR="+tmp)
	}
	var out bytes.Buffer
	cmd.Stdout = &out
	r, w := io.Pipe()
	cmd.Stderr = w
	var said bytes.Buffer
	done := make(chan struct{})
	go func() {
		defer close(done)
		lines := bufio.NewScanner(r)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			if told != nil {
				told(lines.Text())
			}
			said.WriteString(lines.Text() + "\n")
		}
		io.Copy(io.Discard, r) // after a line without an end
	}()
	err := cmd.Run()
	w.Close()
	<-done
	switch {
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case err != nil:
		return "", &goError{args: args, said: strings.TrimSpace(said.String()), err: err}
	}
	return out.String(), nil
}

// goError is what the go tool has complained of.
type goError struct {
	args []string
	said string
	err  error
}

func (e *goError) Error() string {
	lines := strings.Split(e.said, "\n")
	kept := lines[:0]
	for _, line := range lines { // what it did before it failed
		if !strings.HasPrefix(line, "go: downloading ") && !strings.HasPrefix(line, "go: finding ") && !strings.HasPrefix(line, "# ") {
			kept = append(kept, line)
		}
	}
	if text := strings.TrimSpace(strings.Join(kept, "\n")); text != "" {
		return text
	}
	return fmt.Sprintf("go %s: %v", e.args[0], e.err)
}

func (e *goError) Unwrap() error { return e.err }

// What proxies answer when they have not what they are asked for.
var (
	noModule  = regexp.MustCompile(`/@v/list: (4\d\d |no such file)`)
	noVersion = regexp.MustCompile(`/@v/v[^/]*\.info: (4\d\d |no such file)`)
)

// explain puts in front of what go get said what it means, and the way out.
func explain(err error) error {
	var e *goError
	if !errors.As(err, &e) {
		return err
	}
	text := e.said
	has := func(parts ...string) bool {
		for _, p := range parts {
			if strings.Contains(text, p) {
				return true
			}
		}
		return false
	}
	headline := ""
	switch {
	case has("unknown revision", "invalid version", "no matching versions") || noVersion.MatchString(text):
		headline = "there is no such version; `go list -m -versions MODULE` lists them, and without @version you get the newest"
	case has("no such host", "connection refused", "network is unreachable", "i/o timeout", "TLS handshake timeout", "module lookup disabled by GOPROXY=off"):
		headline = "the module cannot be fetched: is this machine online? GOPROXY (`go env GOPROXY`) names where modules come from"
	case has("checksum mismatch", "SECURITY ERROR"):
		headline = "the module is not what its checksum says; nothing was built"
	case has("requires go >=", "requires go1."):
		headline = "the module needs a newer Go: install it from https://go.dev/dl, or allow GOTOOLCHAIN=auto"
	case has("malformed module path", "unrecognized import path"):
		headline = "that is no module's path: write it as in an import, such as github.com/google/uuid"
	case noModule.MatchString(text) || has("404 Not Found", "410 Gone", "not found", "does not contain package", "cannot find module", "Repository not found", "could not read Username"):
		headline = "there is no such module or package: check the spelling; a private one needs GOPRIVATE and your credentials"
	}
	if headline == "" {
		return err
	}
	return fmt.Errorf("%s.\nThe go tool said: %w", headline, err)
}
