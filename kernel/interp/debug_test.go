package interp_test

import (
	"encoding/json"
	"testing"

	"divvy/kernel/interp"
)

// TestCellsTraced runs the conformance programs with the debugger's hooks: they
// change nothing of what a program does.
func TestCellsTraced(t *testing.T) {
	var programs []program
	if err := json.Unmarshal(shared(t, "cells/cells.json"), &programs); err != nil {
		t.Fatal(err)
	}
	for _, p := range programs {
		name := p.Group + "/" + p.Name
		t.Run(name, func(t *testing.T) {
			var session *interp.Session
			untraced := func() {
				for _, w := range session.Untraced() {
					t.Error(w)
				}
			}
			got, errs := runProgramWith(t, p, func(s *interp.Session) {
				session = s
				s.Trace()
				untraced()
			})
			untraced()
			if got != p.Want && refused[name] == "" {
				t.Errorf("got %q\nwant %q\nerrors %v", got, p.Want, errs)
			}
		})
	}
}
