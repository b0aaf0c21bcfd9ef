package interp

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	goruntime "runtime"
	"strings"
)

// shell runs a command line, or a script in bash, with its output streamed to
// the cell. An interrupt ends it.
func (s *Session) shell(r *run, command, script string) error {
	var cmd *exec.Cmd
	switch {
	case command == "":
		cmd = exec.CommandContext(r.ctx, "bash")
		cmd.Stdin = strings.NewReader(script)
	case goruntime.GOOS == "windows":
		cmd = exec.CommandContext(r.ctx, "cmd", "/C", command)
	default:
		cmd = exec.CommandContext(r.ctx, "sh", "-c", command)
	}
	err := runStreaming(cmd, s.engine.rt.stdout, s.engine.rt.stderr)
	var exit *exec.ExitError
	switch {
	case r.ctx.Err() != nil:
		return context.Cause(r.ctx)
	case errors.As(err, &exit):
		return &magicError{fmt.Errorf("the command ended with %w", err)}
	case err != nil:
		return &magicError{err}
	}
	return nil
}
