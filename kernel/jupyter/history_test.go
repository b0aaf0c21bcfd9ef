package jupyter_test

import (
	"fmt"
	"testing"

	"divvy/kernel/jupyter"
	"divvy/kernel/jupyter/jupytertest"
)

func TestMemoryHistory(t *testing.T) { jupytertest.CheckHistory(t, jupyter.NewMemoryHistory()) }

// TestMemoryHistoryIsBounded forgets old cells first.
func TestMemoryHistoryIsBounded(t *testing.T) {
	h := jupyter.NewMemoryHistory()
	const n = 50_000
	for i := range n {
		if err := h.Append(jupyter.Entry{Line: i + 1, Input: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	all, err := h.Tail(0)
	if err != nil || len(all) > 20_000 || len(all) < 10_000 || all[len(all)-1].Line != n {
		t.Errorf("%d entries, %v", len(all), err)
	}
}
