package interp_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"divvy/kernel/cell"
)

// ended runs a cell that has to fail.
func ended(t *testing.T, run func(context.Context, cell.Request, cell.Sink) cell.Result, n int, code string) *cell.Error {
	t.Helper()
	r := run(t.Context(), cell.Request{Count: n, Code: code}, &collector{})
	if r.Error == nil {
		t.Fatalf("cell %q ended well", code)
	}
	return r.Error
}

var colours = strings.NewReplacer("\x1b[31m", "", "\x1b[1m", "", "\x1b[2m", "", "\x1b[0m", "")

func TestPreludeGivesValues(t *testing.T) {
	s := session(t)
	got := must(t, s, `import ("strconv"; "errors")
type pair struct{ a, b int }
func both(err error) (pair, error) { return pair{1, 2}, err }
check(nil)
fmt.Println(must(strconv.Atoi("12"))+1, must(both(nil)).b, len(must(fmt.Sprint("x"), nil)))
var e error = must[error](errors.New("a value"), nil)
fmt.Println(e)`)
	if want := "13 2 1\na value\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := must(t, s, `%who`); strings.Contains(got, "check") || strings.Contains(got, "must") {
		t.Errorf("%%who lists the prelude:\n%s", got)
	}
}

// An error ends the cell without a frame of the prelude, at the line of the call.
func TestPreludeEndsTheCell(t *testing.T) {
	s := session(t)
	must(t, s, "import (\"strconv\"; \"errors\")\nfunc load(s string) int {\n\tn := 0\n\tn += must(strconv.Atoi(s))\n\treturn n\n}")
	for code, want := range map[string]string{
		"x := 1\nx = must(strconv.Atoi(\"q\"))":                    "error: strconv.Atoi: parsing \"q\": invalid syntax\n    In[7]:2\tx = must(strconv.Atoi(\"q\"))",
		"load(\"7\")\n\nload(\"z\")":                               "error: strconv.Atoi: parsing \"z\": invalid syntax\n    In[1]:4 in load\tn += must(strconv.Atoi(s))\n    In[7]:3\tload(\"z\")",
		"check(nil)\ncheck(errors.Join(errors.New(\"one\"), nil))": "error: one\n    In[7]:2\tcheck(errors.Join(errors.New(\"one\"), nil))",
	} {
		e := ended(t, s.Execute, 7, code)
		if got := colours.Replace(strings.Join(e.Traceback, "\n")); e.Name != cell.ErrChecked || got != want {
			t.Errorf("%q: %s\n%s\nwant\n%s", code, e.Name, got, want)
		}
	}
	if got := must(t, s, `func() { defer func() { fmt.Println("recovered", recover()) }(); check(errors.New("it")) }()`); got != "recovered it\n" {
		t.Errorf("%q", got)
	}
}

// What a cell declares takes the place of the prelude, in what was declared
// before as well.
func TestPreludeIsReplaced(t *testing.T) {
	s := session(t)
	got := must(t, s, `import "errors"
func try() string { check(errors.New("x")); return "went on" }`)
	got += must(t, s, `func check(err error) { fmt.Println("mine:", err) }
fmt.Println(try())`)
	got += must(t, s, "must := 4\nfmt.Println(must)")
	got += must(t, s, "must++\nfmt.Println(must)")
	got += must(t, s, "%reset\nfmt.Println(must(1, nil))")
	if want := "mine: x\nwent on\n4\n5\n1\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestPreludeInterrupted(t *testing.T) {
	s := session(t)
	ctx, cancel := context.WithCancel(t.Context())
	c := &collector{}
	go cancel()
	r := s.Execute(ctx, cell.Request{Count: 2, Code: "<-ctx.Done()\ncheck(ctx.Err())"}, c)
	if r.Error == nil || r.Error.Name != cell.ErrInterrupt {
		t.Errorf("%v", r.Error)
	}
}

func TestPreludeIsTold(t *testing.T) {
	s := session(t)
	for _, before := range []string{"", "must(1, nil)"} {
		if before != "" {
			must(t, s, before)
		}
		in, err := s.Inspect(t.Context(), "x := must(f())", 6, 0)
		if err != nil || !strings.Contains(in.Bundle.Data["text/plain"].(string), "or ends the cell with err") {
			t.Errorf("after %q: %v %v", before, in.Bundle.Data["text/plain"], err)
		}
		c, err := s.Complete(t.Context(), "x := mus", 8)
		if err != nil || !slices.ContainsFunc(c.Matches, func(m cell.Match) bool { return m.Text == "must" && m.Kind == "function" }) {
			t.Errorf("after %q: %v %v", before, c.Matches, err)
		}
	}
	must(t, s, "check := 1")
	c, err := s.Complete(t.Context(), "chec", 4)
	if err != nil || len(c.Matches) != 1 || c.Matches[0].Kind == "function" {
		t.Errorf("%v %v", c.Matches, err)
	}
}

func TestPreludeInNative(t *testing.T) {
	s := compiling(t)
	must(t, s, "%%native\nimport \"strconv\"\nfunc number(s string) int { return must(strconv.Atoi(s)) }")
	if got := must(t, s, `fmt.Println(number("12"))`); got != "12\n" {
		t.Errorf("%q", got)
	}
	if e := ended(t, s.Execute, 3, `number("q")`); !strings.Contains(e.Value, "invalid syntax") {
		t.Errorf("%v", e)
	}
}
