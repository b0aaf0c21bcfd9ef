package debug

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// A journal tells again what is in force, and nothing that was undone.
func TestJournal(t *testing.T) {
	var j Journal
	note := func(command, args, body string) {
		j.Note([]byte(fmt.Sprintf(`{"type":"request","seq":1,"command":%q,"arguments":%s}`, command, args)),
			[]byte(fmt.Sprintf(`{"type":"response","success":%t,"body":%s}`, body != "failed", strings.ReplaceAll(body, "failed", "{}"))))
	}
	commands := func() string {
		var out []string
		for _, r := range j.Requests() {
			var q struct{ Command string }
			if err := json.Unmarshal(r, &q); err != nil {
				t.Fatal(err)
			}
			out = append(out, q.Command)
		}
		return strings.Join(out, " ")
	}
	check := func(when, want string) {
		t.Helper()
		if got := commands(); got != want {
			t.Errorf("%s: %q, want %q", when, got, want)
		}
	}
	check("at first", "")
	note("debugInfo", "{}", "{}")
	note("setBreakpoints", `{"source":{"path":"a"},"breakpoints":[{"line":1}]}`, "failed")
	check("before it is switched on", "")
	note("initialize", "{}", "{}")
	note("attach", "{}", "{}")
	note("dumpCell", `{"code":"x"}`, `{"sourcePath":"a"}`)
	note("dumpCell", `{"code":"y"}`, `{"sourcePath":"b"}`)
	check("without breakpoints", "initialize attach")
	note("setBreakpoints", `{"source":{"path":"a"},"breakpoints":[{"line":1}]}`, "{}")
	check("with one", "initialize attach dumpCell setBreakpoints")
	note("setBreakpoints", `{"source":{"path":"b"},"breakpoints":[{"line":1}]}`, "{}")
	note("setBreakpoints", `{"source":{"path":"a"},"breakpoints":[]}`, "{}")
	note("setExceptionBreakpoints", `{"filters":[]}`, "{}")
	check("with another", "initialize attach setExceptionBreakpoints dumpCell setBreakpoints")

	if j.Ended() != nil {
		t.Error("nothing was held")
	}
	j.Event([]byte(`{"event":"stopped","body":{"threadId":3}}`))
	if e := string(j.Ended()); !strings.Contains(e, `"continued"`) || !strings.Contains(e, `"threadId":3`) {
		t.Errorf("the end of a held program: %s", e)
	}
	note("disconnect", "{}", "{}")
	check("switched off", "")
}
