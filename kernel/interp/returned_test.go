package interp_test

import (
	"context"
	"strings"
	"testing"

	"divvy/kernel/cell"
)

// fallible are functions that fail, for the cells of the tests below.
const fallible = `import (
	"errors"
	"os"
)
type set struct{ n int }
func (s *set) Len() int { return s.n }
func load(fail bool) (*set, error) {
	if fail {
		return nil, errors.New("went wrong")
	}
	return &set{3}, nil
}
func count() (int, error) { return 0, errors.New("cannot count") }
func partly() (int, error) { return 7, errors.New("stopped early") }
func write(fail bool) error {
	_, err := load(fail)
	return err
}`

func TestErrorsOfTheLastCall(t *testing.T) {
	for code, want := range map[string]struct{ shown, err string }{
		`load(true)`:                   {"", "Error: went wrong"},
		`count()`:                      {"", "Error: cannot count"},
		`partly()`:                     {"7", "Error: stopped early"},
		`write(true)`:                  {"", "Error: went wrong"},
		`write(false)`:                 {"", ""},
		`os.ReadFile("/no/such/file")`: {"", "Error: open /no/such/file: no such file or directory"},
		`errors.New("a value")`:        {"a value", ""},
		`fmt.Errorf("%d", 1)`:          {"1", ""},
		`errors.Join(nil, nil)`:        {"nil", ""},
		`ctx.Err()`:                    {"nil", ""},
		"err := write(true)\nerr":      {"went wrong", ""},
		`error(nil)`:                   {"nil", ""},
		"if write(true) != nil {\n}":   {"", ""},
	} {
		s := session(t)
		must(t, s, fallible)
		out := &collector{}
		r := s.Execute(context.Background(), cell.Request{Count: 2, Code: code}, out)
		got := ""
		if r.Error != nil {
			got = r.Error.Error()
		}
		if r.Error != nil && (r.Error.Diagnostics[0].Line != 1 || !strings.HasSuffix(r.Error.Traceback[1], "In[2]:1\x1b[0m\t"+code)) {
			t.Errorf("%s: ends at %v %q", code, r.Error.Diagnostics, r.Error.Traceback)
		}
		if shown := shownBy(out); shown != want.shown || got != want.err {
			t.Errorf("%s: shows %q and ends with %q, want %q and %q", code, shown, got, want.shown, want.err)
		}
	}
}

func TestErrorsThatNobodyLooksAt(t *testing.T) {
	for code, want := range map[string]string{
		"v, err := load(true)\nv":                                          "In[2]:1: err is not nil: went wrong\n",
		"n, err := count()\nn":                                             "In[2]:1: err is not nil: cannot count\n",
		"n, err := count()\nerr == nil":                                    "In[2]:1: err is not nil: cannot count\n", // false is all that is shown
		"n, err := count()\nfmt.Println(err != nil)\nn":                    "In[2]:1: err is not nil: cannot count\n",
		"n, err := partly()\nn":                                            "In[2]:1: err is not nil: stopped early\n",
		"v, err := load(true)":                                             "In[2]:1: err is not nil: went wrong\n",
		"var v, err = load(true)":                                          "In[2]:1: err is not nil: went wrong\n",
		"v, err := load(true)\nw, err := load(false)":                      "In[2]:1: err is not nil: went wrong\n",
		"var err error\n_, err = count()":                                  "In[2]:2: err is not nil: cannot count\n",
		"v, err := load(true)\nif err != nil {\n\tv = &set{1}\n}\nv.Len()": "",
		"v, err := load(true)\nerr":                                        "",
		"v, err := load(true)\ncheck(nil)":                                 "In[2]:1: err is not nil: went wrong\n",
		"write(true)\nwrite(false)\n1":                                     "In[2]:1: the error of write is not nil: went wrong\n",
		"x := 1\ncount()\nx":                                               "In[2]:2: the error of count is not nil: cannot count\n",
		"os.Remove(\"/no/such/file\")\n1":                                  "In[2]:1: the error of os.Remove is not nil: remove /no/such/file: no such file or directory\n",
		"errors.New(\"made\")\nwrite(false)":                               "",
		"fmt.Println()\n_, _ = count()\n1":                                 "",
		"v, err := load(false)\nv.Len()":                                   "",
		"v, _ := load(true)\nv == nil":                                     "",
		"func f() bool { return err != nil }\nvar err = write(true)\nf()":  "",
	} {
		s := session(t)
		must(t, s, fallible)
		out := &collector{}
		if r := s.Execute(context.Background(), cell.Request{Count: 2, Code: code}, out); r.Error != nil {
			t.Errorf("%s: %v", code, r.Error)
		}
		if got := out.err.String(); got != want {
			t.Errorf("%s: says %q, want %q", code, got, want)
		}
	}
}

// A panic over what is missing is told with the error that says why.
func TestPanicTellsTheErrorBeforeIt(t *testing.T) {
	s := session(t)
	must(t, s, fallible)
	for code, want := range map[string]string{
		"v, err := load(true)\nv.Len()":                          "In[2]:1: err is not nil: went wrong",
		"v, err := load(true)\nfmt.Println(err != nil)\nv.n + 1": "In[2]:1: err is not nil: went wrong",
		"var lines []string\n_, err := count()\nlines[0]":        "In[2]:2: err is not nil: cannot count",
	} {
		r := s.Execute(context.Background(), cell.Request{Count: 2, Code: code}, &collector{})
		if r.Error == nil || r.Error.Name != cell.ErrPanic {
			t.Errorf("%s: %v, want a panic", code, r.Error)
			continue
		}
		if got := r.Error.Traceback[len(r.Error.Traceback)-1]; !strings.HasSuffix(got, want) {
			t.Errorf("%s: ends with %q, want %q", code, got, want)
		}
	}
}

// shownBy is the text of the result that a cell showed.
func shownBy(out *collector) (text string) {
	for _, e := range out.events {
		if e.Kind == cell.ExecuteResult {
			text, _ = e.Bundle.Data["text/plain"].(string)
		}
	}
	return text
}

// A fault of the front end costs its cell, and not the session.
func TestFaultOfTheFrontEnd(t *testing.T) {
	s := session(t)
	s.OnLowered(func() { panic("a fault") })
	r := s.Execute(context.Background(), cell.Request{Count: 1, Code: "1 + 1"}, &collector{})
	if r.Error == nil || r.Error.Name != cell.ErrInternal || !strings.Contains(r.Error.Value, "the kernel failed on this cell: a fault") {
		t.Errorf("a fault is told as %v", r.Error)
	}
	s.OnLowered(func() {})
	must(t, s, "x := 1")
	must(t, s, "x + 1")
}
