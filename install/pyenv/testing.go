package pyenv

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"
)

// Need returns the environment for a test, and makes it first where it is
// missing. Where this machine has no Python the test is skipped with a line
// that says what to install; with CI=true it fails instead, since there a
// skipped test is a test that nobody ran.
func Need(t testing.TB) *Env {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	env, err := Ensure(ctx, os.Stderr)
	switch {
	case errors.Is(err, ErrNoPython):
		Missing(t, err.Error())
	case err != nil:
		t.Fatal(err)
	}
	return env
}

// Missing ends a test for want of a program or a file that the test needs:
// skipped on somebody's own machine, failed with CI=true.
func Missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(what)
	}
	t.Skip(what)
}
