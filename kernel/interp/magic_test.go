package interp_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"divvy/kernel/cell"
)

func TestMagics(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	file := filepath.Join(dir, "f.go")
	if err := os.WriteFile(file, []byte("func loaded() int { return 5 }\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := session(t)
	for _, c := range []struct{ code, want string }{
		{"!echo hi", "hi\n"},
		{"x := 1\n!echo a; echo b\nx++\n%env DIVVY_T=q\nfmt.Println(x, os.Getenv(\"DIVVY_T\"))\nimport \"os\"", "a\nb\n2 q\n"},
		{"%%bash\nfor i in 1 2; do echo $i; done", "1\n2\n"},
		{"%%writefile w.txt\nabc\n", "wrote 4 bytes to w.txt\n"},
		{"%%writefile -a w.txt\ndef\n", "wrote 4 bytes to w.txt\n"},
		{"!cat w.txt", "abc\ndef\n"},
		{"%load f.go\nfmt.Println(loaded())", "5\n"},
		{"%time y := 3", "time: "},
		{"%timeit x + 1", "per loop"},
		{"%%time\nz := 4\nz++", "time: "},
		{"%who", "var  x"},
		{"%help", "%%bash"},
		{"%cd /", "/\n"},
		{"ok := true\n!ok", ""},
		{"s := `\n%not a magic\n!nor this\n`\nfmt.Println(len(s))", "24\n"},
	} {
		got := must(t, s, c.code)
		if !strings.Contains(got, c.want) || c.want == "" && got != "" {
			t.Errorf("%q wrote %q, want %q", c.code, got, c.want)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "bad.go"), []byte("func ok() {}\nfunc bad() int { return undefinedName }\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("DIVVY_UNSET", "")
	os.Unsetenv("DIVVY_UNSET")
	for code, want := range map[string]string{
		"%nonsense":                      "%help",
		"%html":                          "did you mean %%html",
		"%%who":                          "did you mean %who",
		"x\n%%bash\necho hi":             "has to be the first line",
		"!exit 3":                        "exit status 3",
		"%%bash\nexit 4":                 "exit status 4",
		"%cd /no/such":                   "no such file",
		"%load":                          "usage: %load FILE",
		"%load nothing.go":               "no such file",
		"%load " + dir + "/bad.go":       "bad.go:2:25: undefined: undefinedName",
		"%%writefile\nabc":               "usage: %%writefile",
		"%%writefile /no/such/f\nabc":    "no such file",
		"%env DIVVY_UNSET":               "is not set",
		"%time":                          "usage: %time",
		"%timeit":                        "usage: %timeit",
		"%help nothing":                  "is not a command",
		"!echo x\nfoo()":                 "In[7]:2:1: undefined: foo",
		"x = 1\n\n  %time x = foo()":     "In[7]:3:13: undefined: foo",
		"%timeit foo()":                  "In[7]:1:9: undefined: foo",
		"%%timeit\ny := 1\ny = nothing":  "In[7]:3:5: undefined: nothing",
		"%%time\n\nfoo()":                "In[7]:3:1: undefined: foo",
		"\n%%native\nfunc f() { foo() }": "In[7]:3:12: undefined: foo",
		"%timeit panic(\"within\")":      "within",
		"%cd " + dir + "\n%cd \"" + dir + "\"\n%cd -\n%cd -\nfoo()": "In[7]:5:1: undefined: foo",
	} {
		r := s.Execute(context.Background(), cell.Request{Count: 7, Code: code}, &collector{})
		if r.Error == nil || !strings.Contains(r.Error.Value, want) {
			t.Errorf("%q: %v, want %q", code, r.Error, want)
		}
	}
	for _, c := range []struct{ code, want string }{
		{"%help %%native", "cache"},
		{"%help time", "tells how long"},
		{"%env DIVVY_Q=\"a b\"\n%env DIVVY_Q", "a b\n"},
		{"%%writefile 'with space.txt'\nq\n", "wrote 2 bytes"},
	} {
		if got := must(t, s, c.code); !strings.Contains(got, c.want) {
			t.Errorf("%q wrote %q, want %q", c.code, got, c.want)
		}
	}
	for kind, mime := range map[string]string{"html": "text/html", "markdown": "text/markdown"} {
		out := &collector{}
		if r := s.Execute(context.Background(), cell.Request{Code: "%%" + kind + "\n<b>x</b>\n"}, out); r.Error != nil || len(out.events) != 1 || out.events[0].Bundle.Data[mime] != "<b>x</b>\n" {
			t.Errorf("%%%%%s: %v, %v", kind, r.Error, out.events)
		}
	}
	// After a reset in it a cell goes on with an empty session.
	var shown []any
	s.OnResult(func(vs []any) { shown = vs })
	must(t, s, "%reset\nx := 41\n_ = ctx.Err()\nx + 1")
	if s.OnResult(nil); len(shown) != 1 || shown[0] != 42 {
		t.Errorf("the value after %%reset is %v", shown)
	}
	must(t, s, "%reset")
	if r := s.Execute(context.Background(), cell.Request{Code: "x"}, &collector{}); r.Error == nil {
		t.Error("x is there after %reset")
	}
	done := make(chan cell.Result)
	begun := &collector{}
	go func() { done <- s.Execute(context.Background(), cell.Request{Code: "!echo begun; sleep 600"}, begun) }()
	for deadline := time.Now().Add(20 * time.Second); begun.stdout() != "begun\n" && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	s.Interrupt(context.Background())
	if r := <-done; r.Error == nil || r.Error.Name != cell.ErrInterrupt {
		t.Errorf("interrupted command: %v", r.Error)
	}
}

// TestStreaming sees what a command writes while it runs.
func TestStreaming(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("no bash")
	}
	dir := t.TempDir()
	s := session(t)
	c := &collector{}
	done := make(chan cell.Result, 1)
	go func() {
		done <- s.Execute(context.Background(), cell.Request{Code: "%%bash\necho first\nwhile [ ! -e " + dir + "/go ]; do sleep 0.01; done\necho second >&2"}, c)
	}()
	for deadline := time.Now().Add(20 * time.Second); c.stdout() != "first\n"; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("nothing came while the command ran: %q", c.stdout())
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "go"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if r := <-done; r.Error != nil || c.err.String() != "second\n" {
		t.Errorf("%v, stderr %q", r.Error, c.err.String())
	}
}

// TestBackground lets a goroutine go on after its cell: it sleeps as long as it
// should, and its context has not ended.
func TestBackground(t *testing.T) {
	s := session(t)
	start := time.Now()
	must(t, s, "import (\"sync/atomic\"; \"time\")\nvar n atomic.Int64\ngo func() { for { time.Sleep(20 * time.Millisecond); n.Add(1) } }()\nkept := ctx")
	time.Sleep(200 * time.Millisecond)
	must(t, s, "c := n.Load()")
	most := time.Since(start)/(20*time.Millisecond) + 1
	if got := must(t, s, fmt.Sprintf("fmt.Println(c <= %d, kept.Err())", most)); got != "true <nil>\n" {
		t.Errorf("the goroutine did not sleep, or its context ended: %q", got)
	}
}
