package jupyter_test

import (
	"strings"
	"testing"

	"divvy/kernel/jupyter/client"
	"divvy/kernel/jupyter/jupytertest"
)

// A kernel without a debugger says so in the protocol's own form.
func TestNoDebugger(t *testing.T) {
	_, c := connect(t)
	for _, content := range []map[string]any{
		{"type": "request", "seq": 7, "command": "debugInfo"},
		{"command": 3},
		{},
	} {
		reply, _ := c.Ask(client.Control, "debug_request", content)
		if jupytertest.Field[bool](t, reply, "success") || !strings.Contains(jupytertest.Field[string](t, reply, "message"), "no debugger") {
			t.Errorf("%v was answered with %s", content, reply.Content)
		}
	}
}
